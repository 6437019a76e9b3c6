//! Keys of a project's environments, and API tokens, of a project or of the installation.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patched::Patched;
use crate::app::{App, AppState};
use crate::auth::secret::CredentialKind;
use crate::domain::issue::Issue;
use crate::domain::role::Grant;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::Done;
use crate::service::access_keys::{End, KeyView, NewKey, Rotation};
use crate::service::audit::rfc3339;

/// How long a rotated key goes on working when the caller names no time, seconds: a day.
const DEFAULT_OVERLAP: i64 = 86_400;

/// A key or a token. The secret is shown once, in the answer that made it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its id.
    id: String,
    /// What it is for.
    #[schema(value_type = KeyKind)]
    kind: String,
    /// Its name.
    name: String,
    /// Its project; absent for a token of the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// Its environment; absent for a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// The public part of its text.
    selector: String,
    /// What a token may do.
    grants: Vec<Grant>,
    /// Origins from which a client key may be used; none named is any.
    origins: Vec<String>,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// When it was last used, to about a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// The id of the key that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_to: Option<String>,
    /// The whole text, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", try_from = "String")]
pub enum KeyKind {
    /// Evaluates, and reads the rules of one environment.
    Server,
    /// Evaluates client-visible flags of one environment; safe to publish.
    Client,
    /// Uses the admin API.
    Api,
}

/// From its name alone: what is derived would take `{"api": null}` too.
impl TryFrom<String> for KeyKind {
    type Error = String;

