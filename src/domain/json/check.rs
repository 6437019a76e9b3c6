//! One pass over a JSON text that refuses what a document may not hold at any depth: duplicate members, numbers
//! beyond a double, nesting without end. Linear, whatever the shape; keeps nothing.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::domain::issue::{Issue, pointer_token};

/// Deepest nesting: a condition of 16 levels is 35 levels of JSON; nobody writes more by hand.
const DEPTH_LIMIT: usize = 64;

/// Checks a whole text, which must be one JSON object.
pub(super) fn whole(text: &str) -> Result<(), Issue> {
    let mut walk = Walk { path: Vec::new(), code: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let walked = Value(&mut walk).deserialize(&mut deserializer);
    let ended = walked.and_then(|()| deserializer.end());
    let Err(error) = ended else { return Ok(()) };
    let pointer: String = walk.path.iter().map(Step::token).collect();
    let said = error.to_string();
    match walk.code {
        Some(code) => {
            let detail = said.split(" at line ").next().unwrap_or_default().to_owned();
            Err(Issue::new(pointer, code, detail))
        }
        None if said.starts_with("number out of range") => Err(Issue::new(
            pointer,
            "invalid_number",
            "this number is outside the range of a double (about ±1.8e308)",
        )),
        None => Err(Issue::new("", "invalid_json", format!("not valid JSON: {said}"))),
    }
}

struct Walk {
    path: Vec<Step>,
    code: Option<&'static str>,
}

enum Step {
    Member(String),
    Item(usize),
}

impl Step {
    fn token(&self) -> String {
        match self {
            Step::Member(name) => format!("/{}", pointer_token(name)),
            Step::Item(index) => format!("/{index}"),
        }
    }
}

struct Value<'w>(&'w mut Walk);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0.path.len() > DEPTH_LIMIT {
            self.0.code = Some("limit_exceeded");
            return Err(D::Error::custom(format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    // The path is left as it is when something fails: it is the place.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.0.path.push(Step::Item(index));
            if items.next_element_seed(Value(self.0))?.is_none() {
                self.0.path.pop();
                break;
            }
            self.0.path.pop();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(name) = members.next_key::<Name<'de>>()? {
            self.0.path.push(Step::Member(name.0.to_string()));
            if !seen.insert(name.0) {
                self.0.code = Some("duplicate_member");
                return Err(A::Error::custom("this member stands twice; keep one"));
            }
            members.next_value_seed(Value(self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }
}

/// A member's name, borrowed where it holds no escape.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_LIMIT, whole};

    #[test]
    fn what_fails_is_told_with_its_place() {
        let cases = [
            (r#"{"a": [1, {"b/c": 1, "b/c": 2}]}"#, "/a/1/b~1c", "duplicate_member"),
            (r#"{"a": [1, {"b": 1e400}]}"#, "/a/1/b", "invalid_number"),
            (r#"{"a": 1} x"#, "", "invalid_json"),
            (r#"{"a": "\ud800"}"#, "", "invalid_json"),
        ];
        for (text, pointer, code) in cases {
            let issue = whole(text).unwrap_err();
            assert_eq!((issue.pointer.as_str(), issue.code.as_str()), (pointer, code), "{text}: {issue:?}");
        }
        assert!(whole(r#"{"a": [null, true, -1.5e3, "\u00e9", {}, []], "b": {"a": 1}}"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_its_limit() {
        let nested = |depth: usize| format!("{}{}", "{\"a\":".repeat(depth), "1") + &"}".repeat(depth);
        assert!(whole(&nested(DEPTH_LIMIT)).is_ok());
        assert_eq!(whole(&nested(DEPTH_LIMIT + 1)).unwrap_err().code, "limit_exceeded");
    }
}
