//! LISTEN on its own connection: hints that something changed. Lost hints are normal; the poll is the truth.

use sqlx::postgres::PgListener;

use super::db::NOTIFY_CHANNEL;
use super::{Db, StoreError};

/// A subscription to the hints of other nodes.
#[derive(Debug)]
pub struct Listener(PgListener);

/// What the listener has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Something changed; the payload names it.
    Changed(String),
    /// The connection was lost, and hints with it: read everything again.
    Resync,
}

impl Listener {
    /// Subscribes; None where there is nobody to listen to (SQLite has one node).
    pub async fn connect(db: &Db) -> Result<Option<Listener>, StoreError> {
        let Db::Postgres { pool, .. } = db else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        listener.ignore_pool_close_event(true);
        listener.listen(NOTIFY_CHANNEL).await?;
        Ok(Some(Listener(listener)))
    }

    /// Waits for the next hint. An error means that the connection is gone: connect anew, then resync.
    pub async fn next(&mut self) -> Result<Hint, StoreError> {
        Ok(match self.0.try_recv().await? {
            Some(notification) => Hint::Changed(notification.payload().to_owned()),
            None => Hint::Resync,
        })
    }
}