    fn try_from(name: String) -> Result<KeyKind, String> {
        match name.as_str() {
            "server" => Ok(KeyKind::Server),
            "client" => Ok(KeyKind::Client),
            "api" => Ok(KeyKind::Api),
            _ => Err(format!("there is no kind \"{name}\": server, client or api")),
        }
    }
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewKeyBody {
    /// What it is for.
    kind: KeyKind,
    /// Its name: what uses it.
    name: String,
    /// The environment of a server or client key.
    #[serde(default)]
    environment: Option<String>,
    /// What a token may do: 1 to 50 roles, each with its place.
    #[serde(default)]
    grants: Vec<Grant>,
    /// Origins from which a client key may be used; none named is any.
    #[serde(default)]
    origins: Vec<String>,
    /// When it ends, RFC 3339; absent: never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Body of `/rotate`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotate {
    /// How long the old key goes on working, seconds; a day when absent, 30 days at most.
    #[serde(default)]
    overlap_seconds: Option<i64>,
    /// When the new key ends, RFC 3339; null: never; absent: it lives as long, from now, as the old one was made for.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Patched<String>,
}

impl Rotate {
    fn rotation(self) -> Result<Rotation, Problem> {
        let end = match self.expires_at {
            Patched::Absent => End::Alike,
            Patched::Null => End::Never,
            Patched::Given(text) => End::At(date(&text)?),
        };
        Ok(Rotation { overlap: self.overlap_seconds.unwrap_or(DEFAULT_OVERLAP), end })
    }
}

impl From<KeyView> for Key {
    fn from(view: KeyView) -> Self {
        let key = view.key;
        Key {
            id: key.id,
            kind: key.kind,
            name: key.name,
            project: key.project,
            environment: key.environment,
            selector: key.selector,
            grants: serde_json::from_str(&key.grants).unwrap_or_default(),
            origins: serde_json::from_str(&key.origins).unwrap_or_default(),
            created_at: rfc3339(key.created_at),
            created_by: key.created_by,
            expires_at: key.expires_at.map(rfc3339),
            revoked_at: key.revoked_at.map(rfc3339),
            last_used_at: key.last_used_at.map(rfc3339),
            rotated_to: key.rotated_to,
            secret: view.secret,
        }
    }
}

/// List the keys and tokens of a project, oldest first.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/keys", tag = "Keys", operation_id = "listKeys",
    params(("project" = String, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<Key>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_keys(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let page = app.service.keys(&call.request, Some(&project), call.cursor(), call.limit()?).await?;
    Reply::ok(&PageBody::from(page, Key::from))
}

/// Make one. The answer shows the secret, once.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/keys", tag = "Keys", operation_id = "createKey",
    params(("project" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = NewKeyBody,
    responses((status = 201, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn create_key(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.create_key(&call.request, Some(&project), &new_key(&call)?).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// Read one.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/keys/{key}", tag = "Keys", operation_id = "getKey",
    params(("project" = String, Path), ("key" = String, Path, description = "Its id")),
    responses((status = 200, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_key(
    State(app): State<AppState>,
    Path((project, key)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    Reply::ok(&Key::from(app.service.key(&call.request, Some(&project), &key).await?))
}

/// Revoke one: every node refuses it with the next revision. Revoking twice changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}/keys/{key}", tag = "Keys", operation_id = "revokeKey",
    params(("project" = String, Path), ("key" = String, Path, description = "Its id")),
    responses((status = 200, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn revoke_key(
    State(app): State<AppState>,
    Path((project, key)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.revoke_key(&call.request, Some(&project), &key).await?;
    reply(&app, done).await
}

/// Make a new one like it; the old one goes on working for the overlap, then ends.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/keys/{key}/rotate", tag = "Keys", operation_id = "rotateKey",
    params(("project" = String, Path), ("key" = String, Path, description = "Its id"), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$")),
    request_body = Rotate,
    responses((status = 201, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn rotate_key(
    State(app): State<AppState>,
    Path((project, key)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let rotation = call.json::<Rotate>()?.rotation()?;
    let done = app.service.rotate_key(&call.request, Some(&project), &key, rotation).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// List the tokens of the installation, oldest first.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "Keys", operation_id = "listTokens",
    params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<Key>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_tokens(State(app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let page = app.service.keys(&call.request, None, call.cursor(), call.limit()?).await?;
    Reply::ok(&PageBody::from(page, Key::from))
}

/// Make one. The answer shows the secret, once.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "Keys", operation_id = "createToken",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = NewKeyBody,
    responses((status = 201, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn create_token(State(app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let done = app.service.create_key(&call.request, None, &new_key(&call)?).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// Read one.
#[utoipa::path(
    get, path = "/api/v1/keys/{key}", tag = "Keys", operation_id = "getToken",
    params(("key" = String, Path, description = "Its id")),
    responses((status = 200, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_token(
    State(app): State<AppState>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    Reply::ok(&Key::from(app.service.key(&call.request, None, &key).await?))
}

/// Revoke one: every node refuses it with the next revision. Revoking twice changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key}", tag = "Keys", operation_id = "revokeToken",
    params(("key" = String, Path, description = "Its id")),
    responses((status = 200, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn revoke_token(
    State(app): State<AppState>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.revoke_key(&call.request, None, &key).await?;
    reply(&app, done).await
}

/// Make a new one like it; the old one goes on working for the overlap, then ends.
#[utoipa::path(
    post, path = "/api/v1/keys/{key}/rotate", tag = "Keys", operation_id = "rotateToken",
    params(("key" = String, Path, description = "Its id"), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$")),
    request_body = Rotate,
    responses((status = 201, body = Key),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn rotate_token(
    State(app): State<AppState>,
    Path(key): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let rotation = call.json::<Rotate>()?.rotation()?;
    let done = app.service.rotate_key(&call.request, None, &key, rotation).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

fn new_key(call: &Call) -> Result<NewKey, Problem> {
    let body: NewKeyBody = call.json()?;
    let kind = match body.kind {
        KeyKind::Server => CredentialKind::Server,
        KeyKind::Client => CredentialKind::Client,
        KeyKind::Api => CredentialKind::Api,
    };
    Ok(NewKey {
        kind,
        name: body.name,
        environment: body.environment,
        grants: body.grants,
        origins: body.origins,
        expires_at: body.expires_at.as_deref().map(date).transpose()?,
    })
}

/// Microseconds of a date and time of RFC 3339: seconds and zone are not left to guesses.
fn date(text: &str) -> Result<i64, Issue> {
    let (day, rest) = text.split_at_checked(10).unwrap_or_default();
    let (time, zone) = rest.split_at_checked(9).unwrap_or_default();
    let shaped = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| {
                if wanted == b'0' { byte.is_ascii_digit() } else { byte.eq_ignore_ascii_case(&wanted) }
            })
    };
    let zone = match zone.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        Some(_) => "",
        None => zone,
    };
    let zoned = shaped(zone, "Z") || shaped(zone, "+00:00") || shaped(zone, "-00:00");
    let is_shaped = shaped(day, "0000-00-00") && shaped(time, "T00:00:00") && zoned;
    let at = text.parse::<jiff::Timestamp>().ok().filter(|_| is_shaped);
    at.map(jiff::Timestamp::as_microsecond).ok_or_else(|| {
        let detail = "a time is RFC 3339 with a zone, such as 2027-01-01T00:00:00Z";
        Issue::new("/expiresAt", "invalid_date", detail)
    })
}

async fn reply(app: &App, done: Done<KeyView>) -> Result<Reply, Problem> {
    Ok(Reply::ok(&Key::from(done.view.clone()))?.of(app, &done).await)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn a_date_is_rfc_3339_and_nothing_less() {
        let second = 1_000_000;
        for (good, at) in [
            ("1970-01-01T00:00:01Z", second),
            ("1970-01-01t00:00:01z", second),
            ("1970-01-01T02:00:01+02:00", second),
            ("1969-12-31T23:30:01.5-00:30", second + second / 2),
        ] {
            assert_eq!(date(good).unwrap(), at, "{good}");
        }
        for bad in [
            "",
            "tomorrow",
            "2099-12-30",
            "2099-12-30 00Z",
            "2099-12-30T00:00Z",
            "2099-12-30T00:00:00",
            "2099-12-30 00:00:00Z",
            "2099-12-30T00:00:00.Z",
            "2099-12-30T00:00:00+02",
            "2099-12-30T00:00:00Z[UTC]",
            "2099-02-30T00:00:00Z",
            "+002099-12-30T00:00:00Z",
            "é099-12-30T00:00:00Z",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
