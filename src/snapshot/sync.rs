//! The one sync loop: the only path by which memory changes, for the writer's own node too.
//! Wakes on a hint, a local write or the poll; reads what changed; swaps. Never replaces good with bad.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::disk::Disk;
use super::health::Health;
use super::image::Image;
use super::registry::Registry;
use super::replay::{Replay, replay};
use crate::clock::Clock;
use crate::domain::images::Head;
use crate::store::environment::{self, Position};
use crate::store::{Db, StoreError, access_key, change, compiled, installation};

/// Rows of one replay; more than this is read anew as a whole, which is cheaper by then.
const REPLAY_LIMIT: i64 = 1_000;
/// A round that takes longer is given up: a stopped (not dead) database is silence.
const ROUND_TIMEOUT: Duration = Duration::from_secs(10);
/// Rounds asked for by requests with unknown keys come at most this often: random keys must not reach the database.
const FORCED_EVERY: Duration = Duration::from_millis(100);

/// The sync loop's parts, shared with those who wake it and watch it.
#[derive(Debug, Clone)]
pub struct Sync {
    db: Db,
    registry: Arc<Registry>,
    health: Arc<Health>,
    clock: Clock,
    poll: Duration,
    disk: Option<Disk>,
    wake: Arc<Notify>,
    rounds: Arc<watch::Sender<Round>>,
}

/// How far the loop has come: when the last round began, counted in rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// How many rounds have begun.
    pub begun: u64,
    /// How many of them have ended, whatever came of them.
    pub ended: u64,
}

impl Sync {
    /// A loop that is not running yet.
    #[must_use]
    pub fn new(db: Db, registry: Arc<Registry>, health: Arc<Health>, clock: Clock, poll: Duration) -> Sync {
        let (rounds, _) = watch::channel(Round::default());
        Sync {
            db,
            registry,
            health,
            clock,
            poll,
            disk: None,
            wake: Arc::new(Notify::new()),
            rounds: Arc::new(rounds),
        }
    }

    /// Keeps images on disk.
    #[must_use]
    pub fn with_disk(self, disk: Option<Disk>) -> Sync {
        Sync { disk, ..self }
    }

    /// Asks for a round soon.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Asks for a round and waits until one that began afterwards has ended; false when that takes too long.
    pub async fn refresh(&self, at_most: Duration) -> bool {
        let mut rounds = self.rounds.subscribe();
        // All who ask within one interval share its end, so that there is one round for them and not one each.
        let interval = i64::try_from(FORCED_EVERY.as_micros()).unwrap_or(1);
        let rest = interval - self.clock.now_micros().rem_euclid(interval);
        tokio::time::sleep(Duration::from_micros(u64::try_from(rest).unwrap_or(0))).await;
        let wanted = rounds.borrow_and_update().begun + 1;
        self.wake();
        matches!(
            tokio::time::timeout(at_most, rounds.wait_for(|round| round.ended >= wanted)).await,
            Ok(Ok(_))
        )
    }

    /// Takes over what the disk holds, so that evaluation works before the database answers.
    pub fn start_from_disk(&self) {
        let Some(disk) = &self.disk else { return };
        let (kept, keys, errors) = disk.read();
        for error in &errors {
            warn!(error = %error, "a disk image is ignored");
        }
        for kept in kept {
            info!(
                project = kept.project,
                environment = kept.environment,
                revision = kept.image.head.revision,
                "started from disk"
            );
            self.registry.put(&kept.id, &kept.project, &kept.environment, kept.image);
            self.health.loaded_from_disk();
        }
        if let Some(keys) = keys {
            self.registry.verifiers.replace(keys.keys);
        }
    }

    /// Runs until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            self.rounds.send_modify(|round| round.begun += 1);
            let outcome = tokio::time::timeout(ROUND_TIMEOUT, self.round()).await;
            match outcome {
                Ok(Ok(changed)) => {
                    if !self.health.database_up() {
                        info!("the database answers");
                    }
                    self.health.synced(self.clock.now_micros());
                    self.write_disk(changed).await;
                }
                Ok(Err(error)) => self.note_failure(&error.to_string()),
                Err(_) => self.note_failure("the database did not answer in time"),
            }
            metrics::counter!(crate::telemetry::SYNC_ROUNDS).increment(1);
            self.rounds.send_modify(|round| round.ended = round.begun);
            let pause = jittered(self.poll);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn note_failure(&self, why: &str) {
        if self.health.database_up() || self.health.last_sync() == 0 {
            error!(error = why, "the database is away: serving what memory holds");
        }
        metrics::counter!(crate::telemetry::SYNC_ERRORS).increment(1);
        self.health.failed();
    }

    /// One round: compares where every environment stands with what memory holds, and catches up.
    async fn round(&self) -> Result<Changed, StoreError> {
        let mut changed = Changed::default();
        let Some(row) = installation::get(&self.db).await? else {
            return Ok(changed);
        };
        let positions = environment::positions(&self.db).await?;
        if row.revision != self.registry.installation() || self.health.from_disk() {
            self.registry.verifiers.replace(access_key::all(&self.db).await?);
            changed.keys = Some(row.revision);
        }
        for position in &positions {
            if self.catch_up(position).await? {
                changed.environments.push(position.id.clone());
            }
        }
        let living: HashSet<&str> = positions.iter().map(|position| position.id.as_str()).collect();
        changed.gone = self.registry.retain(|id| living.contains(id));
        self.registry.set_installation(row.revision);
        Ok(changed)
    }

