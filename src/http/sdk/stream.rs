//! `GET /api/v1/sdk/stream`: the snapshot, then every change of it.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::http::evaluator::Evaluator;
use crate::http::event_stream::{last_event, listen, look_ahead};
use crate::http::openapi::sdk::StreamEvent;
use crate::http::problem::Problem;
use crate::stream::kind::StreamKind;
use crate::stream::rules::RulesFeed;

/// Listen to the rules.
///
/// Server-sent events: `put` with the whole snapshot first, then `patch` with `{"epoch", "from", "revision", "flags", "segments",
/// "layers"}` for each change; a document that is gone is `null`. The id of each is `<epoch>-<revision>`. With `Last-Event-ID`
/// the stream goes on from there, if what came since is still kept. A comment is a heartbeat. `goodbye` with
/// `{"reconnectAfterMs", "reason"}` comes before the server closes. docs/API-DESIGN.md tells all of it.
#[utoipa::path(
    get, path = "/api/v1/sdk/stream", tag = "SDK", operation_id = "streamSnapshot",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the caller has seen"),
        ("instanceId" = Option<String>, Query, description = "A name of the caller's own for this process"),
        ("sdk" = Option<String>, Query, description = "The SDK's name"),
        ("sdkVersion" = Option<String>, Query, description = "The SDK's version"),
    ),
    responses(
        (status = 200, description = "The stream", body = StreamEvent, content_type = "text/event-stream"),
        (status = 401, description = "The key is known to be bad", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key is good, but not for this", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No place for one more stream, or nothing to send yet; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn stream(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let evaluator = Evaluator::of(&app, &headers, address, &[CredentialKind::Server]).await?;
    let last = last_event(&headers);
    look_ahead(&app, &evaluator, last);
    listen(&app, evaluator, StreamKind::Server, |_| RulesFeed::resume(last))
}
