//! What every request goes through: an id, a time limit, a log line without secrets, metrics, safe headers, and errors
//! in the one form of its surface.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::meters;
use super::ofrep::failure::Failure;
use super::problem::Problem;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id that a caller may send.
const ID_LIMIT: usize = 128;

/// A request's id.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives the request its id, measures it, logs it, and gives errors their form.
pub async fn observe(State(base): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let surface = Surface::of(request.uri().path(), &base);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = in_form(response, &id, surface);
    }
    let took = started.elapsed();
    meters::http_request(route, &method, status, took);
    log((route, surface), &method, status, took, &id);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Gives up on a request that takes too long: nothing may hang for ever on a stopped database. A write that was given up
/// is rolled back, unless its COMMIT was under way.
pub async fn time_limit(State(at_most): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(at_most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable("the request took too long. Try again").into_response(),
    }
}

/// Which part of the service a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    /// Evaluation: OFREP's own errors, and too frequent to log each.
    Ofrep,
    /// What SDKs ask for: problems as everywhere, but too frequent to log each.
    Sdk,
    /// Health and metrics: asked all the time.
    Probe,
    /// Everything else.
    Admin,
}

impl Surface {
    fn of(path: &str, base: &str) -> Surface {
        let path = path.strip_prefix(base).unwrap_or(path);
        if path.starts_with("/ofrep/v1/") {
            Surface::Ofrep
        } else if path.starts_with("/api/v1/sdk/") {
            Surface::Sdk
        } else if path.starts_with("/health/") || path == "/metrics" {
            Surface::Probe
        } else {
            Surface::Admin
        }
    }
}

/// The route, not the path: a path may hold what a caller typed by mistake. Never a query, a header or a body.
fn log((route, surface): (&str, Surface), method: &Method, status: StatusCode, took: Duration, id: &str) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                http.method = method.as_str(),
                http.route = route,
                http.status = status.as_u16(),
                http.took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                request.id = id,
                "request"
            )
        };
    }
    match surface {
        _ if status.is_server_error() => line!(warn),
        Surface::Admin => line!(info),
        Surface::Ofrep | Surface::Sdk | Surface::Probe => line!(debug),
    }
}

/// An error as its surface tells errors: OFREP's own body there, problem+json with the request's id everywhere else.
fn in_form(mut response: Response, id: &str, surface: Surface) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_plain = kind.is_none_or(|kind| !kind.starts_with(b"application/"));
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_plain => of_status(response.status()),
        None => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut formed = match surface {
        // The protocol's clients want a code with every 400.
        Surface::Ofrep if problem.status() == StatusCode::BAD_REQUEST => {
            Failure::parse(problem.detail()).into_response()
        }
        Surface::Ofrep => Failure::from(problem).into_response(),
        Surface::Sdk | Surface::Probe | Surface::Admin => problem.with_request_id(id).into_response(),
    };
    if let Some(allow) = allow {
        formed.headers_mut().insert(header::ALLOW, allow);
    }
    formed
}

/// What the framework answers by itself: a route that is not there, a method that is not allowed.
fn of_status(status: StatusCode) -> Problem {
    let (code, detail) = match status.as_u16() {
        404 => ("not_found", "there is no such path; /docs lists them all"),
        405 => ("method_not_allowed", "this path does not know this method; /docs lists them all"),
        413 => ("too_large", "the request is too large"),
        414 => ("too_large", "the path is too long"),
        500 => ("internal", "something failed inside; the logs tell more under the request's id"),
        _ => ("invalid_request", "the request cannot be read"),
    };
    Problem::new(status, code, detail)
}

fn request_id(request: &Request<Body>) -> String {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let usable = |text: &&str| {
        !text.is_empty() && text.len() <= ID_LIMIT && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    sent.filter(usable).map_or_else(crate::domain::new_request_id, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Surface;

    #[test]
    fn a_path_belongs_to_its_surface_under_any_base() {
        assert_eq!(Surface::of("/ofrep/v1/evaluate/flags", ""), Surface::Ofrep);
        assert_eq!(Surface::of("/x/ofrep/v1/evaluate/flags", "/x"), Surface::Ofrep);
        assert_eq!(Surface::of("/ofrep/v1/api/v1/projects", "/ofrep/v1"), Surface::Admin);
        assert_eq!(Surface::of("/x/api/v1/sdk/stream", "/x"), Surface::Sdk);
        assert_eq!(Surface::of("/metrics", ""), Surface::Probe);
        assert_eq!(Surface::of("/api/v1/projects/ofrep/v1/", ""), Surface::Admin);
    }
}
