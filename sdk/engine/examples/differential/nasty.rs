//! What the property tests' generators are too tame for: odd literals, odd draws, broken members, odd contexts.
//!
//! Must not make a document whose meaning `evaluation.md` leaves open.

use serde_json::{Map, Value, json};

use crate::generate::Source;
use crate::literals::{self, Kind, parsed};
use crate::{damage, patterns, references};

/// One in how many literals of a document is only nearly one, which breaks the flag.
const ROUGH_LITERALS: usize = 40;
/// One in how many values of a context is only nearly one, which makes it absent to most operators.
const ROUGH_VALUES: usize = 4;
/// Attributes that the odd conditions ask for, by what they expect there.
const NAMES: [(&str, Kind); 9] = [
    ("text", Kind::Text),
    ("number", Kind::Number),
    ("date", Kind::Date),
    ("release", Kind::Version),
    ("address", Kind::Network),
    ("subject", Kind::Pattern),
    ("any", Kind::Any),
    ("a/b~c", Kind::Text),
    ("\u{e9}", Kind::Any),
];
const PERCENTS: [&str; 18] = [
    "0",
    "100",
    "100.0",
    "50",
    "33.333",
    "0.001",
    "99.999",
    "0.1",
    "1e1",
    "[0,100]",
    "[0,50]",
    "[50,100]",
    "[25,25]",
    "[12.5,87.5]",
    "[0.001,0.002]",
    "29",
    "57.4",
    "1e-10",
];
const BROKEN_PERCENTS: [&str; 9] =
    ["100.001", "-1", "0.0005", "\"50\"", "[60,40]", "[1]", "[1,2,3]", "null", "true"];
const BYS: [&str; 10] = [
    "[\"targetingKey\"]",
    "[\"id\"]",
    "[\"id\",\"targetingKey\"]",
    "[\"number\"]",
    "[\"any\",\"text\"]",
    "[\"/org/plan\",\"id\"]",
    "[\"$instance\"]",
    "[\"$random\"]",
    "[\"nobody\",\"$random\"]",
    "[\"/a~1b~0c\",\"/deep/text\"]",
];
const BROKEN_BYS: [&str; 8] =
    ["[]", "[\"$now\"]", "[\"\"]", "[\"/\"]", "[\"$other\"]", "\"id\"", "[1]", "[\"/a~2\"]"];
/// Makes some of the snapshot's conditions and draws odd, and breaks some of its documents.
pub fn documents(snapshot: &mut Value, source: &mut Source<'_>) {
    // Of circles together with names that lead nowhere no rule says anything, and damage makes such names.
    let straight = source.chance(2);
    if straight {
        references::straighten(snapshot);
    }
    for kind in ["flags", "segments", "layers"] {
        for document in members(snapshot, kind) {
            walk(document, source);
            if straight && source.chance(12) {
                damage::damage(document, source, 6);
            }
        }
    }
}

pub fn members<'v>(snapshot: &'v mut Value, kind: &str) -> impl Iterator<Item = &'v mut Value> {
    snapshot.get_mut(kind).and_then(Value::as_object_mut).into_iter().flat_map(|all| all.values_mut())
}

/// Makes odd what can be odd without being broken, mostly.
fn walk(value: &mut Value, source: &mut Source<'_>) {
    match value {
        Value::Object(object) => {
            if object.contains_key("attribute") && source.chance(2) {
                *object = condition(source);
            }
            // Of `$now` with the others no rule says anything.
            if object.get("attribute").is_some_and(|name| name == "$now")
                && !object.get("op").is_some_and(|op| op == "before" || op == "after" || op == "exists")
            {
                object.insert("attribute".into(), "n".into());
            }
            if object.contains_key("percentage") && !object.contains_key("cause") && source.chance(2) {
                odd_percentage(object, source);
            }
            if object.contains_key("split") && source.chance(2) {
                odd_split(object, source);
            }
            if object.contains_key("run") {
                odd_track(object, source);
            }
            if object.contains_key("variants") && object.contains_key("type") {
                odd_values(object, source);
            }
            let arms = object.get("serve").is_some_and(|serve| serve.get("split").is_none());
            if let (true, Some(Value::Object(track))) = (arms && source.chance(2), object.get_mut("track")) {
                track.insert("arm".into(), source.pick(&["candidate", "control"]).into());
            }
            object.values_mut().for_each(|inner| walk(inner, source));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| walk(inner, source)),
        _ => {}
    }
}

