//! Streams on the wire: a place among the others, and a head that no proxy holds back, compresses or keeps.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::evaluator::Evaluator;
use super::problem::Problem;
use crate::app::App;
use crate::stream::connection::{self, Listener};
use crate::stream::feed::Feed;
use crate::stream::hub::Place;
use crate::stream::kind::{Refused, StreamKind};
use crate::stream::position::Position;

/// What `EventSource` sends when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// nginx holds no answer back that says so.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Takes a place, and gives the listener what its feed sends.
pub fn listen<F: Feed + 'static>(
    app: &App,
    evaluator: Evaluator,
    kind: StreamKind,
    feed: impl FnOnce(&mut Place) -> F,
) -> Result<Response, Problem> {
    let caller = evaluator.client.map(|address| (evaluator.verifier.selector.as_str(), address));
    let mut place = app.hub.admit(kind, caller, app.clock.now_micros()).map_err(refused)?;
    let feed = feed(&mut place);
    let listener = Listener {
        cell: evaluator.cell,
        registry: Arc::clone(&app.registry),
        verifier: evaluator.verifier,
        clock: app.clock.clone(),
        place,
    };
    Ok(response(connection::open(listener, feed)))
}

/// The answer that carries a stream.
#[must_use]
pub fn response(stream: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(stream.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

/// A stream that has no place; what is asked for without one goes on.
#[must_use]
pub fn refused(why: Refused) -> Problem {
    let detail = match why {
        Refused::Full => {
            "this node has as many streams open as it may: try again, or ask for the snapshot now and then"
        }
        Refused::Herd => "too many streams begin at this moment: try again",
        Refused::Address => "too many streams are open with this key from this address: close one first",
    };
    let seconds = Refused::retry_after();
    match why {
        Refused::Address => Problem::too_many(detail, seconds),
        Refused::Full | Refused::Herd => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail)
                .with_retry_after(seconds)
        }
    }
}

/// Where the caller stands; an id that this server never wrote is as good as none.
#[must_use]
pub fn last_event(headers: &HeaderMap) -> Option<Position> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok()
}

/// Whether a caller has seen more than this node holds; if so, the node looks for what it has missed.
pub fn look_ahead(app: &App, evaluator: &Evaluator, last: Option<Position>) {
    if last.is_some_and(|last| last > Position::from(&evaluator.cell.image().head)) {
        app.sync.wake();
    }
}
