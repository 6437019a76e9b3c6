//! The outbox: events written with the change they tell of, delivered afterwards.

use super::{Arg, StoreError, Tx, new_id};

statements! {
    INSERT = "INSERT INTO outbox (id, project_id, topic, payload, created_at) VALUES ($1, $2, $3, $4, $5)";
    PRUNE = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
}

/// Stores an event.
pub async fn insert(
    tx: &mut Tx,
    project_id: &str,
    topic: &str,
    payload: &str,
    now: i64,
) -> Result<(), StoreError> {
    let id = new_id();
    let args = [Arg::Text(&id), Arg::Text(project_id), Arg::Text(topic), Arg::Text(payload), Arg::Int(now)];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Deletes events older than a time; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}
