//! What every request goes through: an id, a log line without secrets, metrics, safe headers.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::{info, warn};

use super::meters;
use super::problem::Problem;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id that a caller may send.
const ID_LIMIT: usize = 128;

/// A request's id.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives the request its id, measures it and logs it.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.with_request_id(&id).into_response();
        response.extensions_mut().remove::<Problem>();
    }
    let status = response.status().as_u16();
    let took = started.elapsed();
    meters::http_request(&route, method.as_str(), status, took);
    // The route, not the path: a path may hold what a caller typed by mistake. Never a query, a header or a body.
    if status >= 500 {
        warn!(http.method = %method, http.route = route, http.status = status, http.took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), request.id = id, "request");
    } else if !route.starts_with("/ofrep") && !route.starts_with("/health") && route != "/metrics" {
        info!(http.method = %method, http.route = route, http.status = status, http.took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), request.id = id, "request");
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An answer that was not JSON (a route that is not there, a method that is not allowed) as a problem.
pub async fn only_problems(request: Request, next: Next) -> Response {
    let ofrep = request.uri().path().contains("/ofrep/");
    let response = next.run(request).await;
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| !kind.as_bytes().starts_with(b"application/"));
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || !plain || ofrep {
        return response;
    }
    let (code, detail) = match status.as_u16() {
        404 => ("not_found", "there is no such path; /docs lists them all"),
        405 => ("method_not_allowed", "this path does not know this method; /docs lists them all"),
        408 => ("timeout", "the request took too long"),
        413 => ("too_large", "the request is too large"),
        414 => ("too_large", "the path is too long"),
        500 => ("internal", "something failed inside; the logs tell more under the request's id"),
        _ => ("invalid_request", "the request cannot be read"),
    };
    let mut problem = Problem::new(status, code, detail).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

fn request_id(request: &Request<Body>) -> String {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let usable = |text: &&str| {
        !text.is_empty() && text.len() <= ID_LIMIT && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    sent.filter(usable).map_or_else(crate::domain::new_request_id, str::to_owned)
}

/// Gives up on a request that takes too long: nothing may hang for ever on a stopped database.
pub async fn time_limit(
    axum::extract::State(at_most): axum::extract::State<std::time::Duration>,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(at_most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable("the request took too long. Try again").into_response(),
    }
}
