//! [`Explanation`]: an evaluation with every step that led to it.
//!
//! The same code as the evaluation, with a sink that listens, so the two cannot disagree. It shows what the context
//! held: for those who may see the context. Must not be made on the hot path.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::bucket::Salt;
use crate::context::Value;
use crate::document::FlagType;
use crate::evaluate::sink::Sink;
use crate::evaluation::Evaluation;
use crate::limits;
use crate::outcome::{ErrorCode, Reason};
use crate::unit::Unit;

/// What was decided, and every step on the way.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The flag's key.
    pub key: String,
    /// The flag's type.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub flag_type: Option<FlagType>,
    /// The value as it was written; absent for the caller's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The variant; absent for the caller's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The error, when nothing could be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// What the error means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'static str>,
    /// The rule that held; `target` for a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// The configuration's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The kill switch that sheds the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The prerequisite that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerequisite: Option<String>,
    /// The run that counts the exposure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<ExplainedTrack>,
    /// What was looked at, in order, up to what decided.
    pub steps: Vec<Step>,
    /// There were more than [`limits::STEPS_PER_EXPLANATION`] steps, and some are left out.
    pub truncated: bool,
}

/// The run that counts an exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedTrack {
    /// The run's id.
    pub run: String,
    /// The attributes that may yield the unit, in order.
    pub by: Vec<String>,
    /// The arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

/// What a step looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StepKind {
    /// The stored switch.
    Enabled,
    /// The kill switch; the name is its cause.
    Override,
    /// A prerequisite; the name is its key, the steps are its own.
    Prerequisite,
    /// A target; the name is its attribute.
    Target,
    /// A rule; the name is its id.
    Rule,
    /// `all`.
    All,
    /// `any`.
    Any,
    /// `not`.
    Not,
    /// An attribute condition; the name is the attribute.
    Attribute,
    /// A segment; the name is its key.
    Segment,
    /// The unit is in the segment's `included`.
    Included,
    /// The unit is in the segment's `excluded`.
    Excluded,
    /// A flag condition; the name is the flag's key, the steps are its own.
    Flag,
    /// A percentage.
    Percentage,
    /// A split.
    Split,
    /// The fallthrough.
    Fallthrough,
}

/// One step of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What is looked at.
    pub kind: StepKind,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it held.
    pub held: bool,
    /// The operator of an attribute condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<&'static str>,
    /// The attribute's value; absent when it was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<serde_json::Value>,
    /// The salt of a draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// The unit of a draw; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The unit's bucket, 0 to 99 999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u32>,
    /// The half-open range of buckets that holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[u32; 2]>,
    /// The variant of a target, a split, a prerequisite or a flag condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The steps inside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

impl Step {
    fn new(kind: StepKind, name: &str) -> Self {
        Self {
            kind,
            name: if name.is_empty() { None } else { Some(name.into()) },
            held: false,
            operator: None,
            seen: None,
            salt: None,
            unit: None,
            bucket: None,
            range: None,
            variant: None,
            steps: Vec::new(),
        }
    }

    pub(crate) fn saw(&mut self, value: &Value<'_>) {
        self.seen = Some(shown(value));
    }

    pub(crate) fn drew(&mut self, salt: &Salt, unit: Option<&Unit<'_>>, bucket: Option<u32>) {
        self.salt = Some(salt.as_str().into());
        self.unit = unit.map(|unit| unit.as_str().into());
        self.bucket = bucket;
    }
}

/// A value as JSON; an integral number without a fraction.
fn shown(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => crate::read::exact(*number).map_or_else(|| (*number).into(), Into::into),
        Value::String(text) => (&**text).into(),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(object) => object.iter().map(|(name, value)| (name.to_owned(), shown(value))).collect(),
    }
}

/// Records every step.
pub(crate) struct Trace {
    /// The steps that are open with their numbers, outermost first; the first is no step but holds what is done.
    open: Vec<(Step, usize)>,
    count: usize,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self { open: vec![(Step::new(StepKind::Enabled, ""), 0)], count: 0 }
    }

    /// The explanation of what was evaluated.
    pub(crate) fn into_explanation(self, key: &str, evaluation: &Evaluation<'_>) -> Explanation {
        let text = |text: &str| text.to_owned();
        let track = evaluation.track().map(|track| ExplainedTrack {
            run: text(track.run()),
            by: track.by().map(text).collect(),
            arm: track.arm().map(text),
        });
        Explanation {
            key: text(key),
            flag_type: evaluation.flag().and_then(crate::document::Flag::flag_type),
            value: evaluation.json().and_then(|json| RawValue::from_string(json.to_owned()).ok()),
            variant: evaluation.variant().map(|variant| text(variant.name())),
            reason: evaluation.reason(),
            error_code: evaluation.error(),
            error_message: evaluation.error_message(),
            rule_id: evaluation.rule_id().map(text),
            version: evaluation.version(),
            cause: evaluation.cause().map(text),
            prerequisite: evaluation.prerequisite().map(text),
            track,
            steps: self.open.into_iter().next().map(|(root, _)| root.steps).unwrap_or_default(),
            truncated: self.count > limits::STEPS_PER_EXPLANATION,
        }
    }
}

impl Sink for Trace {
    const LISTENS: bool = true;

    fn open(&mut self, kind: StepKind, name: &str) {
        self.count += 1;
        self.open.push((Step::new(kind, name), self.count));
    }

    fn note(&mut self, note: impl FnOnce(&mut Step)) {
        if let Some((step, _)) = self.open.last_mut() {
            note(step);
        }
    }

    fn close(&mut self, held: bool) {
        if let Some((mut step, number)) = self.open.pop()
            && let Some((outer, _)) = self.open.last_mut()
            && number <= limits::STEPS_PER_EXPLANATION
        {
            step.held = held;
            outer.steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests;
