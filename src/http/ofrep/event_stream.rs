//! `GET /ofrep/v1/event-stream/{channel}`: tells clients that evaluate over OFREP to ask again. A browser's `EventSource` sends no
//! header, so the address itself says for which key it was made.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::failure::Failure;
use crate::app::{App, AppState};
use crate::auth::channel;
use crate::auth::verifiers::Verifier;
use crate::domain::json::push_string;
use crate::http::authenticate;
use crate::http::evaluator::Evaluator;
use crate::http::event_stream::{last_event, listen, look_ahead};
use crate::http::openapi::sdk::StreamEvent;
use crate::http::problem::Problem;
use crate::stream::kind::StreamKind;
use crate::stream::refetch::RefetchFeed;

/// The path before the channel.
const PATH: &str = "/ofrep/v1/event-stream/";
/// Seconds after which the page of a hidden tab lets go of its stream.
const INACTIVITY: u32 = 120;

/// Listen for changes.
///
/// Server-sent events of OFREP: `message` with `{"type": "refetchEvaluation", "etag", "lastModified"}` on connecting, then for each
/// change. The address is the one that a bulk answer names under `eventStreams`; it is good as long as the key is.
#[utoipa::path(
    get, path = "/ofrep/v1/event-stream/{channel}", tag = "OFREP", operation_id = "streamChanges",
    params(
        ("channel" = String, Path, description = "As a bulk answer names it"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the caller has seen"),
    ),
    responses(
        (status = 200, description = "The stream", body = StreamEvent, content_type = "text/event-stream"),
        (status = 401, description = "No such stream, or its key is not good any more", body = Failure),
        (status = 403, description = "Not from this origin", body = Failure),
        (status = 429, description = "Too many requests or streams; see Retry-After", body = Failure),
        (status = 503, description = "No place for one more stream, or nothing to send yet; see Retry-After", body = Failure),
    ),
    security(()),
)]
pub async fn event_stream(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Path(channel): Path<String>,
    headers: HeaderMap,
) -> Response {
    match open(&app, address, &channel, &headers).await {
        Ok(response) => response,
        Err(problem) => Failure::from(problem).into_response(),
    }
}

async fn open(
    app: &App,
    address: SocketAddr,
    channel: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let identity = app.registry.identity();
    if identity.secret.is_empty() {
        return Err(Problem::unavailable(
            "this node cannot tell yet whether this address is good. Try again",
        ));
    }
    let bad = || {
        let detail = "this address of a stream is not good, or not any more: ask for the flags again";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    };
    // An address that somebody made up ends here; a key that we signed for may be one that this node has yet to hear of.
    let selector = channel::selector(&identity.secret, channel).ok_or_else(bad)?;
    let verifier = authenticate::holder(app, selector).await?.ok_or_else(bad)?;
    let evaluator = Evaluator::holding(app, headers, address, verifier)?;
    let last = last_event(headers);
    look_ahead(app, &evaluator, last);
    listen(app, evaluator, StreamKind::Ofrep, |place| RefetchFeed::resume(place, last))
}

/// The members of a bulk answer that name a key's stream; "" as long as this node does not know the secret.
#[must_use]
pub fn advertised<'v>(app: &App, verifier: &'v Verifier) -> &'v str {
    verifier.streams(|| advertise(app, verifier))
}

fn advertise(app: &App, verifier: &Verifier) -> Option<String> {
    let identity = app.registry.identity();
    if identity.secret.is_empty() {
        return None;
    }
    let channel = channel::address(&identity.secret, &verifier.selector);
    let mut text = String::from(",\"eventStreams\":[{\"type\":\"sse\",");
    if let Some(url) = &app.config.public_url {
        text.push_str("\"url\":");
        push_string(&mut text, &format!("{url}{PATH}{channel}"));
    } else {
        text.push_str("\"endpoint\":{\"requestUri\":");
        push_string(&mut text, &format!("{}{PATH}{channel}", app.config.base_path));
        text.push('}');
    }
    let _ = write!(text, ",\"inactivityDelaySec\":{INACTIVITY}}}]");
    Some(text)
}
