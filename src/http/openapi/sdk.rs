//! What SDKs are sent, and what they send, as the document describes it.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// One event of a stream, its fields as the standard for server-sent events names them.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is joined from bytes")]
pub struct StreamEvent {
    /// Where the stream stands after this event; send the last one as `Last-Event-ID` on coming back.
    id: Option<String>,
    /// What kind of event.
    event: String,
    /// JSON, on one line.
    data: String,
    /// Milliseconds after which to come back when the connection ends.
    retry: Option<u64>,
}

/// What an SDK tells of use: one batch.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read event by event")]
pub struct EventBatch {
    /// A name of the caller's own for this process.
    #[schema(min_length = 1, max_length = 200)]
    instance_id: String,
    /// 16 random hex digits, others for each process.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    session: String,
    /// Begins at 1, and grows by 1 with every batch of the session.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    sequence: i64,
    /// The events; one that is wrong by itself is refused alone.
    #[schema(max_items = 1000)]
    events: Vec<SdkEvent>,
}

/// One event; its kind says which of the members it has. docs/API-DESIGN.md describes them.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read event by event")]
pub struct SdkEvent {
    /// `instance`, `summary`, `exposure` or `track`; another one is ignored.
    kind: String,
    /// When, by the caller's clock.
    at: Option<String>,
    /// `summary`: until when evaluations were counted.
    to: Option<String>,
    /// `summary`: the counts.
    evaluations: Option<Vec<SdkEvaluations>>,
    /// `exposure`: the flag's key.
    flag: Option<String>,
    /// `exposure`: the variant.
    variant: Option<String>,
    /// `exposure`: the run's id.
    run: Option<String>,
    /// `exposure`: the arm, if the rule has one.
    arm: Option<String>,
    /// `exposure`, `track`: the unit. It is stored as a keyed hash.
    unit: Option<String>,
    /// `track`: the metric.
    metric: Option<String>,
    /// `track`: the value; 1 when absent.
    value: Option<f64>,
    /// `instance`: the SDK's name.
    sdk: Option<String>,
    /// `instance`: the SDK's version.
    sdk_version: Option<String>,
    /// `instance`: when the process was started.
    started_at: Option<String>,
    /// `instance`: how it is.
    state: Option<String>,
    /// `instance`: `<epoch>-<revision>` of what it serves.
    revision: Option<String>,
    /// `instance`: what its owner says; true when absent.
    healthy: Option<bool>,
    /// `instance`: at most 16; none are kept of client keys.
    labels: Option<BTreeMap<String, String>>,
    /// `instance`: what it has dropped since its start.
    dropped: Option<SdkDropped>,
}

/// So many evaluations that came to the same.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read event by event")]
pub struct SdkEvaluations {
    /// The flag's key, or whatever was asked for.
    flag: String,
    /// The variant; absent for the caller's own default.
    variant: Option<String>,
    /// The reason, as evaluation tells it.
    reason: String,
    /// The code of an error.
    error_code: Option<String>,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    count: i64,
}

/// What a process has dropped since its start.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read event by event")]
pub struct SdkDropped {
    /// Exposures.
    exposures: Option<i64>,
    /// Tracks.
    tracks: Option<i64>,
    /// Evaluations.
    evaluations: Option<i64>,
}

/// Everything an environment serves, at one revision.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is sent as it was written")]
pub struct SnapshotDocument {
    /// The version of this form; another one cannot be read.
    schema_version: u32,
    /// The millisecond at which this line of history began. Epochs order before revisions.
    epoch: i64,
    /// The project's key.
    project: String,
    /// The environment's key.
    environment: String,
    /// Grows by one with each change.
    revision: i64,
    /// The flags, by key: definition and configuration in one document.
    #[schema(value_type = BTreeMap<String, Object>)]
    flags: BTreeMap<String, serde_json::Value>,
    /// The segments, by key.
    #[schema(value_type = BTreeMap<String, Object>)]
    segments: BTreeMap<String, serde_json::Value>,
    /// The layers, by key.
    #[schema(value_type = BTreeMap<String, Object>)]
    layers: BTreeMap<String, serde_json::Value>,
}
