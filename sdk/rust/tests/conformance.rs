//! The vectors of `sdk/conformance` through the SDK's public way, which must not change an answer: `evaluation` and
//! `conditions`. The engine runs all kinds; the format is in the README there.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pennon_sdk::test::Moment;
use pennon_sdk::{Client, Context, Details, FlagValue, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

const DEFAULT_NOW: i64 = 1_767_225_600_000;

#[derive(Deserialize)]
struct File<'a> {
    kind: String,
    #[serde(borrow)]
    snapshot: Option<&'a RawValue>,
    #[serde(borrow)]
    cases: Vec<&'a RawValue>,
}

/// A case of either kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case<'a> {
    name: String,
    flag: Option<String>,
    #[serde(rename = "type")]
    asked: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    condition: Option<&'a RawValue>,
    holds: Option<Value>,
    #[serde(borrow, default, deserialize_with = "present")]
    context: Option<&'a RawValue>,
    context_text: Option<String>,
    #[serde(default)]
    inject: BTreeMap<String, String>,
    mode: Option<String>,
    now_ms: Option<i64>,
    random: Option<u32>,
    instance: Option<String>,
    expect: Option<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    reason: Option<String>,
    variant: Option<String>,
    value: Option<Value>,
    #[serde(rename = "valueText")]
    _value_text: Option<String>,
    error_code: Option<String>,
    rule_id: Option<String>,
    cause: Option<String>,
    prerequisite: Option<String>,
    track: Option<Value>,
    version: Option<u64>,
    metadata: Option<Value>,
    #[serde(rename = "refused", default)]
    _refused: bool,
}

/// A member that is there, also when it is null.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

/// Equal as JSON: numbers as doubles.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

impl Case<'_> {
    fn is_local(&self) -> bool {
        self.mode.as_deref() == Some("local")
    }

    /// The context, or the code of what is wrong with it; none when Rust cannot hold it.
    fn context(&self) -> Option<Result<Context, &'static str>> {
        let text = self.context_text.as_deref().or(self.context.map(RawValue::get));
        let context = match text {
            None => Ok(Context::anonymous()),
            Some("null") if self.is_local() => Ok(Context::anonymous()),
            Some(text) => Context::from_json(text),
        };
        if context.is_err() && self.is_local() && self.context_text.is_some() {
            return None;
        }
        let injected = self.inject.iter().map(|(name, what)| match what.as_str() {
            "NaN" => Some((name, f64::NAN)),
            "Infinity" => Some((name, f64::INFINITY)),
            "-Infinity" => Some((name, f64::NEG_INFINITY)),
            // A Rust string is always valid Unicode.
            _ => None,
        });
        let injected: Vec<(&String, f64)> = injected.collect::<Option<_>>()?;
        Some(context.map_err(|error| error.code().as_str()).map(|context| {
            injected.into_iter().fold(context, |context, (name, number)| context.with(name, number))
        }))
    }

    fn set(&self, moment: &Moment) {
        moment.set_now_ms(self.now_ms.unwrap_or(DEFAULT_NOW));
        moment.set_random(self.random.unwrap_or(0));
        moment.set_instance(self.instance.as_deref());
    }
}

fn client(snapshot: &str, moment: &Moment) -> Client {
    Client::builder().offline().bootstrap(snapshot).moment(moment).build().expect("a snapshot that compiles")
}

/// An evaluation by the type that is asked for, its value as JSON.
fn details(client: &Client, flag: &str, asked: Option<&str>, context: &Context) -> Details<Value> {
    fn json<T: FlagValue + Serialize>(
        client: &Client,
        flag: &str,
        default: T,
        context: &Context,
    ) -> Details<Value> {
        let found = client.details(flag, default, context);
        let mut out = client.details(flag, Value::Null, &Context::anonymous());
        out.value = serde_json::to_value(&found.value).unwrap();
        out.variant = found.variant;
        out.reason = found.reason;
        out.error = found.error;
        out.rule_id = found.rule_id;
        out.cause = found.cause;
        out.prerequisite = found.prerequisite;
        out.version = found.version;
        out.track = found.track;
        out.metadata = found.metadata;
        out
    }
    match asked {
        None => client.details(flag, Value::Null, context),
        Some("boolean") => json(client, flag, false, context),
        Some("string") => json(client, flag, String::new(), context),
        Some("integer") => json(client, flag, 0_i64, context),
        Some("number" | "float") => json(client, flag, 0.0_f64, context),
        Some("object") => json(client, flag, Object::new(), context),
        Some(other) => panic!("unknown type {other}"),
    }
}

