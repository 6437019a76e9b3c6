//! The kinds `documents`, `snapshots` and `written`.

use std::collections::{BTreeMap, BTreeSet};

use pennon_engine::{At, Change, Context, ErrorCode, Flag, Layer, Reading, Segment, Snapshot};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Report, case};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DocumentsCase<'a> {
    name: String,
    #[serde(borrow, default, deserialize_with = "super::present")]
    snapshot: Option<&'a RawValue>,
    snapshot_text: Option<String>,
    repeat: Option<BTreeMap<String, usize>>,
    broken: BTreeSet<String>,
}

pub fn documents(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: DocumentsCase<'_> = case(raw)?;
        let mut text =
            one.snapshot_text.clone().or(one.snapshot.map(|raw| raw.get().into())).ok_or("no snapshot")?;
        if let Some(repeat) = &one.repeat {
            text = repeated(&text, repeat)?;
        }
        report.note(&one.name, broken_flags(&text, &one.broken));
    }
    Ok(())
}

fn broken_flags(text: &str, wanted: &BTreeSet<String>) -> Result<(), String> {
    let snapshot = Snapshot::from_json(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut found = BTreeSet::new();
    for flag in snapshot.flags() {
        let answer = flag.evaluate(&Context::empty(), None, &At::default());
        let erred = answer.error() == Some(ErrorCode::ParseError);
        if erred != flag.is_broken() || erred == flag.issues().is_empty() {
            return Err(format!(
                "{}: evaluation and issues disagree: {:?}",
                flag.flag().key(),
                flag.issues()
            ));
        }
        if erred {
            found.insert(flag.flag().key().to_owned());
        }
    }
    if &found == wanted {
        return Ok(());
    }
    Err(format!("broken are {found:?}, not {wanted:?}: {:?}", snapshot.broken().collect::<Vec<_>>()))
}

/// The snapshot with some arrays and strings made long.
fn repeated(text: &str, repeat: &BTreeMap<String, usize>) -> Result<String, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (pointer, count) in repeat {
        match value.pointer_mut(pointer).ok_or("a pointer leads nowhere")? {
            Value::Array(items) => {
                let item = items.first().ok_or("an empty array")?.clone();
                *items = vec![item; *count];
            }
            Value::String(string) => *string = string.repeat(*count),
            _ => return Err("a pointer leads to neither array nor string".into()),
        }
    }
    Ok(value.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SnapshotsCase<'a> {
    name: String,
    #[serde(borrow, default, deserialize_with = "super::present")]
    snapshot: Option<&'a RawValue>,
    snapshot_text: Option<String>,
    refused: bool,
}

pub fn snapshots(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: SnapshotsCase<'_> = case(raw)?;
        let text = one.snapshot_text.as_deref().or(one.snapshot.map(RawValue::get)).ok_or("no snapshot")?;
        let result = Snapshot::from_json(text.as_bytes());
        let fits = result.is_err() == one.refused;
        let detail = || format!("{:?}", result.err());
        report.note(&one.name, if fits { Ok(()) } else { Err(detail()) });
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WrittenCase<'a> {
    name: String,
    #[serde(borrow, default, deserialize_with = "super::present")]
    flag: Option<&'a RawValue>,
    flag_text: Option<String>,
    #[serde(borrow, default, deserialize_with = "super::present")]
    segment: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "super::present")]
    layer: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "super::present")]
    snapshot: Option<&'a RawValue>,
    accepted: bool,
    pointer: Option<String>,
}

const EMPTY: &str = r#"{"schemaVersion":1,"epoch":1,"project":"p","environment":"e","revision":1,
    "flags":{},"segments":{},"layers":{}}"#;

pub fn written(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: WrittenCase<'_> = case(raw)?;
        let snapshot = one.snapshot.map_or(EMPTY, RawValue::get);
        let snapshot = Snapshot::from_json(snapshot.as_bytes()).map_err(|error| error.to_string())?;
        let (key, change) = change(&one)?;
        let snapshot = snapshot.with(snapshot.meta().clone(), change);
        let issues = snapshot
            .broken()
            .find(|broken| broken.key == key)
            .map(|broken| broken.issues.to_vec())
            .unwrap_or_default();
        let pointed =
            one.pointer.as_ref().is_none_or(|wanted| issues.iter().any(|issue| issue.pointer == *wanted));
        let fits = issues.is_empty() == one.accepted && pointed;
        report.note(
            &one.name,
            if fits { Ok(()) } else { Err(format!("{issues:?}, not at {:?}", one.pointer)) },
        );
    }
    Ok(())
}

/// What is written, under the key that a request's path would give.
fn change(one: &WrittenCase<'_>) -> Result<(String, Change), String> {
    const KEY: &str = "what-is-written";
    let mut change = Change::default();
    if let Some(segment) = one.segment {
        change.segments.push((KEY.into(), Some(Segment::parse(KEY, segment.get(), Reading::Strict).into())));
    } else if let Some(layer) = one.layer {
        change.layers.push((KEY.into(), Some(Layer::parse(KEY, layer.get(), Reading::Strict).into())));
    } else {
        let text = one.flag_text.as_deref().or(one.flag.map(RawValue::get)).ok_or("nothing is written")?;
        // The one that the document gives itself.
        let key = serde_json::from_str::<Value>(text)
            .ok()
            .and_then(|flag| flag.get("key").and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_else(|| "f".into());
        change.flags.push((key.clone(), Some(Flag::parse(&key, text, Reading::Strict).into())));
        return Ok((key, change));
    }
    Ok((KEY.into(), change))
}
