//! The wired parts of one node: one builder for `pennon serve` and for tests.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::images::Images;
use crate::domain::tally::Tallies;
use crate::first_run;
use crate::http::limits::RateLimit;
use crate::http::meters::Meters;
use crate::service::bootstrap::FirstRun;
use crate::service::{Done, Service, ServiceError};
use crate::shutdown::Shutdown;
use crate::snapshot::disk::Disk;
use crate::snapshot::health::Health;
use crate::snapshot::keep::Keeper;
use crate::snapshot::listen;
use crate::snapshot::registry::Registry;
use crate::snapshot::sync::{Sync, jittered};
use crate::store::{Db, migrate};
use crate::stream::borders;
use crate::stream::hub::{Hub, Limits};
use crate::stream::listeners::Listeners;
use crate::telemetry::Metrics;
use crate::usage::flush::Flush;
use crate::usage::writer::Writer;

/// How long an answer to a write waits until this node serves it.
pub const APPLY_WAIT: Duration = Duration::from_secs(1);
/// How often housekeeping runs.
const HOUSEKEEPING_EVERY: Duration = Duration::from_mins(10);
/// How often the last use of keys is noted.
const USED_EVERY: Duration = Duration::from_mins(1);
/// How long the database may take to let go when a node stops: a silent one never does.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);
/// Batches of one housekeeping: what is left waits for the next one.
const PRUNE_BATCHES: u32 = 100;

/// One node.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The use cases.
    pub service: Service,
    /// What is in memory.
    pub registry: Arc<Registry>,
    /// How the node is.
    pub health: Arc<Health>,
    /// The sync loop.
    pub sync: Sync,
    /// The clock of everything outside transactions.
    pub clock: Clock,
    /// Tells when the node drains.
    pub shutdown: Shutdown,
    /// What `/metrics` renders.
    pub metrics: Metrics,
    /// Requests per client key and address.
    pub client_rate: RateLimit,
    /// Who listens.
    pub hub: Arc<Hub>,
    /// Those of them who said who they are.
    pub listeners: Arc<Listeners>,
    /// Counters of the hot paths.
    pub meters: Meters,
    /// Writes what SDKs tell of use.
    pub usage: Arc<Writer>,
    /// Writes what this node has evaluated itself.
    pub flush: Arc<Flush>,
    db: Db,
    keeper: Option<Keeper>,
}

/// What handlers share.
pub type AppState = Arc<App>;

impl App {
    /// Wires a node; nothing runs yet, but what the disk holds is served already.
    #[must_use]
    pub fn new(config: Config, db: Db, clock: Clock, metrics: Metrics, shutdown: Shutdown) -> App {
        let registry = Arc::new(Registry::default());
        let health = Arc::new(Health::default());
        let disk = config.disk_cache.then(|| Disk::new(config.data_dir.join("cache")));
        let keeper = disk.map(|disk| Keeper::new(disk, Arc::clone(&registry)));
        let sync = Sync::new(
            db.clone(),
            Arc::clone(&registry),
            Arc::clone(&health),
            clock.clone(),
            config.poll_interval,
        )
        .with_keeper(keeper.clone());
        sync.start_from_disk();
        let images: Arc<dyn Images> = Arc::clone(&registry) as Arc<dyn Images>;
        let service = Service::new(db.clone(), images);
        let hub = Arc::new(Hub::new(stream_limits(&config), shutdown.draining_token()));
        let usage = Arc::new(Writer::new(db.clone(), config.max_event_batches));
        let flush = Flush::new(
            Arc::clone(&usage),
            Arc::clone(&registry) as Arc<dyn Tallies>,
            clock.clone(),
            config.usage_flush_interval,
        );
        let client_rate = RateLimit::per_minute(config.client_key_requests_per_minute);
        App {
            config,
            service,
            registry,
            health,
            sync,
            clock,
            shutdown,
            metrics,
            client_rate,
            hub,
            listeners: Arc::default(),
            meters: Meters::default(),
            usage,
            flush: Arc::new(flush),
            keeper,
            db,
        }
    }

