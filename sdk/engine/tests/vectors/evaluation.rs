//! The kinds `evaluation` and `conditions`.

use std::collections::BTreeMap;

use pennon_engine::{Asked, Evaluation, Snapshot};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::inputs::Inputs;
use super::{Report, case, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case<'a> {
    name: String,
    flag: String,
    #[serde(rename = "type")]
    asked: Option<String>,
    #[serde(borrow, default, deserialize_with = "super::present")]
    context: Option<&'a RawValue>,
    context_text: Option<String>,
    inject: Option<BTreeMap<String, String>>,
    mode: Option<String>,
    now_ms: Option<i64>,
    random: Option<u32>,
    instance: Option<String>,
    #[serde(borrow)]
    expect: Expected<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected<'a> {
    reason: Option<String>,
    variant: Option<String>,
    #[serde(borrow, default, deserialize_with = "super::present")]
    value: Option<&'a RawValue>,
    value_text: Option<String>,
    error_code: Option<String>,
    rule_id: Option<String>,
    cause: Option<String>,
    prerequisite: Option<String>,
    track: Option<Track>,
    version: Option<u64>,
    metadata: Option<Value>,
    #[serde(default)]
    refused: bool,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Track {
    run: String,
    by: Vec<String>,
    arm: Option<String>,
}

pub fn evaluations(snapshot: &str, cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    let snapshot = Snapshot::from_json(snapshot.as_bytes()).map_err(|error| error.to_string())?;
    for raw in cases {
        let one: Case<'_> = case(raw)?;
        let name = one.name.clone();
        if let Some(result) = evaluate(&snapshot, one) {
            report.note(&name, result);
        }
    }
    Ok(())
}

fn asked(name: &str) -> Asked {
    match name {
        "boolean" => Asked::Boolean,
        "string" => Asked::String,
        "number" => Asked::Number,
        "integer" => Asked::Integer,
        "float" => Asked::Float,
        "object" => Asked::Object,
        other => panic!("unknown type {other}"),
    }
}

fn evaluate(snapshot: &Snapshot, one: Case<'_>) -> Option<Result<(), String>> {
    let expected = one.expect;
    let inputs = Inputs {
        context: one.context,
        context_text: one.context_text,
        inject: one.inject,
        mode: one.mode,
        now: one.now_ms,
        random: one.random,
        instance: one.instance,
    };
    let context = match inputs.context()? {
        Ok(context) => context,
        Err(code) => {
            let fits = expected.error_code.as_deref().is_none_or(|wanted| wanted == code.as_str());
            let meant = expected.refused || expected.reason.as_deref() == Some("ERROR");
            return Some(if fits && meant {
                Ok(())
            } else {
                Err(format!("the context is {}", code.as_str()))
            });
        }
    };
    if expected.refused {
        return Some(Err("the context is not refused".into()));
    }
    let kind = one.asked.as_deref().map(asked);
    let at = inputs.at();
    let found = snapshot.evaluate(&one.flag, &context, kind, &at);
    let explained = snapshot.explain(&one.flag, &context, kind, &at);
    if explained.variant.as_deref() != found.variant().map(pennon_engine::Variant::name)
        || explained.reason != found.reason()
        || explained.rule_id.as_deref() != found.rule_id()
    {
        return Some(Err("the explanation disagrees".into()));
    }
    Some(compare(&found, &expected))
}

fn compare(found: &Evaluation<'_>, expected: &Expected<'_>) -> Result<(), String> {
    let mut wrong = Vec::new();
    let mut equal = |what: &str, found: Option<&str>, wanted: Option<&str>| {
        if found != wanted {
            wrong.push(format!("{what} is {found:?}, not {wanted:?}"));
        }
    };
    equal("reason", Some(found.reason().as_str()), expected.reason.as_deref());
    equal("variant", found.variant().map(pennon_engine::Variant::name), expected.variant.as_deref());
    equal("errorCode", found.error().map(pennon_engine::ErrorCode::as_str), expected.error_code.as_deref());
    equal("ruleId", found.rule_id(), expected.rule_id.as_deref());
    equal("cause", found.cause(), expected.cause.as_deref());
    equal("prerequisite", found.prerequisite(), expected.prerequisite.as_deref());
    if expected.value_text.is_some() {
        equal("valueText", found.json(), expected.value_text.as_deref());
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    match (found.json(), expected.value) {
        (None, None) => {}
        (Some(found), Some(wanted)) if same(&parse(found), &parse(wanted.get())) => {}
        (found, wanted) => wrong.push(format!("value is {found:?}, not {:?}", wanted.map(RawValue::get))),
    }
    let track = found.track().map(|track| Track {
        run: track.run().into(),
        by: track.by().map(Into::into).collect(),
        arm: track.arm().map(Into::into),
    });
    if track != expected.track {
        wrong.push(format!("track is {track:?}, not {:?}", expected.track));
    }
    let erred = found.error().is_some();
    if erred && (found.version().is_some() || found.metadata_json().is_some()) {
        wrong.push("an error carries metadata".into());
    }
    if expected.version.is_some() && found.version() != expected.version {
        wrong.push(format!("version is {:?}", found.version()));
    }
    if let Some(wanted) = &expected.metadata
        && !found.metadata_json().is_some_and(|found| same(&parse(found), wanted))
    {
        wrong.push(format!("metadata is {:?}", found.metadata_json()));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConditionCase<'a> {
    name: String,
    #[serde(borrow)]
    condition: &'a RawValue,
    holds: Value,
    #[serde(borrow, default, deserialize_with = "super::present")]
    context: Option<&'a RawValue>,
    context_text: Option<String>,
    inject: Option<BTreeMap<String, String>>,
    mode: Option<String>,
    now_ms: Option<i64>,
    random: Option<u32>,
    instance: Option<String>,
}

pub fn conditions(snapshot: &str, cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: ConditionCase<'_> = case(raw)?;
        let inputs = Inputs {
            context: one.context,
            context_text: one.context_text,
            inject: one.inject,
            mode: one.mode,
            now: one.now_ms,
            random: one.random,
            instance: one.instance,
        };
        let written = one.condition.get().to_owned();
        for (condition, negated) in [(written.clone(), false), (format!("{{\"not\":{written}}}"), true)] {
            let wanted = match &one.holds {
                Value::Bool(holds) => Some(*holds != negated),
                _ => None,
            };
            if let Some(result) = holds(snapshot, &condition, wanted, &inputs)? {
                report.note(&one.name, result.map_err(|failure| format!("{condition}: {failure}")));
            }
        }
    }
    Ok(())
}

/// Whether the condition does as wanted; none wanted is broken.
fn holds(
    snapshot: &str,
    condition: &str,
    wanted: Option<bool>,
    inputs: &Inputs<'_>,
) -> Result<Option<Result<(), String>>, String> {
    let flag = format!(
        r#"{{"key":"f","type":"boolean","version":1,"enabled":true,"variants":{{"on":true,"off":false}},
        "rules":[{{"id":"r","when":{condition},"serve":{{"variant":"on"}}}}],"fallthrough":{{"variant":"off"}}}}"#
    );
    let snapshot = Snapshot::from_json(snapshot.as_bytes()).map_err(|error| error.to_string())?;
    let flag = pennon_engine::Flag::parse("f", &flag, pennon_engine::Reading::Lenient);
    let change = pennon_engine::Change {
        flags: vec![("f".into(), Some(flag.into()))],
        ..pennon_engine::Change::default()
    };
    let snapshot = snapshot.with(snapshot.meta().clone(), change);
    let context = match inputs.context() {
        None => return Ok(None),
        Some(Err(code)) => return Ok(Some(Err(format!("the context is {}", code.as_str())))),
        Some(Ok(context)) => context,
    };
    let found = snapshot.evaluate("f", &context, None, &inputs.at());
    let (variant, error) = match wanted {
        Some(true) => (Some("on"), None),
        Some(false) => (Some("off"), None),
        None => (None, Some("PARSE_ERROR")),
    };
    let fits = found.variant().map(pennon_engine::Variant::name) == variant
        && found.error().map(pennon_engine::ErrorCode::as_str) == error
        && found.rule_id().is_some() == (wanted == Some(true));
    let failure = || format!("{:?} {:?}", found.reason(), snapshot.broken().collect::<Vec<_>>());
    Ok(Some(if fits { Ok(()) } else { Err(failure()) }))
}
