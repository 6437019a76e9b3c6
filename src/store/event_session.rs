//! Which batches of events were taken over: one row a session, so that a batch that is sent twice counts once.

use serde::Serialize;

use super::db::rows;
use super::{Arg, StoreError, Tx};

/// A batch's place: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place<'a>(
    /// The environment's id.
    pub &'a str,
    /// 1 for a server key.
    pub i64,
    /// The session.
    pub &'a str,
    /// The batch's number in its session.
    pub i64,
);

/// How far behind the highest number of a session one can be and still be told apart from what was taken over.
pub const WINDOW: i64 = 63;

statements! {
    // A shift is always by 0 to 62 bits: Postgres evaluates in any order, and both databases differ beyond that.
    TAKE = "INSERT INTO event_session (environment_id, trusted, session, high, seen, seen_at) \
            SELECT value ->> 0, CAST(value ->> 1 AS BIGINT), value ->> 2, CAST(value ->> 3 AS BIGINT), 1, $2 FROM json_each($1) \
            WHERE true ORDER BY 1, 2, 3 \
            ON CONFLICT (environment_id, trusted, session) DO UPDATE SET \
            seen = CASE WHEN excluded.high - event_session.high >= 63 THEN 1 \
                   WHEN excluded.high > event_session.high THEN 1 | (9223372036854775807 \
                        & (event_session.seen << CAST((excluded.high - event_session.high) % 63 AS INTEGER))) \
                   ELSE event_session.seen \
                        | (CAST(1 AS BIGINT) << CAST((event_session.high - excluded.high) % 63 AS INTEGER)) END, \
            high = CASE WHEN excluded.high > event_session.high THEN excluded.high ELSE event_session.high END, \
            seen_at = excluded.seen_at \
            WHERE excluded.high > event_session.high OR (event_session.high - excluded.high < 63 AND (event_session.seen \
                  & (CAST(1 AS BIGINT) << CAST((event_session.high - excluded.high) % 63 AS INTEGER))) = 0) \
            RETURNING environment_id, trusted, session";
    PRUNE = "DELETE FROM event_session WHERE (environment_id, trusted, session) IN (SELECT environment_id, trusted, session \
             FROM event_session WHERE trusted = $1 AND seen_at < $2 ORDER BY seen_at LIMIT $3)";
}

/// Notes batches, of which no two are of one session; answers for each whether it is new. What is as far behind as
/// [`WINDOW`] is never new: it was taken over, or given up.
pub async fn take(tx: &mut Tx, places: &[Place<'_>], now: i64) -> Result<Vec<bool>, StoreError> {
    let taken = tx.fetch_all(TAKE, &[Arg::Text(&rows(places)?), Arg::Int(now)]).await?;
    let mut new = std::collections::HashSet::with_capacity(taken.len());
    for row in &taken {
        new.insert((row.text("environment_id")?, row.int("trusted")?, row.text("session")?));
    }
    let is_new = |place: &Place<'_>| new.contains(&(place.0.to_owned(), place.1, place.2.to_owned()));
    Ok(places.iter().map(is_new).collect())
}

/// Deletes sessions that sent nothing since a time; answers how many.
pub async fn prune(tx: &mut Tx, trusted: i64, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(trusted), Arg::Int(before), Arg::Int(limit)]).await
}
