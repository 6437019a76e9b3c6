//! An evaluation as the `expect` of a case: what an engine in another language is to answer.

use pennon_engine::{ErrorCode, Evaluation, Reason, Variant};
use serde::Serialize;
use serde_json::value::RawValue;

/// Every member of the answer that is compared. Values and metadata stay as they were written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expected<'s> {
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'s RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<ErrorCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prerequisite: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<Track<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'s RawValue>,
}

#[derive(Serialize)]
struct Track<'s> {
    run: &'s str,
    by: Vec<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<&'s str>,
}

impl<'s> Expected<'s> {
    pub fn of(found: &Evaluation<'s>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            reason: found.reason(),
            variant: found.variant().map(Variant::name),
            value: found.json().map(serde_json::from_str).transpose()?,
            error_code: found.error(),
            rule_id: found.rule_id(),
            cause: found.cause(),
            prerequisite: found.prerequisite(),
            track: found.track().map(|track| Track {
                run: track.run(),
                by: track.by().collect(),
                arm: track.arm(),
            }),
            version: found.version(),
            metadata: found.metadata_json().map(serde_json::from_str).transpose()?,
        })
    }

    /// The answer to a context that is none.
    pub fn refused(code: ErrorCode) -> Self {
        Self {
            reason: Reason::Error,
            variant: None,
            value: None,
            error_code: Some(code),
            rule_id: None,
            cause: None,
            prerequisite: None,
            track: None,
            version: None,
            metadata: None,
        }
    }

    /// The error, or else the reason: what the counts at the end are of.
    pub fn kind(&self) -> &'static str {
        self.error_code.map_or(self.reason.as_str(), ErrorCode::as_str)
    }
}
