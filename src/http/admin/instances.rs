//! Who evaluates an environment's flags: what each process told of itself, and who listens to this node.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::schema::Raw;
use crate::app::AppState;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::audit::rfc3339;
use crate::service::usage::Present;
use crate::stream::listeners::Listening;
use crate::stream::position::Position;

/// A process that evaluates flags.
#[expect(clippy::struct_field_names, reason = "instanceId is its name on the wire")]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its name for itself.
    instance_id: String,
    /// Its session; absent as long as it has told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// The kind of its key: `server` or `client`.
    key_kind: &'static str,
    /// The SDK.
    sdk: String,
    /// The SDK's version.
    sdk_version: String,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    /// When it told of itself last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<String>,
    /// How it is, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// `<epoch>-<revision>` that it said it serves, when it told of itself last.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    /// What its owner says of its health.
    #[serde(skip_serializing_if = "Option::is_none")]
    healthy: Option<bool>,
    /// What its owner calls it.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    labels: Raw,
    /// What it has dropped since its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<Dropped>,
    /// Whether it listens to the node that answers.
    connected: bool,
    /// How many streams of its name this node has: forked workers share one.
    connections: usize,
    /// `<epoch>-<revision>` that this node has sent it; of several streams the one that is furthest behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_sent: Option<String>,
    /// How many revisions what it serves, or was sent, is behind this node; absent when that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<i64>,
}

/// What a process has dropped since its start, for want of room.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dropped {
    /// Exposures.
    exposures: i64,
    /// Tracks.
    tracks: i64,
    /// Evaluations.
    evaluations: i64,
}

/// List who evaluates an environment's flags, by name and session.
///
/// What processes told of themselves is the same on every node, and kept for seven days; who is connected is told by the node that
/// answers.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/instances", tag = "Usage", operation_id = "listInstances",
    params(("project" = String, Path), ("environment" = String, Query, description = "The environment's key"),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<Instance>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_instances(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let environment = call.required("environment")?;
    let mut listening: HashMap<String, Vec<Arc<Listening>>> = HashMap::new();
    let by_name = |id: &str| {
        for own in app.listeners.of(id) {
            listening.entry(own.introduction.instance_id.clone()).or_default().push(own);
        }
        listening.keys().cloned().collect()
    };
    let place = (project.as_str(), environment);
    let page = (Present::after(call.cursor()), call.limit()?);
    let found = app.service.instances(&call.request, place, page, by_name).await?;
    let here = app.registry.named(&project, environment).map(|cell| Position::from(&cell.image().head));
    let none = Vec::new();
    let streams = |name: &str| listening.get(name).unwrap_or(&none);
    Reply::ok(&PageBody::from(found, |own| Instance::new(&own, streams(own.name().0), here)))
}

impl Instance {
    fn new(own: &Present, streams: &[Arc<Listening>], here: Option<Position>) -> Instance {
        let sent = streams.iter().filter_map(|stream| stream.sent()).min();
        let common = Instance {
            instance_id: own.name().0.to_owned(),
            session: None,
            key_kind: "server",
            sdk: String::new(),
            sdk_version: String::new(),
            started_at: None,
            last_seen_at: None,
            state: None,
            revision: None,
            healthy: None,
            labels: RawValue::NULL.to_owned(),
            dropped: None,
            connected: !streams.is_empty(),
            connections: streams.len(),
            revision_sent: sent.map(|sent| sent.to_string()),
            behind: behind(sent, here),
        };
        match own {
            Present::Told(told) => common.told(told, here),
            Present::Listening(_) => common.listening(streams),
        }
    }

    fn told(self, told: &crate::service::usage::Instance, here: Option<Position>) -> Instance {
        let serves = told.revision.parse().ok();
        let [exposures, tracks, evaluations] = told.dropped;
        let word = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        // Only who holds a server key can listen to rules.
        let common = if told.trusted { self } else { self.without_streams() };
        Instance {
            session: Some(told.session.clone()),
            key_kind: if told.trusted { "server" } else { "client" },
            sdk: told.sdk.clone(),
            sdk_version: told.sdk_version.clone(),
            started_at: told.started_at.map(rfc3339),
            last_seen_at: Some(rfc3339(told.seen_at)),
            state: word(&told.state),
            revision: word(&told.revision),
            healthy: Some(told.healthy),
            labels: labels(&told.labels),
            dropped: Some(Dropped { exposures, tracks, evaluations }),
            behind: common.behind.or_else(|| behind(serves, here)),
            ..common
        }
    }

    fn listening(self, streams: &[Arc<Listening>]) -> Instance {
        let Some(first) = streams.first() else { return self };
        let said = &first.introduction;
        Instance {
            sdk: said.sdk.clone(),
            sdk_version: said.sdk_version.clone(),
            labels: labels(&serde_json::to_string(&said.labels).unwrap_or_default()),
            ..self
        }
    }

    fn without_streams(self) -> Instance {
        Instance { connected: false, connections: 0, revision_sent: None, behind: None, ..self }
    }
}

/// How many revisions a place is behind another in the same history.
fn behind(place: Option<Position>, here: Option<Position>) -> Option<i64> {
    let (place, here) = (place?, here?);
    (place.epoch == here.epoch).then(|| (here.revision - place.revision).max(0))
}

fn labels(json: &str) -> Raw {
    let empty = || RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    RawValue::from_string(json.to_owned()).unwrap_or_else(|_| empty())
}
