//! How one environment in memory follows the database: replays what changed, reads it whole, or refuses it.
//! Never replaces good with bad.

use tracing::{error, warn};

use super::image::Image;
use super::replay::{Replay, replay};
use super::sync::Sync;
use super::trail::{REVISIONS, Step, Trail};
use crate::domain::images::Head;
use crate::store::change::Touch;
use crate::store::environment::{self, Position};
use crate::store::{StoreError, Tx, change, compiled};

/// Rows of one replay; more than this is read anew as a whole, which is cheaper by then.
const REPLAY_LIMIT: i64 = 1_000;
/// Rows read to know what recent revisions touched.
const TOUCH_LIMIT: i64 = 10_000;
/// Revisions read at once for that.
const REVISIONS_AT_ONCE: i64 = 100;

impl Sync {
    fn put(&self, at: &Position, image: Image) {
        self.health.accept(&name(at));
        self.registry.put(&at.id, &at.project, &at.key, image);
        if let Some(keeper) = &self.keeper {
            keeper.changed(&at.id);
        }
    }

    /// Brings one environment up to a position; or refuses it.
    pub(super) async fn catch_up(&self, at: &Position) -> Result<(), StoreError> {
        let Some(cell) = self.registry.cell(&at.id) else {
            return self.reload(at).await;
        };
        let image = cell.image();
        let have = &image.head;
        if (at.epoch, at.revision) == (have.epoch, have.revision) && at.head.as_deref() == Some(&have.change)
        {
            self.health.accept(&name(at));
            if !image.knows_its_past() {
                let (trail, changed_at) = self.past(&at.id, have).await?;
                self.registry.put(&at.id, &at.project, &at.key, image.knowing(trail, changed_at));
            }
            return Ok(());
        }
        if at.epoch > have.epoch {
            return self.reload(at).await;
        }
        if (at.epoch, at.revision) < (have.epoch, have.revision) {
            self.refuse(at, have, "it is behind what this node has served");
            return Ok(());
        }
        let rows = change::since(&self.db, &at.id, have.revision, REPLAY_LIMIT).await?;
        let cut = rows.len() >= usize::try_from(REPLAY_LIMIT).unwrap_or(usize::MAX);
        // Of too many rows, only the first is looked at: whether they are of this history at all.
        let rows = if cut { rows.get(..1).unwrap_or_default() } else { &rows };
        match replay(&image, rows) {
            Replay::Rewritten => {
                self.refuse(at, have, "its history differs from what this node has served");
                Ok(())
            }
            Replay::Next(next) => {
                let lag = self.clock.now_micros().saturating_sub(next.changed_at).max(0);
                #[expect(clippy::cast_precision_loss, reason = "a lag in microseconds, for people")]
                metrics::histogram!(crate::telemetry::SYNC_LAG_SECONDS).record(lag as f64 / 1e6);
                let next = if next.knows_its_past() {
                    *next
                } else {
                    let (trail, changed_at) = self.past(&at.id, &next.head).await?;
                    next.with_past(trail, changed_at)
                };
                self.put(at, next);
                Ok(())
            }
            // The changes of a revision that was taken are missing: only the tables can tell, or fail to.
            Replay::Same if at.revision > have.revision => self.reload(at).await,
            Replay::Same => Ok(()),
            Replay::Gap => self.reload(at).await,
        }
    }

    /// Reads an environment whole, at whatever position it has by now.
    async fn reload(&self, at: &Position) -> Result<(), StoreError> {
        let mut tx = self.db.begin_read().await?;
        let Some(now) = environment::position(&mut tx, &at.id).await? else { return Ok(()) };
        let Some(change) = now.head.clone() else {
            return Err(StoreError::Corrupt(format!("{} has no change at its revision", name(at))));
        };
        if let Some(cell) = self.registry.cell(&at.id) {
            let have = cell.image().head.clone();
            if (now.epoch, now.revision) < (have.epoch, have.revision) {
                self.refuse(&now, &have, "it is behind what this node has served");
                return Ok(());
            }
        }
        let snapshot = compiled::load(&mut tx, &now).await?;
        let head = Head { epoch: now.epoch, revision: now.revision, change };
        let (trail, changed_at) = past(&mut tx, &at.id, &head).await?;
        tx.rollback().await?;
        for broken in snapshot.broken() {
            warn!(
                project = now.project,
                environment = now.key,
                key = broken.key,
                "a stored document is broken, alone"
            );
        }
        let image =
            tokio::task::spawn_blocking(move || Image::new(head, snapshot).with_past(trail, changed_at))
                .await;
        self.put(&now, image.map_err(|error| StoreError::Corrupt(error.to_string()))?);
        Ok(())
    }

    /// What led to a head that is known to be of the stored history.
    async fn past(&self, id: &str, head: &Head) -> Result<(Trail, i64), StoreError> {
        let mut tx = self.db.begin_read().await?;
        let known = past(&mut tx, id, head).await?;
        tx.rollback().await?;
        Ok(known)
    }

    pub(super) fn cannot_read(&self, at: &Position, error: &StoreError) {
        let name = name(at);
        if !self.health.is_refused(&name) {
            error!(environment = name, error = %error, "an environment cannot be read: what memory holds of it goes on");
        }
        self.health.refuse(&name, "it cannot be read from the database");
    }

    fn refuse(&self, at: &Position, have: &Head, why: &str) {
        let name = name(at);
        if !self.health.is_refused(&name) {
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
}

/// What led to a head, read from the last revision backwards in small steps: a thousand rows at once would cost a small
/// node a tenth of its memory.
async fn past(tx: &mut Tx, id: &str, head: &Head) -> Result<(Trail, i64), StoreError> {
    let least = (head.revision - i64::try_from(REVISIONS).unwrap_or(0)).max(0);
    let mut touches = Vec::new();
    let mut to = head.revision;
    while to > least {
        let after = (to - REVISIONS_AT_ONCE).max(least);
        let rest = TOUCH_LIMIT - i64::try_from(touches.len()).unwrap_or(TOUCH_LIMIT);
        let found = change::recent(tx, id, head.epoch, (after, to), rest).await?;
        // Deleted in time, of another epoch, or more than are read: what is older leads nowhere.
        let is_whole = found.last().is_some_and(|touch| touch.revision == after + 1);
        touches.extend(found);
        if !is_whole || touches.len() >= usize::try_from(TOUCH_LIMIT).unwrap_or(usize::MAX) {
            break;
        }
        to = after;
    }
    Ok(trail(head.revision, &touches))
}

/// What led to a revision, from the last touch to the first, and when its change was made (microseconds; 0 when that is
/// not known).
fn trail(revision: i64, touches: &[Touch]) -> (Trail, i64) {
    let mut steps = Vec::new();
    for touch in touches.iter().rev() {
        Step::add(&mut steps, touch.revision, &touch.kind, &touch.key);
    }
    if touches.len() >= usize::try_from(TOUCH_LIMIT).unwrap_or(usize::MAX) {
        // Part of the first one may be missing.
        steps.remove(0);
    }
    (Trail::to(revision, steps), touches.first().map_or(0, |touch| touch.created_at))
}

/// `project/environment`.
pub(super) fn name(at: &Position) -> String {
    format!("{}/{}", at.project, at.key)
}
