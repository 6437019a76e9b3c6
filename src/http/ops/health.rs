//! Liveness and readiness. Live: the process answers. Ready: there is something good to serve.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::snapshot::health::Status;

/// How a node is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ready`, `degraded` (serving, but the database is away or a history was refused), `starting` or `draining`.
    status: &'static str,
    /// Whether the database answered last time.
    database: bool,
    /// Whether what is served came from disk and was not compared with the database yet.
    from_disk: bool,
    /// How many environments are held.
    environments: usize,
    /// Milliseconds since the database was last read; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    synced_ms_ago: Option<i64>,
    /// Environments whose stored history is refused, and why; `pennon env new-epoch` is the way out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    /// The version of this server.
    version: &'static str,
}

/// An environment whose stored history is refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refused {
    /// project/environment.
    environment: String,
    /// Why.
    why: String,
}

/// Is the process alive?
#[utoipa::path(get, path = "/health/live", tag = "Operations", operation_id = "live",
    responses((status = 200, body = Live)), security(()))]
pub async fn live() -> Result<Reply, Problem> {
    Reply::ok(&Live { status: "live" })
}

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Live {
    /// Always `live`.
    status: &'static str,
}

/// Should this node get traffic?
#[utoipa::path(get, path = "/health/ready", tag = "Operations", operation_id = "ready",
    responses((status = 200, description = "Yes", body = Health), (status = 503, description = "No", body = Health)),
    security(()))]
pub async fn ready(State(app): State<AppState>) -> Result<Reply, Problem> {
    let status = app.health.status();
    let draining = app.shutdown.is_draining();
    let word = match status {
        _ if draining => "draining",
        Status::Starting => "starting",
        Status::Ready => "ready",
        Status::Degraded => "degraded",
    };
    let synced = app.health.last_sync();
    let health = Health {
        status: word,
        database: app.health.database_up(),
        from_disk: app.health.from_disk(),
        environments: app.registry.cells().len(),
        synced_ms_ago: (synced > 0).then(|| (app.clock.now_micros() - synced) / 1_000),
        refused: app
            .health
            .refused()
            .into_iter()
            .map(|(environment, why)| Refused { environment, why })
            .collect(),
        version: env!("CARGO_PKG_VERSION"),
    };
    // A node that starts without the database and without an image holds nothing: it must not get traffic.
    let ok = !draining && status != Status::Starting && !app.registry.is_empty();
    let reply = Reply::ok(&health)?;
    Ok(if ok { reply } else { reply.status(StatusCode::SERVICE_UNAVAILABLE) })
}
