//! `POST /ofrep/v1/evaluate/flags/{key}`: one flag.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pennon_engine::{At, ErrorCode};

use super::failure::Failure;
use super::{body, evaluator};
use crate::app::{App, AppState};
use crate::domain::key::Key;
use crate::http::openapi::ofrep::{EvaluationRequest, EvaluationSuccess};
use crate::snapshot::entry::{self, Audience};
use crate::snapshot::tally::Handed;
use crate::usage::batch::Trust;

/// Evaluate one flag.
///
/// The answer's `value` is absent when the caller's own default applies. The context is neither stored nor logged.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "OFREP", operation_id = "evaluateFlag",
    params(("key" = String, Path, description = "The flag's key")),
    request_body = EvaluationRequest,
    responses(
        (status = 200, description = "What the flag serves", body = EvaluationSuccess),
        (status = 400, description = "PARSE_ERROR, INVALID_CONTEXT, TARGETING_KEY_MISSING or GENERAL", body = Failure),
        (status = 401, description = "The key is known to be bad", body = Failure),
        (status = 403, description = "The key is good, but not for this", body = Failure),
        (status = 404, description = "FLAG_NOT_FOUND", body = Failure),
        (status = 413, description = "The body is too large", body = Failure),
        (status = 429, description = "Too many requests; see Retry-After", body = Failure),
        (status = 503, description = "Nothing can be said now; see Retry-After", body = Failure),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn evaluate_flag(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&app, address, &key, &headers, body).await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(failure) => failure.of_flag(&key).into_response(),
    }
}

async fn answer(
    app: &App,
    address: SocketAddr,
    key: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<u8>, Failure> {
    let evaluator = evaluator(app, headers, address).await?;
    let bytes = body::read(headers, body, app.config.context_limit).await?;
    let context = body::context(&bytes)?;
    let random = getrandom::u32().unwrap_or_default();
    let at = At { now_ms: app.clock.now_ms(), random, instance: None };
    let (image, audience) = (evaluator.cell.image(), evaluator.audience());
    let Some(answer) = image.answer(key) else {
        let trust = if audience == Audience::Client { Trust::Client } else { Trust::Server };
        // What is no key can never be defined.
        if Key::parse(key).is_ok() {
            app.flush.unknown_flag(&evaluator.cell.id, trust, key);
        }
        return Err(not_found());
    };
    if !audience.sees(answer) {
        return Err(not_found());
    }
    let evaluation = image.snapshot.evaluate(key, &context, None, &at);
    app.meters.single.increment(1);
    answer.count(Handed::ByName, &evaluation);
    match evaluation.error() {
        None => {
            let mut out = Vec::with_capacity(256);
            entry::success(&mut out, answer, &evaluation, audience);
            Ok(out)
        }
        Some(ErrorCode::FlagNotFound) => Err(not_found()),
        Some(code) => Err(Failure::new(StatusCode::BAD_REQUEST, code.as_str(), code.message())),
    }
}

fn not_found() -> Failure {
    let code = ErrorCode::FlagNotFound;
    Failure::new(StatusCode::NOT_FOUND, code.as_str(), code.message())
}
