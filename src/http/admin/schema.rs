//! The parts of a flag as the document of the API describes them. What is stored and answered is the text as it was
//! written; these types only say what that text holds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::domain::json::Members;

/// A JSON text as it was written.
pub type Raw = Box<RawValue>;

/// A member of a document as it was written; None when it is absent.
#[must_use]
pub fn raw(document: &Members, name: &str) -> Option<Raw> {
    document.get(name).and_then(|text| RawValue::from_string(text.to_owned()).ok())
}

/// A member that the wire always shows; `[]` when it is absent.
#[must_use]
pub fn raw_list(document: &Members, name: &str) -> Raw {
    raw(document, name).unwrap_or_else(|| RawValue::NULL.to_owned()).list()
}

trait OrList {
    fn list(self) -> Raw;
}

impl OrList for Raw {
    fn list(self) -> Raw {
        if self.get() == "null" { RawValue::from_string("[]".to_owned()).unwrap_or(self) } else { self }
    }
}

/// A value of a variant: of the flag's type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum VariantValue {
    /// Of a boolean flag.
    Boolean(bool),
    /// Of a string flag.
    String(String),
    /// Of a number flag.
    Number(f64),
    /// Of an object flag.
    Object(BTreeMap<String, serde_json::Value>),
}

/// A condition: exactly one form. See docs/API-DESIGN.md for every operator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Every one of these holds.
    #[schema(no_recursion)]
    all: Option<Vec<Condition>>,
    /// Some one of these holds.
    #[schema(no_recursion)]
    any: Option<Vec<Condition>>,
    /// This does not hold.
    #[schema(no_recursion)]
    not: Option<Box<Condition>>,
    /// An attribute of the context: a top-level name, or a JSON Pointer.
    attribute: Option<String>,
    /// How the attribute is compared.
    op: Option<Operator>,
    /// What it is compared with; any of them.
    values: Option<Vec<serde_json::Value>>,
    /// Compare in lower case.
    ignore_case: Option<bool>,
    /// The unit is in this segment.
    segment: Option<String>,
    /// This flag is on and serves one of `variants`.
    flag: Option<String>,
    /// Variants of `flag`.
    variants: Option<Vec<String>>,
    /// The unit's bucket: a number p for [0, p), or [from, to), in percent with at most three decimals.
    percentage: Option<serde_json::Value>,
    /// The attributes that make the unit.
    by: Option<Vec<String>>,
    /// A layer, whose salt and attributes are used instead.
    layer: Option<String>,
}

/// How an attribute is compared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; the wire shows them")]
pub enum Operator {
    In,
    Exists,
    StartsWith,
    EndsWith,
    Contains,
    Matches,
    Lt,
    Lte,
    Gt,
    Gte,
    Before,
    After,
    SemverEq,
    SemverLt,
    SemverLte,
    SemverGt,
    SemverGte,
    Cidr,
}

/// What is served: a variant, or a split.
#[derive(Debug, Serialize, ToSchema)]
pub struct Serve {
    /// The variant.
    variant: Option<String>,
    /// Or shares of several.
    split: Option<Vec<SplitSlot>>,
    /// The attributes that make the unit of a split.
    by: Option<Vec<String>>,
    /// A layer for the split.
    layer: Option<String>,
}

/// A share of a split.
#[derive(Debug, Serialize, ToSchema)]
pub struct SplitSlot {
    /// The variant.
    variant: String,
    /// Thousandths of a percent; the slots sum to 100 000.
    weight: u32,
}

/// A rule: the first one that holds is served.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rule {
    /// Unique in the flag; never `target`.
    id: String,
    /// When it holds; absent: always.
    when: Option<Condition>,
    /// What it serves.
    serve: Serve,
    /// Counts who met what it serves.
    track: Option<Track>,
    /// For people.
    description: Option<String>,
}

/// Counts exposures: the first time a unit meets an arm of a run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Track {
    /// The run's id.
    run: String,
    /// The arm; not beside a split, whose arms are its variants.
    arm: Option<String>,
    /// The attributes that make the unit; `["targetingKey"]` when absent.
    by: Option<Vec<String>>,
}

/// A unit of a list: text, or an integer below 2^53, which is its decimal text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Unit {
    /// As text.
    Text(String),
    /// As a number.
    Number(i64),
}

/// Units that get a variant whatever the rules say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Target {
    /// The attribute that holds the unit; `targetingKey` when absent.
    by: Option<String>,
    /// The units.
    values: Vec<Unit>,
    /// What they get.
    variant: String,
}

/// Another flag that must serve one of these variants.
#[derive(Debug, Serialize, ToSchema)]
pub struct Prerequisite {
    /// Its key.
    flag: String,
    /// One of these.
    variants: Vec<String>,
}

/// What a flag is for; it tells how long one expects it to live.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it; the wire shows them")]
pub enum FlagKind {
    Release,
    Experiment,
    Operational,
    Permission,
}

/// The type of a flag's values.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it; the wire shows them")]
pub enum ValueType {
    Boolean,
    String,
    Number,
    Object,
}
