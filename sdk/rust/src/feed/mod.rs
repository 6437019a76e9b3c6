//! Keeps the snapshot current: a stream that is opened again whenever it ends, and polls while it gives nothing.
//!
//! Must not hold more than one stream, and must not evaluate.

mod outage;
mod poll;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::cache;
use crate::core::Core;
use crate::events::sender;
use crate::http::Http;
use crate::moment::now_ms;
use crate::order::Verdict;
use crate::status::Source;
use crate::wire::Patch;

use outage::Outage;

/// Clocks may be set: a date is not slept towards for longer.
const DATES: Duration = Duration::from_secs(30);

/// What the stream and the polls share.
struct Feed {
    core: Arc<Core>,
    http: Http,
    /// Whether polls are wanted, since the stream gives nothing.
    polls: watch::Sender<bool>,
    outage: Outage,
}

/// Begins to listen, until the client ends. Without a server, only to the clock.
pub(crate) fn spawn(core: &Arc<Core>, server: Option<(Http, String)>, runtime: &Handle) {
    let (core, tasks) = (|| Arc::clone(core), &core.tasks);
    tasks.spawn_on(dates(core()), runtime);
    if let Some((http, url)) = server {
        tasks.spawn_on(follow(core(), http.clone(), url), runtime);
        tasks.spawn_on(cache::keep(core()), runtime);
        tasks.spawn_on(sender::run(core(), http), runtime);
    }
}

async fn follow(core: Arc<Core>, http: Http, url: String) {
    let outage = Outage::new(url);
    let feed = Feed { http, polls: watch::Sender::new(false), outage, core };
    tokio::select! {
        () = stream::follow(&feed) => {}
        () = poll::follow(&feed) => {}
        () = feed.core.ended.cancelled() => {}
    }
}

/// Tells who watches a flag when a date passes that it compares `$now` with.
async fn dates(core: Arc<Core>) {
    let mut status = core.board.watch();
    loop {
        let image = core.image.load_full();
        let next = image.as_ref().and_then(|image| core.watchers.next(image));
        let pause = next.map_or(DATES, |next| {
            Duration::from_millis(u64::try_from(next.saturating_sub(now_ms())).unwrap_or(0)).min(DATES)
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                if let Some(image) = image {
                    core.watchers.passed(&image, now_ms());
                }
            }
            changed = status.changed() => if changed.is_err() { return },
            () = core.ended.cancelled() => return,
        }
    }
}

/// Why something that came is not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Dropped {
    #[error("a snapshot cannot be read: {0}")]
    Put(#[from] pennon_engine::SnapshotError),
    #[error("a change cannot be read: {0}")]
    Patch(#[from] serde_json::Error),
    #[error("a change does not begin at the snapshot that is served")]
    Gap,
    #[error("the runtime ends")]
    Ending,
}

impl Feed {
    /// Serves a whole snapshot, if it is newer.
    async fn put(&self, text: impl AsRef<[u8]> + Send + 'static, source: Source) -> Result<(), Dropped> {
        let core = Arc::clone(&self.core);
        blocking(move || {
            core.put(pennon_engine::Snapshot::from_json(text.as_ref())?, source);
            Ok(())
        })
        .await
    }

    /// Serves a change.
    async fn patch(&self, text: String) -> Result<(), Dropped> {
        let core = Arc::clone(&self.core);
        blocking(move || {
            let patch = Patch::deserialize(&mut serde_json::Deserializer::from_str(&text))?;
            if core.patch(&patch, Source::Stream) == Verdict::Gap { Err(Dropped::Gap) } else { Ok(()) }
        })
        .await
    }

    /// The server is heard, by the stream or by a poll.
    fn heard(&self) {
        self.outage.over();
    }

    /// The server is not heard: an outage begins, unless the other way still works.
    fn lost(&self, error: &str, key_is_bad: bool) {
        if key_is_bad {
            self.outage.refused(error);
        } else if !self.core.board.hears() {
            self.outage.begins(error);
        }
    }
}

/// Large snapshots take longer to read than a task may hold up others.
async fn blocking(work: impl FnOnce() -> Result<(), Dropped> + Send + 'static) -> Result<(), Dropped> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Dropped::Ending)?
}

/// Whether the key is bad, for as long as nobody changes that.
fn is_key_bad(status: hyper::StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403)
}