/// An attribute condition with literals of its operator's kind.
fn condition(source: &mut Source<'_>) -> Map<String, Value> {
    let (operators, kind): (&[&str], Kind) = match source.below(8) {
        0 => (&["in"], Kind::Text),
        1 => (&["in"], Kind::Number),
        2 => (&["starts_with", "ends_with", "contains"], Kind::Text),
        3 => (&["lt", "lte", "gt", "gte"], Kind::Number),
        4 => (&["before", "after"], Kind::Date),
        5 => (&["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"], Kind::Version),
        6 => (&["cidr"], Kind::Network),
        _ => (&["matches"], Kind::Pattern),
    };
    let operator = source.pick(operators);
    let fitting = NAMES.iter().find(|(_, one)| *one == kind).map_or("text", |(name, _)| *name);
    let nested = format!("/deep/{fitting}");
    let name = match source.below(10) {
        0 => source.pick(&["plan", "id", "any", "\u{e9}", "a/b~c", "/a~1b~0c", "/org/plan", "targetingKey"]),
        1 | 2 => &nested,
        3 if kind == Kind::Date => "$now",
        _ => fitting,
    };
    let mut out = Map::new();
    out.insert("attribute".into(), name.into());
    out.insert("op".into(), operator.into());
    let values: Vec<Value> = (0..=source.below(3))
        .map(|_| match kind {
            Kind::Pattern => patterns::pattern(source).into(),
            _ => literals::value(kind, source, ROUGH_LITERALS),
        })
        .collect();
    out.insert("values".into(), values.into());
    if matches!(operator, "in" | "starts_with" | "ends_with" | "contains" | "matches") && source.chance(2) {
        out.insert("ignoreCase".into(), (!source.chance(5)).into());
    }
    out
}

fn odd_percentage(object: &mut Map<String, Value>, source: &mut Source<'_>) {
    let text = if source.chance(40) { source.pick(&BROKEN_PERCENTS) } else { source.pick(&PERCENTS) };
    object.insert("percentage".into(), parsed(text));
    if !object.contains_key("layer") && source.chance(2) {
        let by = if source.chance(40) { source.pick(&BROKEN_BYS) } else { source.pick(&BYS) };
        object.insert("by".into(), parsed(by));
    }
}

/// More slots, in which variants stand again, some without weight.
fn odd_split(object: &mut Map<String, Value>, source: &mut Source<'_>) {
    let mut slots = Vec::new();
    let mut left = 100_000;
    for _ in 0..source.below(5) {
        let weight = if source.chance(4) { 0 } else { source.wide() % (left + 1) };
        left -= weight;
        slots.push(json!({"variant": source.pick(&["on", "off"]), "weight": weight}));
    }
    let off_by = u32::from(source.chance(50));
    slots.push(json!({"variant": source.pick(&["on", "off"]), "weight": left + off_by}));
    object.insert("split".into(), slots.into());
    if !object.contains_key("layer") && source.chance(2) {
        object.insert("by".into(), parsed(source.pick(&BYS)));
    }
}

fn odd_track(object: &mut Map<String, Value>, source: &mut Source<'_>) {
    if source.chance(3) {
        object.insert(
            "by".into(),
            parsed(source.pick(&["[\"id\"]", "[\"/deep/text\",\"targetingKey\"]", "[\"$instance\"]"])),
        );
    }
}

/// Numbers that are no integers, or no exact ones, and objects with something in them.
fn odd_values(flag: &mut Map<String, Value>, source: &mut Source<'_>) {
    let texts: &[&str] = match flag.get("type").and_then(Value::as_str) {
        Some("number") => {
            &["0", "3", "3.0", "3.5", "-0.0", "9007199254740991", "9007199254740992", "1e300", "-1e2"]
        }
        Some("string") => &["\"\"", "\"\\u00e9\"", "\"true\"", "\"\\ud83d\\ude00\"", "\"3\""],
        Some("object") => &["{}", "{\"a\":[1,null,{\"b\":3.0}]}", "{\"\":\"\",\"\\u00e9\":null}"],
        _ => return,
    };
    if let Some(Value::Object(variants)) = flag.get_mut("variants") {
        for value in variants.values_mut() {
            if source.chance(2) {
                *value = parsed(source.pick(texts));
            }
        }
    }
}

/// Gives the context what the odd conditions ask for, and sometimes makes it no context at all.
pub fn context(context: &mut Value, source: &mut Source<'_>) {
    if source.chance(200) {
        *context = parsed(source.pick(&["[]", "1", "\"u-1\"", "true", "[{}]"]));
        return;
    }
    let Some(object) = context.as_object_mut() else { return };
    for (name, kind) in NAMES {
        if source.chance(3) {
            object.insert(name.into(), attribute(kind, source));
        }
    }
    if source.chance(3) {
        let (name, kind) = NAMES.get(source.below(NAMES.len())).copied().unwrap_or(("text", Kind::Text));
        object.insert("deep".into(), json!({name: attribute(kind, source)}));
    }
    if source.chance(30) {
        object.insert(
            source.pick(&["$now", "$random", "$instance", "$x", ""]).into(),
            literals::value(Kind::Any, source, 1),
        );
    }
    if source.chance(12) {
        let key = source.pick(&[
            "9007199254740991",
            "9007199254740993",
            "-7",
            "3.0",
            "3.5",
            "1e300",
            "[]",
            "true",
            "{}",
        ]);
        object.insert("targetingKey".into(), parsed(key));
    }
}

/// A value of the kind, or a list that holds one.
fn attribute(kind: Kind, source: &mut Source<'_>) -> Value {
    let kind = if source.chance(12) { Kind::Any } else { kind };
    let value = literals::value(kind, source, ROUGH_VALUES);
    if source.chance(8) { json!([Value::Null, literals::value(Kind::Any, source, 1), value]) } else { value }
}
