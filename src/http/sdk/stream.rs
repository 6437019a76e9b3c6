//! `GET /api/v1/sdk/stream`: the snapshot, then every change of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::events::body::INSTANCE_LIMIT;
use super::events::event::{LABEL_KEY_LIMIT, LABEL_VALUE_LIMIT, LABELS_LIMIT, WORD_LIMIT, text};
use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::http::evaluator::Evaluator;
use crate::http::event_stream::{last_event, listen, look_ahead};
use crate::http::openapi::sdk::StreamEvent;
use crate::http::problem::Problem;
use crate::stream::kind::StreamKind;
use crate::stream::listeners::Introduction;
use crate::stream::rules::RulesFeed;

/// Listen to the rules.
///
/// Server-sent events: `put` with the whole snapshot first, then `patch` with `{"epoch", "from", "revision", "flags", "segments",
/// "layers"}` for each change; a document that is gone is `null`. The id of each is `<epoch>-<revision>`. With `Last-Event-ID`
/// the stream goes on from there, if what came since is still kept. A comment is a heartbeat. `goodbye` with
/// `{"reconnectAfterMs", "reason"}` comes before the server closes. docs/API-DESIGN.md tells all of it.
#[utoipa::path(
    get, path = "/api/v1/sdk/stream", tag = "SDK", operation_id = "streamSnapshot",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the caller has seen"),
        ("instanceId" = Option<String>, Query, description = "A name of the caller's own for this process; admins see who listens"),
        ("sdk" = Option<String>, Query, description = "The SDK's name"),
        ("sdkVersion" = Option<String>, Query, description = "The SDK's version"),
        ("label.KEY" = Option<String>, Query, description = "What the caller's owner calls it; at most 16 of these"),
    ),
    responses(
        (status = 200, description = "The stream", body = StreamEvent, content_type = "text/event-stream"),
        (status = 400, description = "What the caller says of itself is too long", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The key is known to be bad", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key is good, but not for this", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No place for one more stream, or nothing to send yet; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn stream(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let evaluator = Evaluator::of(&app, &headers, address, &[CredentialKind::Server]).await?;
    let introduction = introduction(&uri, &evaluator.cell.id, app.clock.now_micros())?;
    let last = last_event(&headers);
    look_ahead(&app, &evaluator, last);
    listen(&app, evaluator, StreamKind::Server, |place| {
        if let Some(introduction) = introduction {
            place.introduce(app.listeners.enter(introduction, last));
        }
        RulesFeed::resume(last)
    })
}

/// What the caller says of itself; None when it has no name.
fn introduction(uri: &Uri, environment_id: &str, at: i64) -> Result<Option<Introduction>, Problem> {
    let bad = |name: &str, said: &str| {
        let detail = format!("the parameter \"{name}\" is {said}");
        Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
    };
    let query = Query::<BTreeMap<String, String>>::try_from_uri(uri).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query string cannot be read")
    })?;
    let word = |name: &str, limit: usize| match query.get(name).filter(|word| !word.is_empty()) {
        None => Ok(String::new()),
        Some(word) => text(word, limit).map(|()| word.clone()).map_err(|allowed| bad(name, &allowed)),
    };
    let instance_id = word("instanceId", INSTANCE_LIMIT)?;
    let (sdk, sdk_version) = (word("sdk", WORD_LIMIT)?, word("sdkVersion", WORD_LIMIT)?);
    let mut labels = BTreeMap::new();
    for (name, key) in query.keys().filter_map(|name| Some((name, name.strip_prefix("label.")?))) {
        text(key, LABEL_KEY_LIMIT)
            .map_err(|allowed| bad("label.KEY", &format!("followed by a key of {allowed}")))?;
        labels.insert(key.to_owned(), word(name, LABEL_VALUE_LIMIT)?);
    }
    if labels.len() > LABELS_LIMIT {
        return Err(bad("label.KEY", &format!("there at most {LABELS_LIMIT} times")));
    }
    if instance_id.is_empty() {
        return Ok(None);
    }
    let environment_id = environment_id.to_owned();
    Ok(Some(Introduction { environment_id, instance_id, sdk, sdk_version, labels, at }))
}
