//! What is deleted in time, in bounded batches: old changes, delivered events, idempotency outcomes, what is known of use. Never audit.

use super::Service;
use super::error::ServiceError;
use super::work::IDEMPOTENCY_KEPT;
use crate::store::{
    access_key, change, evaluation, event_session, exposure, idempotency, instance, outbox, track,
    unknown_flag,
};

/// How long changes are kept for nodes and streams that resume: 30 days, microseconds.
pub const CHANGES_KEPT: i64 = 30 * 86_400 * 1_000_000;
/// How long events stay in the outbox: 7 days, microseconds.
pub const OUTBOX_KEPT: i64 = 7 * 86_400 * 1_000_000;
/// How long roll-ups are kept, and exposures, metrics and unknown flags that nobody told of since: 90 days, microseconds.
pub const USAGE_KEPT: i64 = 90 * 86_400 * 1_000_000;
/// How long instances that say nothing stay listed: 7 days, microseconds.
pub const INSTANCES_KEPT: i64 = 7 * 86_400 * 1_000_000;
/// How long it is known which batches a session has sent: an SDK that was away for a day has lost more than that. Microseconds.
pub const SESSIONS_KEPT: i64 = 86_400 * 1_000_000;
/// The same for client keys: 1 hour, since anybody can make sessions with one. Microseconds.
pub const CLIENT_SESSIONS_KEPT: i64 = 3_600 * 1_000_000;
/// Rows of one batch: short transactions, so that writers never wait long.
pub const BATCH: i64 = 1_000;

impl Service {
    /// Deletes one batch of each kind of what is too old; answers how many rows went.
    pub async fn prune(&self) -> Result<u64, ServiceError> {
        let mut tx = self.db().begin().await?;
        let now = tx.now().await?;
        let mut gone = change::prune(&mut tx, now - CHANGES_KEPT, BATCH).await?;
        gone += outbox::prune(&mut tx, now - OUTBOX_KEPT, BATCH).await?;
        gone += idempotency::prune(&mut tx, now - IDEMPOTENCY_KEPT, BATCH).await?;
        tx.commit().await?;
        Ok(gone + self.prune_usage().await?)
    }

    async fn prune_usage(&self) -> Result<u64, ServiceError> {
        let mut tx = self.db().begin().await?;
        let now = tx.now().await?;
        let mut gone = event_session::prune(&mut tx, 1, now - SESSIONS_KEPT, BATCH).await?;
        gone += event_session::prune(&mut tx, 0, now - CLIENT_SESSIONS_KEPT, BATCH).await?;
        gone += evaluation::prune(&mut tx, now - USAGE_KEPT, BATCH).await?;
        gone += unknown_flag::prune(&mut tx, now - USAGE_KEPT, BATCH).await?;
        gone += instance::prune(&mut tx, now - INSTANCES_KEPT, BATCH).await?;
        gone += exposure::prune(&mut tx, now - USAGE_KEPT, BATCH).await?;
        gone += track::prune(&mut tx, now - USAGE_KEPT, BATCH).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Notes when keys were last used, in the order given, which must be one on every node; no audit entry, since it changes nothing that anybody decided.
    pub async fn note_used(&self, used: &[(String, i64)]) -> Result<(), ServiceError> {
        let mut tx = self.db().begin().await?;
        for (id, at) in used {
            access_key::used(&mut tx, id, *at).await?;
        }
        Ok(tx.commit().await?)
    }
}