    /// Migrates and does the first run; tried until the database answers. `waits` is called once if it does not at first.
    pub async fn prepare(&self, waits: impl FnOnce()) -> anyhow::Result<Option<FirstRun>> {
        let mut waits = Some(waits);
        let mut pause = Duration::from_millis(500);
        loop {
            let prepared = match self.is_first().await {
                Ok(true) => {
                    // Its keys are told once: not before there is a place for them.
                    first_run::check(self.config.bootstrap_file.as_deref())?;
                    self.service.first_run().await
                }
                Ok(false) => Ok(None),
                Err(cause) => Err(cause),
            };
            match prepared {
                Ok(first) => return Ok(first),
                Err(ServiceError::Store(cause)) if cause.is_unavailable() => {
                    warn!(error = %cause, "the database is away: trying again");
                    self.health.failed();
                    if let Some(waits) = waits.take() {
                        waits();
                    }
                }
                Err(cause) => return Err(anyhow::Error::new(cause).context("the database cannot be used")),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn is_first(&self) -> Result<bool, ServiceError> {
        if self.config.migrate {
            migrate::run(&self.db).await?;
        }
        Ok(!self.service.had_first_run().await?)
    }

    /// Starts the loops; each ends when the node stops.
    pub fn start_loops(self: &Arc<Self>, tasks: &TaskTracker, shutdown: &Shutdown) {
        tasks.spawn(self.sync.clone().run(shutdown.child()));
        tasks.spawn(listen::run(self.db.clone(), self.sync.clone(), shutdown.child()));
        tasks.spawn(Arc::clone(self).housekeep(shutdown.child()));
        tasks.spawn(Arc::clone(self).note_used(shutdown.child()));
        tasks.spawn(Arc::clone(&self.usage).run(shutdown.child()));
        tasks.spawn(Arc::clone(&self.flush).run(shutdown.child(), jittered));
        tasks.spawn(borders::run(Arc::clone(&self.registry), self.clock.clone(), shutdown.child()));
        if let Some(keeper) = &self.keeper {
            tasks.spawn(keeper.clone().run(shutdown.child()));
        }
    }

    /// Waits until this node serves what a use case has done; false when it does not within a second.
    pub async fn applied<T>(&self, done: &Done<T>) -> bool {
        if done.revisions.is_empty() && done.installation.is_none() {
            return true;
        }
        self.sync.wake();
        let until = tokio::time::Instant::now() + APPLY_WAIT;
        let rest = || until.saturating_duration_since(tokio::time::Instant::now());
        if let Some(revision) = done.installation
            && !self.registry.wait_for_installation(revision, rest()).await
        {
            return false;
        }
        for (id, head) in &done.revisions {
            let is_refused =
                || self.registry.cell(id).is_some_and(|cell| self.health.is_refused(&cell.name()));
            // Where the stored history is refused, memory may stand at a higher revision of another one.
            if !self.registry.wait_for(id, head, rest()).await || is_refused() {
                return false;
            }
        }
        true
    }

    /// Closes the database; what runs finishes first, if the database lets it.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSE_PATIENCE, self.db.close()).await.is_err() {
            warn!("the database did not let go in time");
        }
    }

    async fn housekeep(self: Arc<Self>, stop: CancellationToken) {
        while paused(&stop, HOUSEKEEPING_EVERY).await {
            for _ in 0..PRUNE_BATCHES {
                let pruned = tokio::select! {
                    () = stop.cancelled() => return,
                    pruned = self.service.prune() => pruned,
                };
                match pruned {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        warn!(error = %error, "old rows were not deleted; trying again later");
                        break;
                    }
                }
            }
        }
    }

    async fn note_used(self: Arc<Self>, stop: CancellationToken) {
        let mut since = self.clock.now_micros();
        while paused(&stop, USED_EVERY).await {
            since = tokio::select! {
                () = stop.cancelled() => return,
                noted = self.note_used_since(since) => noted,
            };
        }
    }

    /// Notes the keys that were used after a time; answers the time after which the next ones are to be noted.
    async fn note_used_since(&self, since: i64) -> i64 {
        let now = self.clock.now_micros();
        let mut used = self.registry.verifiers.used_since(since);
        if used.is_empty() {
            return now;
        }
        // In one order on every node: each row is locked until all are written.
        used.sort_unstable();
        match self.service.note_used(&used).await {
            Ok(()) => now,
            Err(error) => {
                warn!(error = %error, "the last use of keys was not noted; trying again later");
                since
            }
        }
    }
}

fn stream_limits(config: &Config) -> Limits {
    Limits {
        streams: config.max_streams,
        opens_per_second: config.stream_opens_per_second,
        per_address: config.client_key_streams_per_address,
        heartbeat: config.stream_heartbeat,
        max_age: config.stream_max_age,
        retry: config.stream_retry,
        refetch_rate: config.refetch_rate,
    }
}

/// Waits a jittered while; false when cancelled.
async fn paused(stop: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(jittered(pause)) => true,
    }
}
