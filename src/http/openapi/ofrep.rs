//! OFREP's bodies as the document describes them. Three points of the protocol's own published document are corrected
//! here: its `oneOf` cannot be validated strictly, it lacks DEFAULT, and it requires `targetingKey` (docs/API-DESIGN.md).

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What to evaluate for.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct EvaluationRequest {
    /// The evaluation context: `targetingKey`, and any other attributes. Absent: an empty one.
    #[schema(value_type = Option<Object>, example = json!({"targetingKey": "user-1", "plan": "pro"}))]
    context: Option<BTreeMap<String, serde_json::Value>>,
}

/// What a flag serves.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct EvaluationSuccess {
    /// The flag's key.
    key: String,
    /// The value, in the form it was written; absent when the caller's own default applies.
    value: Option<super::super::admin::schema::VariantValue>,
    /// The variant; "" when the caller's own default applies.
    variant: String,
    /// Why.
    reason: EvaluationReason,
    /// The flag's own metadata; for server keys also `ruleId`, `cause` and `prerequisite` where they apply.
    metadata: BTreeMap<String, MetadataValue>,
}

/// Why a variant is served.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it; the wire shows them")]
pub enum EvaluationReason {
    Static,
    Default,
    TargetingMatch,
    Split,
    Disabled,
}

/// A value of the metadata.
#[derive(Debug, serde::Serialize, ToSchema)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it; the wire shows them")]
pub enum MetadataValue {
    Boolean(bool),
    String(String),
    Number(f64),
}

/// What each flag serves, by key.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct BulkSuccess {
    /// One entry for each flag that the key may see.
    flags: Vec<BulkEntry>,
    /// About the answer as a whole.
    metadata: BTreeMap<String, MetadataValue>,
    /// Where to listen for changes; absent only while a node knows no more than its disk.
    event_streams: Option<Vec<EventStream>>,
}

/// A stream that tells when to ask again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct EventStream {
    /// Always `sse`.
    #[schema(rename = "type")]
    kind: String,
    /// The whole address, when the server was told under which one it is known.
    url: Option<String>,
    /// The address below the one that was asked.
    endpoint: Option<EventStreamEndpoint>,
    /// Seconds after which a page that nobody looks at lets go of it.
    inactivity_delay_sec: Option<u32>,
}

/// An address without its origin.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct EventStreamEndpoint {
    /// The path, the base path included.
    request_uri: String,
}

/// A flag of a bulk answer: what it serves, or why it errs.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct BulkEntry {
    /// The flag's key.
    key: String,
    /// The value, in the form it was written; absent when the caller's own default applies, or the flag errs.
    value: Option<super::super::admin::schema::VariantValue>,
    /// The variant; "" when the caller's own default applies; absent when the flag errs.
    variant: Option<String>,
    /// Why; absent when the flag errs.
    reason: Option<EvaluationReason>,
    /// The flag's own metadata; absent when the flag errs.
    metadata: Option<BTreeMap<String, MetadataValue>>,
    /// Why nothing could be decided.
    error_code: Option<String>,
    /// What that means.
    error_details: Option<String>,
}
