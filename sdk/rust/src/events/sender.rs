//! The task that sends what is kept: every `flushInterval`, when half of a queue is full, when somebody asks, and at the end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::header::{self, HeaderValue};
use tokio::sync::oneshot;

use super::item::{Heartbeat, Item, Lost};
use super::outbox::{Fate, Outbox};
use crate::backoff::{Backoff, about};
use crate::core::Core;
use crate::http::{Ask, Http, pause};
use crate::moment::{now_ms, rfc3339};

/// What the end of a client may take: `close` ends within a second.
const LAST: Duration = Duration::from_millis(900);
/// The most batches of one turn: more than full buffers hold.
const BATCHES: usize = 200;
/// An answer to a batch is short.
const ANSWER_BYTES: usize = 1 << 20;

/// What the task holds.
struct Sender {
    core: Arc<Core>,
    http: Http,
    outbox: Outbox,
    backoff: Backoff,
    /// Since when it is counted.
    since_ms: i64,
    /// The server asked not to be asked before.
    not_before: Instant,
    /// The client has ended: what is under way is the last.
    is_last: bool,
    /// That events are dropped was said.
    warned: bool,
    /// That the server refuses events of batches that it takes was said.
    refusal_warned: bool,
}

/// Sends until the client ends.
pub(crate) async fn run(core: Arc<Core>, http: Http) {
    let requests = core.flush_requests.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut requests) = requests else { return };
    if !core.counts {
        return;
    }
    let settings = &core.settings;
    let backoff = Backoff::new(settings.backoff_min, settings.backoff_max, settings.healthy_after);
    let mut sender = Sender {
        outbox: Outbox::new(&core.instance, &session()),
        http,
        backoff,
        since_ms: now_ms(),
        not_before: Instant::now(),
        is_last: false,
        warned: false,
        refusal_warned: false,
        core: Arc::clone(&core),
    };
    let mut pause = about(settings.flush_interval, fastrand::f64());
    loop {
        let mut waiting: Option<oneshot::Sender<()>> = None;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = core.tally.half_full.notified() => {}
            Some(request) = requests.recv() => waiting = Some(request),
            () = core.ended.cancelled() => {}
        }
        let sent = if core.ended.is_cancelled() { Ok(()) } else { sender.send_all().await };
        if core.ended.is_cancelled() {
            // What was under way is sent again as it was: it counts once.
            sender.is_last = true;
            let _ = tokio::time::timeout(LAST, sender.send_all()).await;
            return;
        }
        pause = sent.err().unwrap_or_else(|| about(settings.flush_interval, fastrand::f64()));
        if let Some(waiting) = waiting {
            // Who asked may have stopped waiting.
            let _ = waiting.send(());
        }
    }
}

/// 16 random hex digits.
fn session() -> String {
    let mut bytes = [0; 8];
    let number = match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => fastrand::u64(..),
    };
    format!("{number:016x}")
}

impl Sender {
    /// Sends everything, a heartbeat at least. Fails with how long to wait before what is left is tried again.
    async fn send_all(&mut self) -> Result<(), Duration> {
        let left = self.not_before.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return Err(left);
        }
        let mut is_first = true;
        // What comes faster than it is sent would never let it end.
        for _ in 0..BATCHES {
            if self.outbox.first().is_none() {
                self.collect(is_first).await;
                if self.outbox.first().is_none() {
                    return Ok(());
                }
                is_first = false;
            }
            self.send_one().await?;
        }
        Ok(())
    }

    /// Makes the next batch of what is kept, if there is anything.
    async fn collect(&mut self, heartbeat_is_due: bool) {
        if heartbeat_is_due {
            let core = Arc::clone(&self.core);
            let counted =
                tokio::task::spawn_blocking(move || core.tally.take(core.image.load_full().as_ref()));
            let (from, to) = (self.since_ms, now_ms());
            let lines = counted.await.unwrap_or_default();
            self.since_ms = to;
            self.outbox.put(Item::summaries(from, to, &lines));
        }
        let tally = &self.core.tally;
        let more = || {
            let exposure = tally.exposures.pop().map(|one| Item::exposure(&one));
            exposure.or_else(|| tally.tracks.pop().map(|one| Item::track(&one)))
        };
        if !heartbeat_is_due && self.outbox.is_empty() {
            match more() {
                Some(item) => self.outbox.put([item]),
                None => return,
            }
        }
        let heartbeat = heartbeat(&self.core);
        let lost = self.outbox.pack(&heartbeat, more);
        tally.dropped.add(lost);
    }

    async fn send_one(&mut self) -> Result<(), Duration> {
        let Some(batch) = self.outbox.first() else { return Ok(()) };
        let ask = Ask {
            method: Method::POST,
            path: "/api/v1/sdk/events".into(),
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            body: batch.body.clone(),
        };
        let answer = tokio::select! {
            answer = self.http.fetch(&ask, self.core.settings.read_timeout, ANSWER_BYTES) => answer,
            () = self.core.ended.cancelled(), if !self.is_last => return Err(Duration::ZERO),
        };
        let mut refused = (0, Lost::default());
        let (fate, error) = match answer {
            Ok(answer) => {
                let status = answer.status.as_u16();
                if status == 200 {
                    refused = batch.refused(&answer.body);
                }
                (Fate::of(status, pause(&answer.headers)), format!("the events were answered with {status}"))
            }
            Err(error) => (Fate::Again(None), error.to_string()),
        };
        let lost = self.outbox.settle(fate, &heartbeat(&self.core));
        self.core.tally.dropped.add(lost);
        match fate {
            Fate::Done => {
                self.refused(refused);
                self.warned = false;
                self.backoff.worked(Instant::now());
            }
            Fate::Split => {}
            Fate::Drop => {
                if !std::mem::replace(&mut self.warned, true) {
                    tracing::warn!(target: "pennon", error, "events are dropped");
                }
            }
            Fate::Again(asked) => {
                tracing::debug!(target: "pennon", error, "events are sent again later");
                let now = Instant::now();
                self.not_before = now + asked.unwrap_or_default();
                return Err(self.backoff.failed(now, asked.unwrap_or_default(), fastrand::f64()));
            }
        }
        Ok(())
    }
}

impl Sender {
    /// Counts what the server did not take of a batch. Its words may name a unit, so they are not logged.
    fn refused(&mut self, (count, lost): (usize, Lost)) {
        self.core.tally.dropped.add(lost);
        if count > 0 && !std::mem::replace(&mut self.refusal_warned, true) {
            tracing::warn!(target: "pennon", count, "the server refuses some of the events; they are dropped");
        }
    }
}

fn heartbeat(core: &Core) -> String {
    let status = core.board.now();
    let since = core.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let heartbeat = Heartbeat {
        kind: "instance",
        at: rfc3339(now_ms()),
        sdk: crate::SDK,
        sdk_version: crate::VERSION,
        started_at: rfc3339(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        state: status.state.as_str(),
        revision: status.revision.map(|revision| revision.to_string()),
        healthy: core.healthy.load(Ordering::Relaxed),
        labels: &core.settings.labels,
        dropped: core.tally.dropped.total(),
    };
    // Writing text and numbers to memory does not fail.
    serde_json::to_string(&heartbeat).unwrap_or_default()
}