fn compare(found: &Details<Value>, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut equal = |what: &str, found: Option<&str>, wanted: Option<&str>| {
        if found != wanted {
            wrong.push(format!("{what} is {found:?}, not {wanted:?}"));
        }
    };
    equal("reason", Some(found.reason.as_str()), expected.reason.as_deref());
    equal("variant", found.variant.as_deref(), expected.variant.as_deref());
    equal("errorCode", found.error.map(pennon_sdk::ErrorCode::as_str), expected.error_code.as_deref());
    equal("ruleId", found.rule_id.as_deref(), expected.rule_id.as_deref());
    equal("cause", found.cause.as_deref(), expected.cause.as_deref());
    equal("prerequisite", found.prerequisite.as_deref(), expected.prerequisite.as_deref());
    if let (Some(wanted), true) = (&expected.value, found.variant.is_some())
        && !same(&found.value, wanted)
    {
        wrong.push(format!("value is {}, not {wanted}", found.value));
    }
    let track = found.track.as_ref().map(|track| serde_json::to_value(track).unwrap());
    if track != expected.track {
        wrong.push(format!("track is {track:?}, not {:?}", expected.track));
    }
    if found.error.is_some() && (found.version.is_some() || !found.metadata.is_empty()) {
        wrong.push("an error carries metadata".into());
    }
    if expected.version.is_some() && found.version != expected.version {
        wrong.push(format!("version is {:?}", found.version));
    }
    if let Some(wanted) = &expected.metadata
        && !same(&Value::Object(found.metadata.clone()), wanted)
    {
        wrong.push(format!("metadata is {:?}", found.metadata));
    }
    wrong
}

/// Runs a case of the kind `evaluation`: what is wrong, or none when it cannot be run here.
fn evaluation(client: &Client, moment: &Moment, case: &Case<'_>) -> Option<Vec<String>> {
    let expected = case.expect.as_ref().expect("an expectation");
    let context = match case.context()? {
        Ok(context) => context,
        Err(code) if expected.error_code.as_deref() == Some(code) => return Some(Vec::new()),
        Err(code) => return Some(vec![format!("the context is {code}")]),
    };
    case.set(moment);
    let flag = case.flag.as_deref().expect("a flag");
    Some(compare(&details(client, flag, case.asked.as_deref(), &context), expected))
}

/// Runs a case of the kind `conditions`, both ways.
fn condition(place: &(String, String), moment: &Moment, case: &Case<'_>) -> Option<Vec<String>> {
    let context = match case.context()? {
        Ok(context) => context,
        Err(code) => return Some(vec![format!("the context is {code}")]),
    };
    case.set(moment);
    let written = case.condition.expect("a condition").get();
    let mut wrong = Vec::new();
    for (condition, negated) in [(written.to_owned(), false), (format!("{{\"not\":{written}}}"), true)] {
        let wanted = match case.holds.as_ref().expect("what it does") {
            Value::Bool(holds) => Some(*holds != negated),
            _ => None,
        };
        let client = client(&with_flag(place, &condition), moment);
        let found = client.details("f", Value::Null, &context);
        let (variant, error) = match wanted {
            Some(true) => (Some("on"), None),
            Some(false) => (Some("off"), None),
            None => (None, Some("PARSE_ERROR")),
        };
        let fits = found.variant.as_deref() == variant
            && found.error.map(pennon_sdk::ErrorCode::as_str) == error
            && found.rule_id.is_some() == (wanted == Some(true));
        if !fits {
            wrong.push(format!("{condition}: {found:?}"));
        }
    }
    Some(wrong)
}

/// The snapshot's text with a place for one more flag: what stands before it, and what stands after.
fn place(snapshot: &str) -> (String, String) {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(snapshot).unwrap();
    let flags = members.remove("flags").unwrap();
    let flags: BTreeMap<String, Box<RawValue>> = serde_json::from_str(flags.get()).unwrap();
    let rest = serde_json::to_string(&members).unwrap();
    let other = |(key, flag)| format!(",{}:{flag}", serde_json::to_string(key).unwrap());
    let others = flags.iter().map(other).collect::<Vec<_>>().concat();
    (format!("{},\"flags\":{{", rest.strip_suffix('}').unwrap()), format!("{others}}}}}"))
}

/// The snapshot with the flag `f` that decides by the condition.
fn with_flag((before, after): &(String, String), condition: &str) -> String {
    format!(
        r#"{before}"f":{{"key":"f","type":"boolean","version":1,"enabled":true,"variants":{{"on":true,"off":false}},
        "rules":[{{"id":"r","when":{condition},"serve":{{"variant":"on"}}}}],"fallthrough":{{"variant":"off"}}}}{after}"#
    )
}

#[test]
fn the_public_way_answers_as_the_vectors_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let (mut count, mut failures) = (0, Vec::new());
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let text = fs::read_to_string(path).unwrap();
        let file: File<'_> = serde_json::from_str(&text).unwrap();
        let moment = Moment::new();
        let snapshot = file.snapshot.map(RawValue::get);
        let shared = snapshot.map(|snapshot| client(snapshot, &moment));
        let place = snapshot.map(place);
        for raw in &file.cases {
            let run = |case: &Case<'_>| match file.kind.as_str() {
                "evaluation" => evaluation(shared.as_ref().unwrap(), &moment, case),
                _ => condition(place.as_ref().unwrap(), &moment, case),
            };
            if !matches!(file.kind.as_str(), "evaluation" | "conditions") {
                continue;
            }
            let case: Case<'_> =
                serde_json::from_str(raw.get()).unwrap_or_else(|error| panic!("{error}: {raw}"));
            if case.mode.as_deref() == Some("wire") {
                continue;
            }
            if let Some(wrong) = run(&case) {
                count += 1;
                let name = path.file_name().unwrap().to_string_lossy();
                failures.extend(wrong.into_iter().map(|wrong| format!("{name}: {}: {wrong}", case.name)));
            }
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 1_000, "{count}");
    println!("conformance rust: {count} cases");
}
