//! `POST /api/v1/sdk/client-stream`: what every flag serves for one context, then what changes of it.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::http::evaluator::Evaluator;
use crate::http::event_stream::listen;
use crate::http::intake;
use crate::http::ofrep::body;
use crate::http::openapi::ofrep::EvaluationRequest;
use crate::http::openapi::sdk::StreamEvent;
use crate::http::problem::Problem;
use crate::stream::kind::StreamKind;
use crate::stream::results::ResultsFeed;

/// Bytes of a context that is kept as long as its stream lives: ten times an honest one, and thousands of them fit.
const CONTEXT_LIMIT: usize = 32 * 1024;

/// Listen to results.
///
/// Server-sent events: `put` with `{"epoch", "revision", "flags"}` first, always, then `patch` with `{"epoch", "from", "revision",
/// "flags"}` that holds only the results that changed; one that is gone is `null`. Each result is an entry of OFREP's bulk answer, and
/// has a `track` `{"run", "by", "arm"}` when an exposure to it counts for a run.
/// The server evaluates: the caller never sees a rule. The context is kept in memory as long as the stream lives, and neither
/// stored nor logged.
#[utoipa::path(
    post, path = "/api/v1/sdk/client-stream", tag = "SDK", operation_id = "streamResults",
    request_body = EvaluationRequest,
    responses(
        (status = 200, description = "The stream", body = StreamEvent, content_type = "text/event-stream"),
        (status = 400, description = "The context cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The key is known to be bad", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key is good, but not for this", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or streams; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No place for one more stream, or nothing to send yet; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn client_stream(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wanted = [CredentialKind::Server, CredentialKind::Client];
    let evaluator = Evaluator::of(&app, &headers, address, &wanted).await?;
    let bytes = intake::read(&headers, body, CONTEXT_LIMIT.min(app.config.context_limit)).await?;
    let context = body::context(&bytes).map_err(Problem::from)?.into_owned();
    let random = getrandom::u32().unwrap_or_default();
    let feed = ResultsFeed::new(context, evaluator.audience(), random);
    listen(&app, evaluator, StreamKind::Client, |_| feed)
}
