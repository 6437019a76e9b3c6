//! `POST /api/v1/sdk/events`: what SDKs tell of use. Acknowledged when it is durable, and counted once however often it is sent.

pub(super) mod body;
pub(super) mod event;
mod told;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::http::evaluator::Evaluator;
use crate::http::intake;
use crate::http::openapi::sdk::EventBatch;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::usage::batch::Trust;
use crate::usage::unit::Units;
use crate::usage::writer::{NotStored, Stored};

/// Bytes of one batch: a thousand events of a quarter of a kilobyte.
pub const BODY_LIMIT: usize = 256 * 1_024;
/// From this size on, reading a batch would keep others waiting for the thread.
const LARGE: usize = 32 * 1_024;
/// Seconds after which who found no room may try again.
const RETRY_AFTER: std::ops::RangeInclusive<u32> = 1..=5;

/// What became of a batch.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct EventsAnswer {
    /// How many events were taken.
    accepted: usize,
    /// What was wrong with the others; they are not to be sent again.
    refused: Vec<RefusedEvent>,
    /// How many events say nothing to this version, or nothing that may be said with this key; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(value_type = Option<usize>)]
    ignored: usize,
    /// The batch had been taken before: nothing was counted again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(value_type = Option<bool>)]
    repeated: bool,
}

/// An event that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedEvent {
    /// Its place in the batch, from 0.
    index: usize,
    /// `invalid_event` or `limit_exceeded`.
    #[schema(value_type = String)]
    code: &'static str,
    /// What was wrong and what is allowed.
    detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Tell of use.
///
/// A batch of events: `instance` (what a process says of itself), `summary` (counts of evaluations), `exposure` (a unit met an arm of a
/// run) and `track` (a value of a metric). 200 means durable; (`session`, `sequence`) counts once. Events that are wrong by
/// themselves are told under `refused`, the others are kept; unknown kinds and members are ignored. docs/API-DESIGN.md
/// tells what is taken with a client key.
#[utoipa::path(
    post, path = "/api/v1/sdk/events", tag = "SDK", operation_id = "sendEvents",
    request_body = EventBatch,
    responses(
        (status = 200, description = "Taken, and durable", body = EventsAnswer),
        (status = 400, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The key is known to be bad", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key is good, but not for this", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too many bytes or events: send it in two", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The envelope is wrong: send it no more", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "No room just now; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is away; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn events(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Problem> {
    let wanted = [CredentialKind::Server, CredentialKind::Client];
    let evaluator = Evaluator::of(&app, &headers, address, &wanted).await?;
    let bytes = intake::read(&headers, body, BODY_LIMIT).await?;
    if !app.health.database_up() {
        return Err(away());
    }
    let trust = if evaluator.client.is_some() { Trust::Client } else { Trust::Server };
    let place = app.usage.admit(trust).map_err(not_stored)?;
    let units = Units::of(&app.registry.identity().secret, &evaluator.cell.id).ok_or_else(away)?;
    let image = evaluator.cell.image();
    let reading = told::Reading { environment_id: &evaluator.cell.id, trust, image: &image, units: &units };
    let read = || body::read(&bytes, &reading);
    let (batch, answer) = if bytes.len() > LARGE { tokio::task::block_in_place(read) } else { read() }?;
    let answer = match app.usage.submit(place, batch).await.map_err(not_stored)? {
        Stored::New => answer,
        Stored::Repeated => EventsAnswer { repeated: true, ..EventsAnswer::default() },
    };
    Reply::ok(&answer)
}

fn away() -> Problem {
    Problem::unavailable("events cannot be stored while the database is away. Send the same batch again")
}

fn not_stored(why: NotStored) -> Problem {
    match why {
        NotStored::Busy => {
            let span = RETRY_AFTER.end() - RETRY_AFTER.start() + 1;
            let seconds = RETRY_AFTER.start() + getrandom::u32().unwrap_or_default() % span;
            Problem::too_many(
                "too many batches are being stored just now: send the same batch again",
                seconds,
            )
        }
        NotStored::Away => away(),
        NotStored::Refused => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed inside; the logs tell more under the request's id",
        ),
    }
}
