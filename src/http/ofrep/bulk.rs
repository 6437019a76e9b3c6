//! `POST /ofrep/v1/evaluate/flags`: every flag the key may see, with an ETag of the answer itself.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use pennon_engine::{At, Context};

use super::event_stream::advertised;
use super::failure::Failure;
use super::{body, evaluator};
use crate::app::{App, AppState};
use crate::http::etag;
use crate::http::evaluator::Evaluator;
use crate::http::openapi::ofrep::{BulkSuccess, EvaluationRequest};
use crate::snapshot::entry::{self, Audience};
use crate::snapshot::image::Image;
use crate::snapshot::tally::Handed;
use crate::stream::position::Position;

/// Bytes to begin an answer with, for each flag: most answers need no more.
const BYTES_PER_FLAG: usize = 128;
/// How long a request waits for a change that its sender was told of by another node.
const HINT_WAIT: Duration = Duration::from_millis(250);

/// What a client that was told to ask again says of what it was told.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Hints {
    /// The tag that the event named.
    flag_config_etag: String,
}

/// Evaluate all flags.
///
/// Flags are sorted by key. A flag that errs is an entry with its `errorCode`; the rest still answers. The ETag is a
/// hash of the answer and of the key, so that a changed attribute is never answered with a stale 304. `eventStreams` names
/// the stream that tells when to ask again.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags", tag = "OFREP", operation_id = "evaluateFlags",
    params(
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer the caller has"),
        ("flagConfigEtag" = Option<String>, Query, description = "What the event that made the caller ask named: a node that is behind looks for it"),
        ("flagConfigLastModified" = Option<String>, Query, description = "The same, as a time; not needed beside the tag"),
    ),
    request_body = EvaluationRequest,
    responses(
        (status = 200, description = "What each flag serves", body = BulkSuccess,
         headers(("ETag" = String, description = "A hash of the answer"))),
        (status = 304, description = "The caller has this answer"),
        (status = 400, description = "PARSE_ERROR or INVALID_CONTEXT", body = Failure),
        (status = 401, description = "The key is known to be bad", body = Failure),
        (status = 403, description = "The key is good, but not for this", body = Failure),
        (status = 413, description = "The body is too large", body = Failure),
        (status = 429, description = "Too many requests; see Retry-After", body = Failure),
        (status = 503, description = "Nothing can be said now; see Retry-After", body = Failure),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn evaluate_flags(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let hints = Query::<Hints>::try_from_uri(&uri).unwrap_or_default();
    let told = hints.flag_config_etag.parse().ok();
    match answer(&app, address, &headers, told, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn answer(
    app: &App,
    address: SocketAddr,
    headers: &HeaderMap,
    told: Option<Position>,
    body: Body,
) -> Result<Response, Failure> {
    let evaluator = evaluator(app, headers, address).await?;
    let bytes = body::read(headers, body, app.config.context_limit).await?;
    let context = body::context(&bytes)?;
    let image = fresh(app, &evaluator, told).await;
    let random = getrandom::u32().unwrap_or_default();
    let at = At { now_ms: app.clock.now_ms(), random, instance: None };
    let streams = advertised(app, &evaluator.verifier);
    let out = write_all(&image, evaluator.audience(), (&context, &at), streams);
    app.meters.bulk.increment(1);
    let tag = tag(&evaluator.verifier.id, &out);
    let known = etag::not_modified(headers, &tag);
    let mut response = Response::new(if known { Body::empty() } else { Body::from(out) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(value) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        headers.insert(header::ETAG, value);
    }
    // A browser may keep the answer, but asks each time whether it still holds.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// The image to answer from: the one that the caller was told of, if this node is behind and learns of it in time.
async fn fresh(app: &App, evaluator: &Evaluator, told: Option<Position>) -> Arc<Image> {
    let cell = &evaluator.cell;
    if let Some(told) = told.filter(|told| *told > Position::from(&cell.image().head)) {
        let mut news = cell.watch();
        let reached = news.wait_for(|news| Position::from(&news.head) >= told);
        // A round asks the database: that ends the wait for what nobody has ever written.
        tokio::select! {
            _ = tokio::time::timeout(HINT_WAIT, reached) => {}
            _ = app.sync.refresh(HINT_WAIT) => {}
        }
    }
    cell.image()
}

fn write_all(
    image: &Image,
    audience: Audience,
    (context, at): (&Context<'_>, &At<'_>),
    streams: &str,
) -> Vec<u8> {
    let flags = image.snapshot.flags();
    let mut out = Vec::with_capacity(256 + flags.len() * BYTES_PER_FLAG);
    out.extend_from_slice(b"{\"flags\":[");
    let empty = out.len();
    // Both are sorted by key and made from one snapshot, so they go in step.
    for (flag, (_, answer)) in flags.zip(image.answers()) {
        if !audience.sees(answer) {
            continue;
        }
        if out.len() > empty {
            out.push(b',');
        }
        let evaluation = flag.evaluate(context, None, at);
        answer.count(Handed::WithAll, &evaluation);
        entry::entry(&mut out, answer, &evaluation, audience);
    }
    out.extend_from_slice(b"],\"metadata\":{}");
    out.extend_from_slice(streams.as_bytes());
    out.push(b'}');
    out
}

/// murmur3 x64-128 over the key's id and the answer.
fn tag(key_id: &str, answer: &[u8]) -> String {
    let mut input = key_id.as_bytes().chain(answer);
    // Reading from memory does not fail.
    let hash = murmur3::murmur3_x64_128(&mut input, 0).unwrap_or_default();
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn the_tag_depends_on_the_answer_and_on_the_key() {
        assert_eq!(tag("k", b"{}"), tag("k", b"{}"));
        assert_ne!(tag("k", b"{}"), tag("l", b"{}"));
        assert_ne!(tag("k", b"{}"), tag("k", b"{ }"));
    }
}
