//! [`Core`]: what a client and its tasks share. The snapshot that is served, and the one way to another one.
//!
//! Must not talk to the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use pennon_engine::{Meta, Snapshot};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events::tally::Tally;
use crate::image::Image;
use crate::moment::{Moment, now_ms};
use crate::order::{Revision, Verdict, judge_patch, judge_put};
use crate::settings::Settings;
use crate::status::{Board, Mode, Source};
use crate::watchers::Watchers;
use crate::wire::Patch;

/// Flushes that somebody waits for. More would only wait for the same.
const FLUSHES: usize = 16;

/// What a client and its tasks share.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) instance: String,
    pub(crate) started: SystemTime,
    pub(crate) image: ArcSwapOption<Image>,
    /// What is served is the bootstrap, of which the server has said nothing. Changed by whoever writes.
    is_bootstrap: AtomicBool,
    pub(crate) board: Board,
    pub(crate) watchers: Watchers,
    pub(crate) tally: Tally,
    /// Whether anything is counted.
    pub(crate) counts: bool,
    pub(crate) healthy: AtomicBool,
    pub(crate) moment: Option<Moment>,
    /// That the cache cannot be used was said.
    pub(crate) cache_warned: AtomicBool,
    /// Another snapshot is served.
    pub(crate) replaced: Notify,
    /// The client is closed, or nobody holds it any more.
    pub(crate) ended: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) flushes: mpsc::Sender<oneshot::Sender<()>>,
    /// For the sender to take.
    pub(crate) flush_requests: Mutex<Option<mpsc::Receiver<oneshot::Sender<()>>>>,
    /// One replaces the snapshot at a time.
    writer: Mutex<()>,
    /// Until when evaluations are waited for; set by who waits first.
    pub(crate) wait_until: Mutex<Option<Instant>>,
    threads: usize,
}

/// What is served now, and what was before.
struct Served {
    old: Option<Arc<Image>>,
    image: Arc<Image>,
    source: Source,
}

impl Core {
    pub(crate) fn new(settings: Settings, offline: bool, moment: Option<Moment>) -> Self {
        let started = SystemTime::now();
        let mode = match settings.endpoint {
            _ if offline => Mode::Offline,
            None => Mode::Unconfigured,
            Some(_) => Mode::Connecting,
        };
        let (flushes, requests) = mpsc::channel(FLUSHES);
        let tasks = TaskTracker::new();
        // So that whoever waits for them waits for those that were spawned, and not for more.
        tasks.close();
        Self {
            instance: settings.instance_id.clone().unwrap_or_else(instance_id),
            started,
            image: ArcSwapOption::empty(),
            is_bootstrap: AtomicBool::new(false),
            board: Board::new(mode, started),
            watchers: Watchers::new(now_ms()),
            tally: Tally::new(),
            counts: settings.events && settings.endpoint.is_some(),
            healthy: AtomicBool::new(true),
            moment,
            cache_warned: AtomicBool::new(false),
            replaced: Notify::new(),
            ended: CancellationToken::new(),
            tasks,
            flushes,
            flush_requests: Mutex::new(Some(requests)),
            writer: Mutex::default(),
            wait_until: Mutex::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            settings,
        }
    }

    /// Serves the newer of what there is to begin with.
    pub(crate) fn begin(&self, bootstrap: Option<Snapshot>, cache: Option<Snapshot>) {
        for (snapshot, source) in [(cache, Source::Cache), (bootstrap, Source::Bootstrap)] {
            if let Some(snapshot) = snapshot {
                self.put(snapshot, source);
            }
        }
    }

    /// Serves this snapshot, unless what is served is as new. Nothing orders a bootstrap of another environment and what the
    /// server sends: the server is right.
    pub(crate) fn put(&self, snapshot: Snapshot, source: Source) -> Verdict {
        let writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.image.load_full();
        let is_elsewhere = held.as_ref().is_some_and(|held| {
            let place = |meta: &Meta| (meta.project.clone(), meta.environment.clone());
            self.serves_bootstrap() && place(held.snapshot.meta()) != place(snapshot.meta())
        });
        let held = held.filter(|_| !is_elsewhere).map(|held| held.revision());
        let verdict = judge_put(held, snapshot.meta().into());
        let served = (verdict == Verdict::Apply).then(|| self.serve(snapshot, source));
        drop(writing);
        self.tell(served);
        verdict
    }

    /// Serves what the snapshot becomes by this change, if it is a change of what is served.
    pub(crate) fn patch(&self, patch: &Patch<'_>, source: Source) -> Verdict {
        let writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.image.load_full();
        let verdict = judge_patch(held.as_ref().map(|image| image.revision()), patch.revision(), patch.from);
        let next = held.filter(|_| verdict == Verdict::Apply).map(|held| patch.apply(&held.snapshot));
        let served = next.map(|next| self.serve(next, source));
        drop(writing);
        self.tell(served);
        verdict
    }

    /// Serves it from now on.
    fn serve(&self, snapshot: Snapshot, source: Source) -> Served {
        let image = Arc::new(Image::new(snapshot, if self.counts { self.threads } else { 1 }));
        let old = self.image.swap(Some(Arc::clone(&image)));
        self.is_bootstrap.store(source == Source::Bootstrap, Ordering::Release);
        Served { old, image, source }
    }

