//! Takes the circles out of a random snapshot.
//!
//! Must not touch anything but references.

use serde_json::{Map, Value, json};

use crate::nasty::members;

/// Lets flags name earlier ones only, and segments too: circles break so much that little is left to compare.
pub fn straighten(snapshot: &mut Value) {
    for (kind, last) in [("flags", "flag"), ("segments", "segment")] {
        let Some(all) = snapshot.get_mut(kind).and_then(Value::as_object_mut) else { continue };
        let keys: Vec<String> = all.keys().cloned().collect();
        for (at, document) in all.values_mut().enumerate() {
            let earlier: Vec<&String> = keys.iter().take(at).collect();
            rename(document, last, earlier.last().map(|key| key.as_str()), &keys, at);
        }
    }
    // A segment's flags could lead back to it.
    for document in members(snapshot, "segments") {
        replace_references(document);
    }
}

/// Replaces a reference to this document or to a later one by one to the document before, or by nothing.
fn rename(value: &mut Value, name: &str, before: Option<&str>, keys: &[String], own: usize) {
    match value {
        Value::Object(object) => {
            let found = object.get(name).and_then(Value::as_str);
            let forward =
                found.is_some_and(|key| keys.iter().position(|one| one == key).is_none_or(|at| at >= own));
            if forward {
                match before {
                    Some(before) => {
                        object.insert(name.into(), before.into());
                    }
                    None => *object = nothing(object),
                }
            }
            // The first document has no prerequisite to name.
            if before.is_none() && name == "flag" {
                object.remove("prerequisites");
            }
            object.values_mut().for_each(|inner| rename(inner, name, before, keys, own));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| rename(inner, name, before, keys, own)),
        _ => {}
    }
}

fn nothing(_: &Map<String, Value>) -> Map<String, Value> {
    Map::from_iter([("any".to_owned(), json!([]))])
}

fn replace_references(value: &mut Value) {
    match value {
        Value::Object(object) if object.contains_key("flag") => *object = nothing(object),
        Value::Object(object) => object.values_mut().for_each(replace_references),
        Value::Array(items) => items.iter_mut().for_each(replace_references),
        _ => {}
    }
}
