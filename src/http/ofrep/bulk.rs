//! `POST /ofrep/v1/evaluate/flags`: every flag the key may see, with an ETag of the answer itself.

use std::io::Read as _;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pennon_engine::At;

use super::failure::Failure;
use super::{Evaluator, body, evaluator, write};
use crate::app::{App, AppState};
use crate::http::etag;
use crate::http::openapi::ofrep::{BulkSuccess, EvaluationRequest};

/// Bytes to begin an answer with, for each flag: most answers need no more.
const BYTES_PER_FLAG: usize = 128;

/// Evaluate all flags.
///
/// Flags are sorted by key. A flag that errs is an entry with its `errorCode`; the rest still answers. The ETag is a
/// hash of the answer and of the key, so that a changed attribute is never answered with a stale 304.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags", tag = "OFREP", operation_id = "evaluateFlags",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the answer the caller has")),
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
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&app, address, &headers, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn answer(
    app: &App,
    address: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let evaluator = evaluator(app, headers, address).await?;
    let bytes = body::read(headers, body, app.config.context_limit).await?;
    let context = body::context(&bytes)?;
    let random = getrandom::u32().unwrap_or_default();
    let at = At { now_ms: app.clock.now_ms(), random, instance: None };
    let out = write_all(&evaluator, &context, &at);
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

fn write_all(evaluator: &Evaluator, context: &pennon_engine::Context<'_>, at: &At<'_>) -> Vec<u8> {
    let image = &evaluator.image;
    let flags = image.snapshot.flags();
    let mut out = Vec::with_capacity(32 + flags.len() * BYTES_PER_FLAG);
    out.extend_from_slice(b"{\"flags\":[");
    let empty = out.len();
    // Both are sorted by key and made from one snapshot, so they go in step.
    for (flag, (_, answer)) in flags.zip(image.answers()) {
        if evaluator.is_client() && !answer.client_visible {
            continue;
        }
        if out.len() > empty {
            out.push(b',');
        }
        let evaluation = flag.evaluate(context, None, at);
        if evaluation.error().is_some() {
            write::failure(&mut out, answer, &evaluation);
        } else {
            write::success(&mut out, answer, &evaluation, evaluator.is_client());
        }
    }
    out.extend_from_slice(b"],\"metadata\":{}}");
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
