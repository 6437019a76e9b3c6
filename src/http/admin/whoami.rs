//! Who is calling: what a token may do, as its holder may see it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::domain::role::Grant;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::Reply;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhoAmI {
    /// What kind of credential: `api`.
    kind: &'static str,
    /// Its id, as the audit log tells it.
    id: String,
    /// Its name.
    name: String,
    /// What it may do.
    grants: Vec<Grant>,
}

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/whoami", tag = "Keys", operation_id = "whoAmI",
    responses((status = 200, body = WhoAmI),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn whoami(State(_app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let caller = call.request.caller;
    Reply::ok(&WhoAmI { kind: "api", id: caller.id, name: caller.name, grants: caller.grants })
}
