//! The routes, put together: what is documented, what is not, and what every request goes through.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::{admin, middleware, ofrep, openapi, ops, sdk};
use crate::app::AppState;
use crate::config::Config;

/// How long browsers remember what CORS allows.
const CORS_MAX_AGE: Duration = Duration::from_hours(1);

/// Every documented route, and the document.
pub(super) fn documented() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(ofrep::single::evaluate_flag))
        .routes(routes!(ofrep::bulk::evaluate_flags))
        .routes(routes!(ofrep::event_stream::event_stream))
        .merge(sdk::routes())
        .merge(admin::routes())
        .routes(routes!(ops::health::live))
        .routes(routes!(ops::health::ready))
        .split_for_parts()
}

/// The whole service of one node.
pub fn router(app: AppState) -> Router {
    let (documented, _) = documented();
    let routes = documented
        .route("/metrics", get(ops::metrics))
        .route("/openapi.json", get(ops::openapi))
        .route("/docs", get(ops::docs::docs));
    let base = app.config.base_path.clone();
    let (at_most, cors) = (app.config.request_timeout, cors(&app.config));
    let routes = routes.with_state(app);
    let routes = if base.is_empty() { routes } else { Router::new().nest(&base, routes) };
    // The last layer is the outermost: errors of every kind get their form and their id, and browsers see them too.
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn_with_state(at_most, middleware::time_limit))
        .layer(axum::middleware::from_fn_with_state(std::sync::Arc::<str>::from(base), middleware::observe))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(may_be_encoded)))
        .layer(axum::middleware::from_fn(weaken))
        .layer(cors)
}

/// Origins as configured; what a browser may send and see.
fn cors(config: &Config) -> CorsLayer {
    let any = config.cors_origins.iter().any(|origin| origin == "*");
    let origins: Vec<HeaderValue> =
        config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let headers = [
        "x-api-key",
        "if-match",
        "if-none-match",
        "idempotency-key",
        "last-event-id",
        "x-pennon-reason",
        "x-request-id",
    ];
    let exposed = ["etag", "retry-after", "x-pennon-revision", "x-pennon-applied", "x-request-id"];
    CorsLayer::new()
        .allow_origin(if any { AllowOrigin::any() } else { AllowOrigin::list(origins) })
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            headers
                .map(HeaderName::from_static)
                .into_iter()
                .chain([header::AUTHORIZATION, header::CONTENT_TYPE])
                .collect::<Vec<_>>(),
        )
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(CORS_MAX_AGE)
}

/// An ETag of the admin API goes back in If-Match, where a weak one never matches: such an answer is sent as it is.
fn may_be_encoded(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !(headers.contains_key(header::ETAG) && is_never_kept(headers))
}

/// A strong tag stands for bytes, and those of an encoded answer are others: there it becomes a weak one, and so
/// it does in the 304 that tells a caller to go on using such an answer.
async fn weaken(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_known_weakly =
        says(headers, &header::ACCEPT_ENCODING, "gzip") && says(headers, &header::IF_NONE_MATCH, "W/\"");
    let mut response = next.run(request).await;
    let headers = response.headers();
    let is_renewed =
        response.status() == StatusCode::NOT_MODIFIED && is_known_weakly && !is_never_kept(headers);
    if !is_renewed && !headers.contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'));
    if let Some(weak) = tag.and_then(|tag| HeaderValue::from_str(&format!("W/{tag}")).ok()) {
        response.headers_mut().insert(header::ETAG, weak);
    }
    response
}

fn says(headers: &HeaderMap, name: &HeaderName, what: &str) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains(what))
}

/// What no cache keeps: all that the admin API answers.
fn is_never_kept(headers: &HeaderMap) -> bool {
    headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store")
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked: please report this with the lines above");
    let detail = "something failed inside; the logs tell more under the request's id";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response()
}
