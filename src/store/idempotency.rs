//! Idempotency keys: the outcome of a POST, stored in the transaction of its effect.

use super::{Arg, StoreError, Tx};

/// What was stored under a key.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The hash of the request that was made with it.
    pub request: String,
    /// The outcome, JSON.
    pub outcome: String,
}

statements! {
    INSERT = "INSERT INTO idempotency (principal, key, request, outcome, created_at) VALUES ($1, $2, $3, $4, $5)";
    SELECT = "SELECT request, outcome FROM idempotency WHERE principal = $1 AND key = $2 AND created_at >= $3";
    REPLACE = "DELETE FROM idempotency WHERE principal = $1 AND key = $2 AND created_at < $3";
    PRUNE = "DELETE FROM idempotency WHERE (principal, key) IN \
             (SELECT principal, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
}

/// Reads what a principal stored under a key at or after a time.
pub async fn get(tx: &mut Tx, principal: &str, key: &str, since: i64) -> Result<Option<Stored>, StoreError> {
    let row = tx.fetch_optional(SELECT, &[Arg::Text(principal), Arg::Text(key), Arg::Int(since)]).await?;
    row.map(|row| Ok(Stored { request: row.text("request")?, outcome: row.text("outcome")? })).transpose()
}

/// Stores an outcome; one under the same key that is older than `since` gives way.
pub async fn put(
    tx: &mut Tx,
    (principal, key): (&str, &str),
    stored: &Stored,
    (since, now): (i64, i64),
) -> Result<(), StoreError> {
    tx.execute(REPLACE, &[Arg::Text(principal), Arg::Text(key), Arg::Int(since)]).await?;
    let args = [
        Arg::Text(principal),
        Arg::Text(key),
        Arg::Text(&stored.request),
        Arg::Text(&stored.outcome),
        Arg::Int(now),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Deletes outcomes older than a time, the oldest first; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}
