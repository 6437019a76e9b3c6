//! JSON objects as they were written: an ordered list of raw members.
//! Never goes through a value tree, which would rewrite numbers (3.0 to 3) and hide duplicates.

mod check;

use std::collections::HashMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::issue::{Issue, pointer_token};

/// The members of one JSON object, in the order they were written, each value as its own text.
#[derive(Debug, Clone, Default)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads one object; duplicate members are refused, nested ones too.
    pub fn parse(text: &str) -> Result<Members, Issue> {
        check::whole(text)?;
        Members::parse_shallow(text)
    }

    /// Reads one object without looking into its values: for text that was checked when it was stored.
    pub fn parse_shallow(text: &str) -> Result<Members, Issue> {
        serde_json::from_str::<Members>(text).map_err(|error| json_issue(text, &error))
    }

    /// The value of a member, as written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// Whether a member is there and is not null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| text != "null")
    }

    /// Sets a member to a JSON text, which must be valid; a new member goes last.
    pub fn set(&mut self, name: &str, json: &str) -> Result<(), Issue> {
        let raw = RawValue::from_string(json.to_owned()).map_err(|error| {
            Issue::new(format!("/{}", pointer_token(name)), "invalid_json", error.to_string())
        })?;
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(slot) => slot.1 = raw,
            None => self.0.push((name.to_owned(), raw)),
        }
        Ok(())
    }

    /// Sets a member to anything that serialises.
    pub fn set_value<T: serde::Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Issue> {
        let text = serde_json::to_string(value).map_err(|error| {
            Issue::new(format!("/{}", pointer_token(name)), "invalid_json", error.to_string())
        })?;
        self.set(name, &text)
    }

    /// Removes a member; answers whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(key, _)| key != name);
        self.0.len() != before
    }

    /// The same without members that are null: where null counts as absent.
    #[must_use]
    pub fn without_nulls(mut self) -> Members {
        self.0.retain(|(_, value)| value.get() != "null");
        self
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies a JSON Merge Patch (RFC 7396) to the raw members: null removes, objects merge, the rest replaces.
    pub fn merge(&mut self, patch: &Members) -> Result<(), Issue> {
        let mut changes: HashMap<&str, &str> = patch.iter().collect();
        let mut merged = Vec::with_capacity(self.0.len() + patch.len());
        for (name, old) in std::mem::take(&mut self.0) {
            match changes.remove(name.as_str()) {
                None => merged.push((name, old)),
                Some("null") => {}
                Some(value) => merged.push((name, merged_value(Some(old.get()), value)?)),
            }
        }
        // What is new goes last, in the patch's order.
        for (name, value) in patch.iter().filter(|(name, _)| changes.contains_key(name)) {
            if value != "null" {
                merged.push((name.to_owned(), merged_value(None, value)?));
            }
        }
        self.0 = merged;
        Ok(())
    }

    /// Values by name, for many look-ups.
    #[must_use]
    pub fn index(&self) -> HashMap<&str, &str> {
        self.iter().collect()
    }

    /// The object as compact text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("{");
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            push_string(&mut text, name);
            text.push(':');
            compact_into(&mut text, value);
        }
        text.push('}');
        text
    }
}

/// A value after a patch: an object merges into an object, without its nulls; the rest replaces.
fn merged_value(old: Option<&str>, patch: &str) -> Result<Box<RawValue>, Issue> {
    let text = if patch.starts_with('{') {
        let mut inner = match old {
            Some(text) if text.starts_with('{') => Members::parse_shallow(text)?,
            _ => Members::default(),
        };
        inner.merge(&Members::parse_shallow(patch)?)?;
        inner.to_text()
    } else {
        patch.to_owned()
    };
    RawValue::from_string(text).map_err(|error| Issue::new("", "invalid_json", error.to_string()))
}

/// Tells what is wrong with a JSON text: line and column, and the member when it stands twice.
#[must_use]
pub fn json_issue(text: &str, error: &serde_json::Error) -> Issue {
    let said = error.to_string();
    if let Some(name) = said.strip_prefix(DUPLICATE).and_then(|rest| rest.split('`').next()) {
        let pointer = format!("/{}", pointer_token(name));
        return Issue::new(
            pointer,
            "duplicate_member",
            format!("the member \"{name}\" stands twice; keep one"),
        );
    }
    if error.is_data() && !text.trim_start().starts_with('{') {
        return Issue::new("", "wrong_type", "a JSON object is wanted here");
    }
    Issue::new("", "invalid_json", format!("not valid JSON: {said}"))
}

const DUPLICATE: &str = "duplicate member `";

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                let mut seen = std::collections::HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("{DUPLICATE}{name}`")));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl serde::Serialize for Members {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Appends a JSON string literal.
pub fn push_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| String::from("\"\"")));
}

/// Appends a JSON text without its insignificant white space; nothing else changes.
fn compact_into(out: &mut String, json: &str) {
    let mut inside = false;
    let mut escaped = false;
    for character in json.chars() {
        if inside {
            out.push(character);
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = false,
                _ => {}
            }
        } else if !character.is_ascii_whitespace() {
            inside = character == '"';
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn numbers_and_order_survive_as_they_were_written() {
        let members = Members::parse("{ \"b\": 3.0, \"a\" : [1e2,\n \" x \\\" y\"] }").unwrap();
        assert_eq!(members.to_text(), r#"{"b":3.0,"a":[1e2," x \" y"]}"#);
    }

    #[test]
    fn duplicates_are_refused_at_any_depth_with_their_place() {
        let issue = Members::parse(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert_eq!((issue.pointer.as_str(), issue.code.as_str()), ("/a", "duplicate_member"));
        let issue = Members::parse(r#"{"rules": [{"x": {"y/z": 1, "y/z": 2}}]}"#).unwrap_err();
        assert_eq!(issue.code, "duplicate_member");
        assert_eq!(issue.pointer, "/rules/0/x/y~1z");
    }

    #[test]
    fn a_number_beyond_a_double_is_refused_with_its_place() {
        let issue = Members::parse(r#"{"variants": {"a": 1e400}}"#).unwrap_err();
        assert_eq!((issue.pointer.as_str(), issue.code.as_str()), ("/variants/a", "invalid_number"));
    }

    #[test]
    fn merge_patch_replaces_merges_and_removes() {
        let mut members = Members::parse(r#"{"a":{"x":1,"y":2},"b":[1],"c":3}"#).unwrap();
        members
            .merge(
                &Members::parse(r#"{"a":{"x":null,"z":{"q":null,"r":1.0}},"b":[2,3],"c":null,"d":4}"#)
                    .unwrap(),
            )
            .unwrap();
        assert_eq!(members.to_text(), r#"{"a":{"y":2,"z":{"r":1.0}},"b":[2,3],"d":4}"#);
    }
}
