//! For operators: health, metrics, the document of the API, and a page that shows it.

pub mod docs;
pub mod health;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::AppState;
use crate::telemetry;

/// The document of the API.
pub async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], super::openapi_json())
}

/// Metrics in the Prometheus text format.
pub async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let now = app.clock.now_micros();
    let age = |since: i64| if since == 0 { f64::NAN } else { seconds(now - since) };
    metrics::gauge!(telemetry::DATABASE_UP).set(if app.health.database_up() { 1.0 } else { 0.0 });
    metrics::gauge!(telemetry::SYNC_AGE_SECONDS).set(age(app.health.last_sync()));
    metrics::gauge!(telemetry::SNAPSHOT_AGE_SECONDS).set(age(app.health.last_sync()));
    metrics::gauge!(telemetry::KEYS)
        .set(f64::from(u32::try_from(app.registry.verifiers.len()).unwrap_or(u32::MAX)));
    for cell in app.registry.cells() {
        let labels = [("project", cell.project.clone()), ("environment", cell.environment.clone())];
        let revision = u32::try_from(cell.image().head.revision).unwrap_or(u32::MAX);
        metrics::gauge!(telemetry::ENVIRONMENT_REVISION, &labels).set(f64::from(revision));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render())
}

#[expect(clippy::cast_precision_loss, reason = "an age in microseconds stays far below 2^53 for 285 years")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
