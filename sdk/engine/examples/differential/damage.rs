//! Breaks a random document in one place, as an older or a damaged writer could.

use serde_json::{Map, Value};

use crate::generate::Source;
use crate::literals;

/// Put in the place of anything.
const WEIRD: [&str; 14] = [
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[null]",
    "{\"a\":1}",
    "1e300",
    "\"\\u00e9\"",
    "9007199254740993",
];

/// Changes one member somewhere: removes it, replaces it, or puts in one that nobody knows.
pub fn damage(value: &mut Value, source: &mut Source<'_>, depth: usize) {
    let down = depth > 0 && !source.chance(4);
    match value {
        Value::Object(object) if !object.is_empty() => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let names: Vec<&str> = keys.iter().map(String::as_str).collect();
            let name = source.pick(&names);
            match object.get_mut(name) {
                Some(inner) if down && (inner.is_object() || inner.is_array()) => {
                    damage(inner, source, depth - 1);
                }
                _ => hurt(object, name, source),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = source.below(items.len());
            if let Some(inner) = items.get_mut(at) {
                damage(inner, source, depth.saturating_sub(1));
            }
        }
        other => *other = literals::parsed(source.pick(&WEIRD)),
    }
}

fn hurt(object: &mut Map<String, Value>, name: &str, source: &mut Source<'_>) {
    // Of an odd version and of these when they are empty no rule says anything.
    let open = matches!(name, "version" | "salt" | "cause" | "run");
    match source.below(4) {
        0 => {
            object.remove(name);
        }
        1 => {
            object.insert("unknown".into(), literals::parsed(source.pick(&WEIRD)));
        }
        _ => {
            let weird = if open { source.pick(&["true", "[]"]) } else { source.pick(&WEIRD) };
            object.insert(name.into(), literals::parsed(weird));
        }
    }
}
