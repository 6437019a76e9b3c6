//! Runs one file of vectors. A kind or a member that it does not know is an error, so that no vector passes unread.

mod documents;
mod evaluation;
mod inputs;
mod numbers;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What became of a file's cases.
#[derive(Default)]
pub struct Report {
    /// How many were run.
    pub count: usize,
    /// The name of each that failed, and how.
    pub failures: Vec<String>,
}

impl Report {
    fn note(&mut self, name: &str, result: Result<(), String>) {
        self.count += 1;
        if let Err(failure) = result {
            self.failures.push(format!("{name}: {failure}"));
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    kind: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(borrow)]
    snapshot: Option<&'a RawValue>,
    #[serde(borrow)]
    cases: Vec<&'a RawValue>,
}

/// Runs every case of a file.
pub fn run(text: &str) -> Result<Report, String> {
    let file: File<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let snapshot = file.snapshot.map(RawValue::get);
    let shared = || snapshot.ok_or("the file has no snapshot");
    let mut report = Report::default();
    match file.kind.as_str() {
        "evaluation" => evaluation::evaluations(shared()?, &file.cases, &mut report)?,
        "conditions" => evaluation::conditions(shared()?, &file.cases, &mut report)?,
        "documents" => documents::documents(&file.cases, &mut report)?,
        "snapshots" => documents::snapshots(&file.cases, &mut report)?,
        "written" => documents::written(&file.cases, &mut report)?,
        "buckets" => numbers::buckets(&file.cases, &mut report)?,
        "percents" => numbers::percents(&file.cases, &mut report)?,
        "rebalance" => numbers::rebalances(&file.cases, &mut report)?,
        other => return Err(format!("the kind {other} is not known")),
    }
    Ok(report)
}

fn case<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| format!("{error} in {}", raw.get()))
}

/// A member that is there, also when it is null (which an option alone would take for absent).
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

/// Equal as JSON: numbers as doubles, objects without order.
fn same(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (left, right) {
        (Number(left), Number(right)) => left.as_f64() == right.as_f64(),
        (Array(left), Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Object(left), Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}
