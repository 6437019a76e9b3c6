//! The audit log as it grows: who changes what, while it happens. Entries are read from the database, by each listener for
//! itself, when this node learns of a change; people listen here, not fleets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::audit::AuditEntry;
use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::auth::verifiers::Verifier;
use crate::http::authenticate::authenticate;
use crate::http::call::Call;
use crate::http::event_stream::{refused, response};
use crate::http::openapi::sdk::StreamEvent;
use crate::http::problem::Problem;
use crate::service::Request;
use crate::service::audit::Entry;
use crate::stream::feed::Event;
use crate::stream::hub::Place;
use crate::stream::kind::{Ended, StreamKind};
use crate::stream::words;

/// Entries read at once.
const BATCH: i64 = 100;
/// Least time between two looks: changes that come faster are read together.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Listen to a project's audit log.
///
/// Server-sent events: `entry` with one entry, oldest first; the id is its `seq`. From now on, or after `after` or
/// `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/audit/stream", tag = "Audit", operation_id = "streamProjectAudit",
    params(("project" = String, Path), ("after" = Option<i64>, Query, description = "Entries after this one"),
        ("Last-Event-ID" = Option<String>, Header, description = "The seq of the last entry that the caller has seen")),
    responses((status = 200, body = StreamEvent, content_type = "text/event-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn stream_project_audit(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    listen(app, Some(project), call).await
}

/// Listen to the installation's audit log.
#[utoipa::path(
    get, path = "/api/v1/audit/stream", tag = "Audit", operation_id = "streamInstallationAudit",
    params(("after" = Option<i64>, Query, description = "Entries after this one"),
        ("Last-Event-ID" = Option<String>, Header, description = "The seq of the last entry that the caller has seen")),
    responses((status = 200, body = StreamEvent, content_type = "text/event-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn stream_installation_audit(State(app): State<AppState>, call: Call) -> Result<Response, Problem> {
    listen(app, None, call).await
}

async fn listen(app: AppState, project: Option<String>, call: Call) -> Result<Response, Problem> {
    let verifier = authenticate(&app, &call.headers, &[CredentialKind::Api]).await?;
    // Subscribed before the log is read: what comes in between is seen by one of the two.
    let news = app.registry.watch_changes();
    let head = app.service.audit_head(&call.request, project.as_deref()).await?.seq;
    let last = match last_seen(&call)? {
        // What lies behind the end was never written: the log went back, and its end is where to go on.
        Some(last) => last.min(head),
        None => head,
    };
    let place = app.hub.admit(StreamKind::Audit, None, app.clock.now_micros()).map_err(refused)?;
    let name = project.as_deref().unwrap_or("installation");
    let now = Instant::now();
    let listener = Box::new(Listener {
        pieces: VecDeque::from([words::greeting(&app.hub, name)]),
        heartbeat_at: now + app.hub.limits().heartbeat,
        ends_at: now + app.hub.age(StreamKind::Audit),
        looked_at: None,
        is_over: false,
        request: call.request,
        app,
        project,
        verifier,
        news,
        last,
        place,
    });
    Ok(response(unfold(listener, |mut listener| async move {
        listener.next().await.map(|piece| (piece, listener))
    })))
}

/// After which entry the caller wants to go on.
fn last_seen(call: &Call) -> Result<Option<i64>, Problem> {
    let sent = call.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    // Only who comes back sends it, and it is the later one then.
    match sent.and_then(|text| text.trim().parse::<i64>().ok()).filter(|seq| *seq >= 0) {
        Some(seq) => Ok(Some(seq)),
        None => call.number("after"),
    }
}

struct Listener {
    app: AppState,
    project: Option<String>,
    request: Request,
    verifier: Arc<Verifier>,
    news: watch::Receiver<u64>,
    last: i64,
    place: Place,
    pieces: VecDeque<Bytes>,
    heartbeat_at: Instant,
    ends_at: Instant,
    looked_at: Option<Instant>,
    is_over: bool,
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(piece);
            }
            if self.is_over {
                return None;
            }
            let now = Instant::now();
            if let Some(why) = self.ending(now) {
                self.is_over = true;
                self.place.ends(why);
                self.app.hub.meters().event(Event::Goodbye);
                return Some(words::goodbye(&self.app.hub, why));
            }
            let is_new = self.looked_at.is_none() || self.news.has_changed().unwrap_or(false);
            if is_new || now >= self.heartbeat_at {
                self.news.borrow_and_update();
                self.heartbeat_at = now + self.app.hub.limits().heartbeat;
                self.look().await;
                if self.pieces.is_empty() && !is_new {
                    self.app.hub.meters().event(Event::Heartbeat);
                    return Some(words::HEARTBEAT);
                }
                continue;
            }
            self.wait(now).await;
        }
    }

    fn ending(&mut self, now: Instant) -> Option<Ended> {
        if self.app.hub.draining().is_cancelled() {
            return Some(Ended::Draining);
        }
        match self.app.registry.verifiers.renewed(&self.verifier, self.app.clock.now_micros()) {
            Some(now) => self.verifier = now,
            None => return Some(Ended::Key),
        }
        (now >= self.ends_at).then_some(Ended::Age)
    }

    /// Reads what was written since; a database that is away is asked again when it is back, or at the next heartbeat.
    async fn look(&mut self) {
        self.looked_at = Some(Instant::now());
        let project = self.project.as_deref();
        let Ok(entries) = self.app.service.audit_after(&self.request, project, self.last, BATCH).await else {
            return;
        };
        if entries.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX) {
            // There is more: look again as soon as these are sent.
            self.looked_at = None;
        }
        for entry in entries {
            self.last = entry.seq;
            self.app.hub.meters().event(Event::Entry);
            self.pieces.push_back(event(entry));
        }
    }

    async fn wait(&mut self, now: Instant) {
        let hub = Arc::clone(&self.app.hub);
        let expiry =
            self.verifier.expires_in(self.app.clock.now_micros()).and_then(|rest| now.checked_add(rest));
        let until = self.heartbeat_at.min(self.ends_at).min(expiry.unwrap_or(self.ends_at));
        let rest =
            self.looked_at.map_or(Duration::ZERO, |at| (at + LOOK_EVERY).saturating_duration_since(now));
        let news = async {
            tokio::time::sleep(rest).await;
            // The registry, which sends them, lives as long as the node.
            let _ = self.news.changed().await;
            self.news.mark_changed();
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep_until(until.into()) => {}
            () = hub.draining().cancelled() => {}
        }
    }
}

fn event(entry: Entry) -> Bytes {
    let seq = entry.seq;
    let data = serde_json::to_string(&AuditEntry::from(entry)).unwrap_or_default();
    Bytes::from(format!("id: {seq}\nevent: entry\ndata: {data}\n\n"))
}
