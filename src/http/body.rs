//! The body of an admin request, read strictly: one JSON value, of the wanted shape, nothing unknown and nothing twice.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::domain::issue::{Issue, pointer_token};
use crate::domain::json::{Members, json_issue};

/// From this size on, reading a body gets a thread of its own: it would hold up evaluation.
const LARGE: usize = 64 * 1_024;

/// Runs work on a body of a size; a large one does not block the thread that others wait for.
fn sized<T>(size: usize, work: impl FnOnce() -> T) -> T {
    if size > LARGE { tokio::task::block_in_place(work) } else { work() }
}

/// A body as an object, as it was written; an empty one is `{}`.
pub fn members(text: &str) -> Result<Members, Problem> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    Ok(sized(text.len(), || Members::parse(text))?)
}

/// A body as a request of its own type; an empty one is `{}`.
///
/// Objects must be objects, lists of objects too: what is derived would take `[1]` for `{"version": 1}`.
pub fn object<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let members = members(text)?;
    for (name, value) in members.iter().filter(|(_, value)| value.starts_with('[')) {
        if matches!(name, "grants" | "environments") {
            objects(value)
                .map_err(|issue| Issue { pointer: format!("/{name}{}", issue.pointer), ..issue })?;
        }
    }
    Ok(sized(text.len(), || typed(&members.to_text()))?)
}

/// A body that is a list of objects.
pub fn list<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Problem> {
    sized(text.len(), || {
        let items = objects(text)?;
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let place = |issue: Issue| Issue { pointer: format!("/{index}{}", issue.pointer), ..issue };
                typed(&item.to_text()).map_err(place)
            })
            .collect::<Result<_, Issue>>()
    })
    .map_err(Problem::from)
}

fn objects(text: &str) -> Result<Vec<Members>, Issue> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Issue::new("", "wrong_type", "a list is wanted here")
        } else {
            json_issue(text, &error)
        }
    })?;
    let item = |(index, item): (usize, &&RawValue)| {
        Members::parse(item.get())
            .map_err(|issue| Issue { pointer: format!("/{index}{}", issue.pointer), ..issue })
    };
    items.iter().enumerate().map(item).collect()
}

fn typed<T: DeserializeOwned>(text: &str) -> Result<T, Issue> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Map { key } => {
                    pointer.push('/');
                    pointer.push_str(&pointer_token(key));
                }
                serde_path_to_error::Segment::Seq { index } => {
                    let _ = write!(pointer, "/{index}");
                }
                _ => {}
            }
        }
        let said = error.inner().to_string();
        let said = said.split(" at line ").next().unwrap_or_default().replace("field", "member");
        let code = [
            ("unknown member", "unknown_member"),
            ("missing member", "missing_member"),
            ("duplicate", "duplicate_member"),
        ]
        .into_iter()
        .find(|(start, _)| said.starts_with(start))
        .map_or("wrong_type", |(_, code)| code);
        Issue::new(pointer, code, said)
    })
}

#[cfg(test)]
mod tests {
    use super::{list, object};
    use crate::domain::action::{RuleStep, Targets};

    fn refused(text: &str) -> String {
        serde_json::to_string(&object::<Targets>(text).unwrap_err()).unwrap()
    }

    #[test]
    fn only_one_object_with_nothing_behind_it_is_taken() {
        for bad in ["[]", "[1]", "null", "{} x", "{}{", "{\"variant\":\"a\"} {}", "7", "{\"variant\""] {
            assert!(object::<Targets>(bad).is_err(), "{bad}");
        }
        assert!(object::<Targets>("{\"variant\":\"a\"}").is_ok());
    }

    #[test]
    fn a_refusal_names_the_place_and_the_kind() {
        assert!(refused("{}").contains("missing_member"));
        let unknown = refused(r#"{"variant":"a","variants":[]}"#);
        assert!(unknown.contains("unknown_member") && unknown.contains("/variants"), "{unknown}");
        let twice = refused(r#"{"variant":"a","variant":"b"}"#);
        assert!(twice.contains("duplicate_member") && twice.contains("/variant"), "{twice}");
    }

    #[test]
    fn lists_hold_objects_only() {
        assert!(list::<RuleStep>(r#"[{"remove":"a"}]"#).is_ok());
        for bad in ["{}", "[[]]", "[1]", r#"[{"remove":"a"}] x"#, r#"[{"remove":1}]"#] {
            assert!(list::<RuleStep>(bad).is_err(), "{bad}");
        }
    }
}
