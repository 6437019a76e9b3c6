//! From a request's credential to who is calling. 401 means known to be bad; what cannot be checked now is 503.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::app::App;
use crate::auth::secret::CredentialKind;
use crate::auth::verifiers::{Rejected, Verifier};

/// How long an unknown key waits for this node to hear of keys made elsewhere.
const UNKNOWN_WAIT: Duration = Duration::from_secs(1);

/// The credential of a request: `Authorization: Bearer …`, or `X-API-Key`.
#[must_use]
pub fn credential(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| {
        let (scheme, rest) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
    });
    bearer.or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::trim))
}

/// Checks a request's credential and that it is of a wanted kind.
pub async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    wanted: &[CredentialKind],
) -> Result<Arc<Verifier>, Problem> {
    let Some(text) = credential(headers) else { return Err(rejected(Rejected::Absent)) };
    let verifier = match app.registry.verifiers.check(text, app.clock.now_micros()) {
        Ok(verifier) => verifier,
        Err(Rejected::Unknown) if !app.registry.verifiers.knows(text) => unknown(app, text).await?,
        Err(why) => return Err(rejected(why)),
    };
    if wanted.contains(&verifier.kind) {
        return Ok(verifier);
    }
    let wanted: Vec<&str> = wanted.iter().map(|kind| describe(*kind)).collect();
    let detail = format!("this is {}; {} is wanted here", describe(verifier.kind), wanted.join(" or "));
    Err(Problem::new(StatusCode::FORBIDDEN, "wrong_key_kind", detail))
}

/// The key with a public part that somebody else has vouched for, if it is good.
pub async fn holder(app: &App, selector: &str) -> Result<Option<Arc<Verifier>>, Problem> {
    let verifiers = &app.registry.verifiers;
    if verifiers.has(selector) {
        return Ok(verifiers.good(selector, app.clock.now_micros()));
    }
    let checked = refreshed(app).await;
    match verifiers.good(selector, app.clock.now_micros()) {
        None if !checked => Err(uncheckable()),
        found => Ok(found),
    }
}

/// Whether the database has just been asked for keys made elsewhere.
async fn refreshed(app: &App) -> bool {
    app.health.database_up() && app.sync.refresh(UNKNOWN_WAIT).await && app.health.database_up()
}

fn uncheckable() -> Problem {
    Problem::unavailable("this key cannot be checked while the database is away. Try again")
}

/// A key this node has never heard of may have been made on another node a moment ago.
async fn unknown(app: &App, text: &str) -> Result<Arc<Verifier>, Problem> {
    let checked = refreshed(app).await;
    match app.registry.verifiers.check(text, app.clock.now_micros()) {
        Ok(verifier) => Ok(verifier),
        Err(why) if checked => Err(rejected(why)),
        Err(_) => Err(uncheckable()),
    }
}

fn rejected(why: Rejected) -> Problem {
    let detail = match why {
        Rejected::Absent => "send a key as `Authorization: Bearer …` or as `X-API-Key`",
        Rejected::Malformed => {
            "this is not a key of Pennon: they look like pnn_srv_…, pnn_cli_… or pnn_api_…"
        }
        Rejected::Unknown => "this key is not known here",
        Rejected::Revoked => "this key was revoked",
        Rejected::Expired => "this key has expired",
        Rejected::Unreadable => {
            return Problem::unavailable(
                "a newer version of the server wrote what this key may do: this node cannot tell until it runs that version",
            );
        }
    };
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
}

fn describe(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Server => "a server key",
        CredentialKind::Client => "a client key",
        CredentialKind::Api => "an API token",
    }
}
