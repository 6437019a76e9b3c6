//! One version in a history, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::configurations::whole;
use super::schema::Raw;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::service::audit::rfc3339;
use crate::service::history::Span;
use crate::service::view::VersionView;

/// One version in a history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionBody {
    /// The version.
    version: i64,
    /// What was done.
    action: String,
    /// Who did it.
    actor: String,
    /// Why, "" when nobody said.
    reason: String,
    /// The environment's revision that carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// When.
    at: String,
    /// The document as it was then.
    #[schema(value_type = Object)]
    document: Raw,
}

impl From<VersionView> for VersionBody {
    fn from(view: VersionView) -> Self {
        VersionBody {
            version: view.version,
            action: view.action,
            actor: view.actor,
            reason: view.reason,
            revision: view.revision,
            at: rfc3339(view.at),
            document: whole(&view.document),
        }
    }
}

/// The part of a history that a call asks for.
pub fn span(call: &Call) -> Result<Span, Problem> {
    let below = match call.param("cursor") {
        None | Some("") => None,
        Some(_) => call.number("cursor")?,
    };
    Ok(Span { below, limit: call.limit()? })
}
