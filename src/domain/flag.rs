//! A flag's two documents, the definition that environments share and the configuration of each, and the one
//! document of a snapshot that both make. Evaluation's rules live in the engine; here only who owns which member.

use super::issue::Issue;
use super::json::{Members, push_string};

/// Members of the definition that a snapshot carries.
pub const EVALUATED: [&str; 5] = ["type", "variants", "salt", "clientVisible", "metadata"];
/// Members of the definition that are for people only; they reach no snapshot.
pub const FOR_PEOPLE: [&str; 4] = ["kind", "description", "tags", "owner"];
/// Members of a configuration.
pub const CONFIGURATION: [&str; 6] =
    ["enabled", "offVariant", "prerequisites", "targets", "rules", "fallthrough"];

/// Members of segments and layers that are for people; no snapshot carries them.
pub const SHARED_FOR_PEOPLE: [&str; 3] = ["description", "tags", "owner"];

/// What a flag is for; it tells how long one expects it to live.
pub const KINDS: [&str; 4] = ["release", "experiment", "operational", "permission"];
/// Issues that one check tells at most.
const ISSUE_LIMIT: usize = 50;
/// Bytes of a flag's metadata: every answer carries it.
pub const METADATA_LIMIT: usize = 64 * 1_024;
/// Characters of a description or an owner: enough for a paragraph, bounded for lists.
pub const TEXT_LIMIT: usize = 2_000;
/// Tags of one flag.
pub const TAG_LIMIT: usize = 50;
/// Characters of one tag.
pub const TAG_LENGTH: usize = 100;

/// The document a snapshot carries: definition and configuration as one, the version the configuration's.
#[must_use]
pub fn combined(key: &str, version: i64, definition: &Members, configuration: &Members) -> String {
    let mut text = String::from("{\"key\":");
    push_string(&mut text, key);
    text.push_str(",\"version\":");
    text.push_str(&version.to_string());
    for (source, names) in [(definition, EVALUATED.as_slice()), (configuration, CONFIGURATION.as_slice())] {
        for name in names {
            if let Some(value) = source.get(name).filter(|value| *value != "null") {
                text.push_str(",\"");
                text.push_str(name);
                text.push_str("\":");
                text.push_str(value);
            }
        }
    }
    text.push('}');
    text
}

/// The document of a segment or a layer as snapshots carry it: without what is for people.
#[must_use]
pub fn served_document(document: &Members) -> Members {
    let mut served = document.clone();
    for name in SHARED_FOR_PEOPLE {
        served.remove(name);
    }
    served
}

/// Whether an edit of the definition changes what snapshots carry.
#[must_use]
pub fn alters_snapshots(before: &Members, after: &Members) -> bool {
    EVALUATED.iter().any(|name| before.get(name) != after.get(name))
}

/// Refuses members that a document of this kind does not have.
#[must_use]
pub fn refuse_unknown(members: &Members, allowed: &[&[&str]]) -> Vec<Issue> {
    members
        .iter()
        .filter(|(name, _)| !allowed.iter().any(|names| names.contains(name)))
        .take(ISSUE_LIMIT)
        .map(|(name, _)| {
            let known: Vec<&str> = allowed.iter().flat_map(|names| names.iter().copied()).collect();
            Issue::new(
                format!("/{}", super::issue::pointer_token(name)),
                "unknown_member",
                format!("there is no member \"{name}\" here; allowed: {}", known.join(", ")),
            )
        })
        .collect()
}

/// Checks the members that the engine leaves alone: kind, description, tags, owner, and the size of metadata.
#[must_use]
pub fn check_for_people(definition: &Members) -> Vec<Issue> {
    let mut issues = Vec::new();
    if definition.get("metadata").is_some_and(|text| text.len() > METADATA_LIMIT) {
        let detail = format!("metadata travels with every answer: at most {METADATA_LIMIT} bytes");
        issues.push(Issue::new("/metadata", "limit_exceeded", detail));
    }
    if let Some(kind) = definition.get("kind") {
        let known = serde_json::from_str::<String>(kind).is_ok_and(|kind| KINDS.contains(&kind.as_str()));
        if !known {
            issues.push(Issue::new("/kind", "invalid_value", format!("kind is one of {}", KINDS.join(", "))));
        }
    }
    for name in ["description", "owner"] {
        if let Some(text) = definition.get(name) {
            issues.extend(check_text(&format!("/{name}"), text, TEXT_LIMIT));
        }
    }
    if let Some(tags) = definition.get("tags") {
        match serde_json::from_str::<Vec<String>>(tags) {
            Ok(tags) if tags.len() > TAG_LIMIT => {
                issues.push(Issue::new("/tags", "limit_exceeded", format!("at most {TAG_LIMIT} tags")));
            }
            Ok(tags) => {
                for (index, tag) in tags.iter().enumerate() {
                    if tag.is_empty() || tag.chars().count() > TAG_LENGTH || tag.contains('\0') {
                        let detail = format!("a tag has 1 to {TAG_LENGTH} characters, none of them U+0000");
                        issues.push(Issue::new(format!("/tags/{index}"), "invalid_value", detail));
                    }
                }
            }
            Err(_) => issues.push(Issue::new("/tags", "wrong_type", "tags is a list of strings")),
        }
    }
    issues
}

/// Checks a text for people: a string of bounded length without U+0000 (Postgres stores none).
#[must_use]
pub fn check_text(pointer: &str, json: &str, limit: usize) -> Option<Issue> {
    match serde_json::from_str::<String>(json) {
        Err(_) => Some(Issue::new(pointer, "wrong_type", "a string is wanted here")),
        Ok(text) if text.chars().count() > limit => {
            Some(Issue::new(pointer, "limit_exceeded", format!("at most {limit} characters")))
        }
        Ok(text) if text.contains('\0') => {
            Some(Issue::new(pointer, "invalid_value", "the character U+0000 is not allowed"))
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, check_for_people, combined, refuse_unknown};

    #[test]
    fn the_snapshot_document_keeps_numbers_as_written_and_leaves_out_what_is_for_people() {
        let definition = Members::parse(
            r#"{"type":"number","variants":{"a":3.0},"salt":"s","description":"d","clientVisible":false}"#,
        )
        .unwrap();
        let configuration = Members::parse(r#"{"enabled":true,"fallthrough":{"variant":"a"}}"#).unwrap();
        assert_eq!(
            combined("k", 7, &definition, &configuration),
            r#"{"key":"k","version":7,"type":"number","variants":{"a":3.0},"salt":"s","clientVisible":false,"enabled":true,"fallthrough":{"variant":"a"}}"#
        );
    }

    #[test]
    fn what_is_for_people_is_checked_member_by_member() {
        let bad = Members::parse(r#"{"kind":"temporary","tags":["ok",""],"owner":7}"#).unwrap();
        let pointers: Vec<String> = check_for_people(&bad).into_iter().map(|issue| issue.pointer).collect();
        assert_eq!(pointers, ["/kind", "/owner", "/tags/1"]);
        let good =
            Members::parse(r#"{"kind":"release","tags":["ok"],"owner":"team","description":""}"#).unwrap();
        assert!(check_for_people(&good).is_empty());
    }

    #[test]
    fn unknown_members_are_named_with_what_is_allowed() {
        let members = Members::parse(r#"{"enabled":true,"enabledd":false}"#).unwrap();
        let issues = refuse_unknown(&members, &[&["enabled"]]);
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].pointer, "/enabledd");
    }
}
