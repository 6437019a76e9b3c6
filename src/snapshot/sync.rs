//! The one sync loop: the only path by which memory changes, for the writer's own node too.
//! Wakes on a hint, a local write or the poll; reads what changed; swaps. Never replaces good with bad.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::catch_up::name;
use super::health::Health;
use super::keep::Keeper;
use super::registry::{Identity, Registry};
use crate::clock::Clock;
use crate::store::{Db, StoreError, access_key, environment, installation};

/// A round that takes longer is told as a database that is away: a stopped (not dead) one is silence.
const SILENCE: Duration = Duration::from_secs(3);
/// A round that takes longer than this besides is given up; reading large environments whole takes far less.
const ROUND_TIMEOUT: Duration = Duration::from_secs(30);
/// Rounds asked for by requests with unknown keys come at most this often: random keys must not reach the database.
const FORCED_EVERY: Duration = Duration::from_millis(100);

/// The sync loop's parts, shared with those who wake it and watch it.
#[derive(Debug, Clone)]
pub struct Sync {
    pub(super) db: Db,
    pub(super) registry: Arc<Registry>,
    pub(super) health: Arc<Health>,
    pub(super) clock: Clock,
    poll: Duration,
    pub(super) keeper: Option<Keeper>,
    keys: Arc<Mutex<KeysAt>>,
    wake: Arc<Notify>,
    rounds: Arc<watch::Sender<Round>>,
}

/// As of when keys are held.
#[derive(Debug, Default, PartialEq, Eq)]
struct KeysAt {
    revision: i64,
    stamp: String,
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
            keeper: None,
            keys: Arc::default(),
            wake: Arc::new(Notify::new()),
            rounds: Arc::new(rounds),
        }
    }

    /// Keeps images on disk.
    #[must_use]
    pub fn with_keeper(self, keeper: Option<Keeper>) -> Sync {
        Sync { keeper, ..self }
    }

    /// Asks for a round soon.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Asks for a round and waits until one that began afterwards has ended; false when that takes too long.
    pub async fn refresh(&self, at_most: Duration) -> bool {
        let mut rounds = self.rounds.subscribe();
        let wanted = rounds.borrow_and_update().begun + 1;
        // All who ask within one interval share its end: the first of them asks for a round, the others find it begun.
        let interval = i64::try_from(FORCED_EVERY.as_micros()).unwrap_or(1);
        let rest = interval - self.clock.now_micros().rem_euclid(interval);
        tokio::time::sleep(Duration::from_micros(u64::try_from(rest).unwrap_or(0))).await;
        if rounds.borrow_and_update().begun < wanted {
            self.wake();
        }
        let ended = rounds.wait_for(|round| round.ended >= wanted);
        matches!(tokio::time::timeout(at_most, ended).await, Ok(Ok(_)))
    }

    /// Takes over what the disk holds, so that evaluation works before the database answers.
    pub fn start_from_disk(&self) {
        let Some(keeper) = &self.keeper else { return };
        let (kept, keys, errors) = keeper.disk().read();
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
            self.registry.set_identity(keys.identity());
            self.registry.replace_keys(keys.keys);
        }
    }

    /// Runs until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            self.rounds.send_modify(|round| round.begun += 1);
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = self.bounded_round() => outcome,
            };
            match outcome {
                Ok(()) => {
                    if !self.health.database_up() {
                        info!("the database answers");
                    }
                    self.health.synced(self.clock.now_micros());
                }
                Err(error) => self.note_failure(&error.to_string()),
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

    /// One round, which tells when the database is silent, and ends whatever the database does.
    async fn bounded_round(&self) -> Result<(), StoreError> {
        let mut round = std::pin::pin!(self.round());
        if let Ok(outcome) = tokio::time::timeout(SILENCE, &mut round).await {
            return outcome;
        }
        self.note_failure("the database is silent");
        tokio::time::timeout(ROUND_TIMEOUT, round).await.unwrap_or_else(|_| Err(StoreError::silent()))
    }

    fn note_failure(&self, why: &str) {
        if self.health.database_up() || self.health.last_sync() == 0 {
            error!(error = why, "the database is away: serving what memory holds");
        }
        metrics::counter!(crate::telemetry::SYNC_ERRORS).increment(1);
        self.health.failed();
    }

    /// One round: compares where every environment stands with what memory holds, and catches up.
    async fn round(&self) -> Result<(), StoreError> {
        let Some(row) = installation::get(&self.db).await? else {
            return if self.registry.is_empty() { Ok(()) } else { Err(stranger("no installation")) };
        };
        self.recognise(Identity { key: row.key, secret: row.secret })?;
        let positions = environment::positions(&self.db).await?;
        // Before the keys, which end with their environment: who listens is told the reason, not its consequence.
        let living: HashSet<&str> = positions.iter().map(|position| position.id.as_str()).collect();
        self.forget_but(&|id| living.contains(id));
        self.read_keys(row.revision).await?;
        for position in &positions {
            match self.catch_up(position).await {
                Ok(()) => {}
                Err(error) if error.is_unavailable() => return Err(error),
                // What is wrong with one environment keeps no other from its changes.
                Err(error) => self.cannot_read(position, &error),
            }
        }
        let names: HashSet<String> = positions.iter().map(name).collect();
        self.health.retain(|name| names.contains(name));
        self.registry.set_installation(row.revision);
        Ok(())
    }

    /// Follows one installation only. What the disk held of another gives way; what was served of another does not.
    fn recognise(&self, identity: Identity) -> Result<(), StoreError> {
        let held = self.registry.identity();
        if held.key.is_empty() || held.key == identity.key {
            if *held != identity {
                self.registry.set_identity(identity);
            }
            return Ok(());
        }
        if self.registry.installation() > 0 {
            return Err(stranger("another installation"));
        }
        warn!("the disk image is of another installation than the database: it is dropped");
        self.forget_but(&|_| false);
        self.registry.set_identity(identity);
        Ok(())
    }

    /// Reads all keys when one was made, revoked or changed.
    async fn read_keys(&self, revision: i64) -> Result<(), StoreError> {
        let now = KeysAt { revision, stamp: access_key::stamp(&self.db).await? };
        let went_back = {
            let held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if *held == now {
                return Ok(());
            }
            now.revision < held.revision
        };
        if went_back {
            error!(
                revision,
                "the database has gone back: keys that were made since are not known any more, revoked ones may work again"
            );
        }
        self.registry.replace_keys(access_key::all(&self.db).await?);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = now;
        if let Some(keeper) = &self.keeper {
            keeper.keys_changed();
        }
        Ok(())
    }

    fn forget_but(&self, is_there: &dyn Fn(&str) -> bool) {
        for id in self.registry.retain(is_there) {
            if let Some(keeper) = &self.keeper {
                keeper.gone(&id);
            }
        }
    }
}

fn stranger(what: &str) -> StoreError {
    StoreError::Corrupt(format!("the database holds {what}: is it the right one?"))
}

/// A duration between 3/4 and 5/4 of the given one, so that nodes do not poll in step.
#[must_use]
pub fn jittered(duration: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    duration.mul_f64(0.75 + f64::from(random) / f64::from(u32::MAX) / 2.0)
}