    /// Tells whoever wants to know. Not while writing: a listener may do anything.
    fn tell(&self, served: Option<Served>) {
        let Some(Served { old, image, source }) = served else { return };
        // First who watches flags: who waits for the snapshot to watch one afterwards is not told of this one.
        self.watchers.replaced(old.as_deref(), &image);
        self.board.serves(image.revision(), source);
        self.replaced.notify_one();
        if let Some(old) = old.filter(|_| self.counts) {
            self.tally.retire(old);
        }
    }

    pub(crate) fn revision(&self) -> Option<Revision> {
        self.image.load().as_ref().map(|image| image.revision())
    }

    /// What the server may be told that is held, to go on from there: a bootstrap may be of another environment.
    pub(crate) fn resumable(&self) -> Option<Revision> {
        self.revision().filter(|_| !self.serves_bootstrap())
    }

    /// Whether what is served is the bootstrap. When it is not, it never is again.
    pub(crate) fn serves_bootstrap(&self) -> bool {
        self.is_bootstrap.load(Ordering::Acquire)
    }

    /// The revision that need not be written to the cache, since it came from there.
    pub(crate) fn cached(&self) -> Option<Revision> {
        let status = self.board.now();
        status.revision.filter(|_| status.source == Source::Cache)
    }

    /// How long somebody who begins to wait now may wait for the first snapshot. All wait until the same moment, once.
    pub(crate) fn patience(&self, now: Instant) -> Duration {
        let mut until = self.wait_until.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *until.get_or_insert(now + self.settings.start_wait);
        until.saturating_duration_since(now)
    }
}

/// Host name, process id and start: one process, told from every other one.
fn instance_id() -> String {
    /// More of a host's name tells nobody more.
    const HOST: usize = 64;
    let host: String = gethostname::gethostname()
        .to_string_lossy()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(HOST)
        .collect();
    format!("{host}-{}-{}", std::process::id(), now_ms())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, settle};

    fn core() -> Core {
        let given = Given { url: Some("http://a".into()), key: Some("k".into()), ..Given::default() };
        Core::new(settle(given, &|_| None).unwrap().0, false, None)
    }

    fn snapshot(epoch: i64, revision: i64) -> Snapshot {
        let text = format!(r#"{{"epoch":{epoch},"revision":{revision},"flags":{{}}}}"#);
        Snapshot::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_older_snapshot_never_replaces_a_newer_one() {
        let core = core();
        assert_eq!(core.put(snapshot(1, 5), Source::Stream), Verdict::Apply);
        assert_eq!(core.put(snapshot(1, 4), Source::Poll), Verdict::Ignore);
        assert_eq!(core.put(snapshot(1, 5), Source::Poll), Verdict::Ignore);
        assert_eq!(core.board.now().source, Source::Stream);
        assert_eq!(core.put(snapshot(2, 1), Source::Poll), Verdict::Apply);
        assert_eq!(core.revision(), Some(Revision { epoch: 2, number: 1 }));
    }

    #[test]
    fn a_client_begins_with_the_newer_of_cache_and_bootstrap() {
        for (cache, bootstrap, source) in
            [(2, 1, Source::Cache), (1, 2, Source::Bootstrap), (1, 1, Source::Cache)]
        {
            let core = core();
            core.begin(Some(snapshot(1, bootstrap)), Some(snapshot(1, cache)));
            assert_eq!(
                (core.board.now().source, core.revision().map(|one| one.number)),
                (source, Some(2.min(cache.max(bootstrap))))
            );
        }
    }

    #[test]
    fn a_bootstrap_of_another_environment_is_replaced_whatever_its_revision() {
        let place = |environment: &str, revision: i64| {
            let text = format!(
                r#"{{"project":"p","environment":"{environment}","epoch":1,"revision":{revision},"flags":{{}}}}"#
            );
            Snapshot::from_json(text.as_bytes()).unwrap()
        };
        let core = core();
        core.begin(Some(place("staging", 9)), None);
        assert_eq!(core.resumable(), None);
        assert_eq!(core.put(place("staging", 8), Source::Stream), Verdict::Ignore);
        assert_eq!(core.put(place("production", 2), Source::Stream), Verdict::Apply);
        let status = core.board.now();
        assert_eq!(status.revision.map(|one| one.number), Some(2));
        assert_eq!((status.source, core.resumable()), (Source::Stream, status.revision));
        assert_eq!(core.put(place("production", 1), Source::Stream), Verdict::Ignore);
    }

    #[test]
    fn everybody_waits_until_the_same_moment() {
        let (core, now) = (core(), Instant::now());
        assert_eq!(core.patience(now), Duration::from_secs(2));
        assert_eq!(core.patience(now + Duration::from_millis(500)), Duration::from_millis(1_500));
        assert_eq!(core.patience(now + Duration::from_secs(9)), Duration::ZERO);
    }

    #[test]
    fn an_instance_is_named_by_host_process_and_start() {
        let id = instance_id();
        assert!(id.contains(&format!("-{}-", std::process::id())), "{id}");
    }
}