    /// Brings one environment up to a position; answers whether memory changed.
    async fn catch_up(&self, at: &Position) -> Result<bool, StoreError> {
        let Some(cell) = self.registry.cell(&at.id) else {
            return self.reload(at).await;
        };
        let image = cell.image();
        let have = &image.head;
        if (at.epoch, at.revision) == (have.epoch, have.revision) && at.head.as_deref() == Some(&have.change)
        {
            self.health.accept(&name(at));
            return Ok(false);
        }
        if at.epoch > have.epoch {
            return self.reload(at).await;
        }
        if (at.epoch, at.revision) < (have.epoch, have.revision) {
            self.refuse(at, have, "it is behind what this node has served");
            return Ok(false);
        }
        let rows = change::since(&self.db, &at.id, have.revision, REPLAY_LIMIT).await?;
        let cut = rows.len() >= usize::try_from(REPLAY_LIMIT).unwrap_or(usize::MAX);
        let replayed = if cut { Replay::Gap } else { replay(&image, &rows) };
        match replayed {
            Replay::Next(next) => {
                self.health.accept(&name(at));
                self.registry.put(&at.id, &at.project, &at.key, *next);
                Ok(true)
            }
            Replay::Same => Ok(false),
            Replay::Gap => self.reload(at).await,
            Replay::Rewritten => {
                self.refuse(at, have, "its history differs from what this node has served");
                Ok(false)
            }
        }
    }

    /// Reads an environment whole, at whatever position it has by now.
    async fn reload(&self, at: &Position) -> Result<bool, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let Some(now) = environment::position(&mut tx, &at.id).await? else { return Ok(false) };
        let Some(change) = now.head.clone() else {
            return Err(StoreError::Corrupt(format!("{} has no change at its revision", name(at))));
        };
        if let Some(cell) = self.registry.cell(&at.id) {
            let have = cell.image().head.clone();
            if (now.epoch, now.revision) < (have.epoch, have.revision) {
                self.refuse(&now, &have, "it is behind what this node has served");
                return Ok(false);
            }
        }
        let snapshot = compiled::load(&mut tx, &now).await?;
        tx.rollback().await?;
        for broken in snapshot.broken() {
            warn!(
                project = now.project,
                environment = now.key,
                key = broken.key,
                "a stored document is broken, alone"
            );
        }
        let head = Head { epoch: now.epoch, revision: now.revision, change };
        self.health.accept(&name(at));
        self.registry.put(&now.id, &now.project, &now.key, Image::new(head, snapshot));
        Ok(true)
    }

    fn refuse(&self, at: &Position, have: &Head, why: &str) {
        let name = name(at);
        let known = self.health.refused().iter().any(|(own, _)| *own == name);
        if !known {
            error!(
                environment = name,
                stored.epoch = at.epoch,
                stored.revision = at.revision,
                held.epoch = have.epoch,
                held.revision = have.revision,
                "the stored history is refused: {why}. Serving goes on from memory; if the database was restored on purpose, run `pennon env new-epoch`"
            );
        }
        metrics::counter!(crate::telemetry::SNAPSHOT_REFUSED).increment(1);
        self.health.refuse(&name, why);
    }

    async fn write_disk(&self, changed: Changed) {
        let Some(disk) = self.disk.clone() else { return };
        if changed.is_empty() {
            return;
        }
        let registry = Arc::clone(&self.registry);
        let written = tokio::task::spawn_blocking(move || {
            for id in &changed.environments {
                if let Some(cell) = registry.cell(id) {
                    disk.write(&cell)?;
                }
            }
            if let Some(revision) = changed.keys {
                disk.write_keys(revision, &registry.verifiers.stored())?;
            }
            for id in &changed.gone {
                disk.remove(id);
            }
            Ok::<(), super::disk::DiskError>(())
        });
        match written.await {
            Ok(Ok(())) => metrics::counter!(crate::telemetry::DISK_WRITES).increment(1),
            Ok(Err(error)) => {
                metrics::counter!(crate::telemetry::DISK_ERRORS).increment(1);
                warn!(error = %error, "the disk image could not be written: a start without the database would lack it");
            }
            Err(error) => warn!(error = %error, "the disk image was not written"),
        }
    }
}

/// What a round changed.
#[derive(Debug, Default)]
struct Changed {
    environments: Vec<String>,
    gone: Vec<String>,
    keys: Option<i64>,
}

impl Changed {
    fn is_empty(&self) -> bool {
        self.environments.is_empty() && self.gone.is_empty() && self.keys.is_none()
    }
}

fn name(at: &Position) -> String {
    format!("{}/{}", at.project, at.key)
}

/// A duration between 3/4 and 5/4 of the given one, so that nodes do not poll in step.
#[must_use]
pub fn jittered(duration: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    duration.mul_f64(0.75 + f64::from(random) / f64::from(u32::MAX) / 2.0)
}
