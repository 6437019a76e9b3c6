//! What SDKs are sent, as the document describes it.

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
