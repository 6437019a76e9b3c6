//! Flags that were asked for and are not defined; bounded, since their keys are whatever callers ask for.

use serde::Serialize;

use super::db::rows;
use super::{Arg, Row, StoreError, Tx};

/// So many requests for a flag: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked<'a>(
    /// The environment's id.
    pub &'a str,
    /// The key that was asked for.
    pub &'a str,
    /// 1 for a server key.
    pub i64,
    /// How often.
    pub i64,
);

/// A flag that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFlag {
    /// The key.
    pub flag: String,
    /// Whether nobody but holders of client keys asked for it.
    pub only_clients: bool,
    /// The first time, microseconds.
    pub first_at: i64,
    /// The last time, microseconds.
    pub last_at: i64,
    /// How often.
    pub count: i64,
}

/// Flags kept of one environment that holders of server keys asked for, and of client keys.
pub const KEPT: [i64; 2] = [1_000, 200];

statements! {
    // What is known already is added to; of what is new, as many as there is room for.
    ADD = "WITH told AS (SELECT value ->> 0 AS environment_id, value ->> 1 AS flag, CAST(value ->> 2 AS BIGINT) AS trusted, \
           CAST(value ->> 3 AS BIGINT) AS count FROM json_each($1)), \
           new AS (SELECT t.environment_id, t.flag, t.trusted, t.count, \
           ROW_NUMBER() OVER (PARTITION BY t.environment_id, t.trusted ORDER BY t.flag) \
           + (SELECT COUNT(*) FROM unknown_flag u WHERE u.environment_id = t.environment_id AND u.trusted = t.trusted) AS place \
           FROM told t WHERE NOT EXISTS (SELECT 1 FROM unknown_flag u WHERE u.environment_id = t.environment_id \
           AND u.flag = t.flag AND u.trusted = t.trusted)) \
           INSERT INTO unknown_flag (environment_id, flag, trusted, first_at, last_at, count) \
           SELECT t.environment_id, t.flag, t.trusted, $2, $2, t.count FROM told t \
           LEFT JOIN new n ON n.environment_id = t.environment_id AND n.flag = t.flag AND n.trusted = t.trusted \
           WHERE n.place IS NULL OR n.place <= CASE t.trusted WHEN 1 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END \
           ORDER BY 1, 2, 3 ON CONFLICT (environment_id, flag, trusted) \
           DO UPDATE SET last_at = excluded.last_at, count = unknown_flag.count + excluded.count";
    PAGE = "SELECT u.flag, 1 - MAX(u.trusted) AS only_clients, MIN(u.first_at) AS first_at, MAX(u.last_at) AS last_at, \
            CAST(SUM(u.count) AS BIGINT) AS total FROM unknown_flag u WHERE u.environment_id = $1 AND u.flag > $2 \
            AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.project_id = $3 AND f.key = u.flag AND f.archived_at IS NULL) \
            GROUP BY u.flag ORDER BY u.flag LIMIT $4";
    PRUNE = "DELETE FROM unknown_flag WHERE (environment_id, flag, trusted) IN \
             (SELECT environment_id, flag, trusted FROM unknown_flag WHERE last_at < $1 LIMIT $2)";
}

/// Adds to what was asked for; no two rows are of one place. One flag too many is left out.
pub async fn add(tx: &mut Tx, asked: &[Asked<'_>], now: i64) -> Result<u64, StoreError> {
    let [servers, clients] = KEPT;
    tx.execute(ADD, &[Arg::Text(&rows(asked)?), Arg::Int(now), Arg::Int(servers), Arg::Int(clients)]).await
}

/// Reads a page of what was asked for in an environment and is not defined in its project, after a key.
pub async fn page(
    tx: &mut Tx,
    (environment_id, project_id): (&str, &str),
    after: &str,
    limit: i64,
) -> Result<Vec<UnknownFlag>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Text(after), Arg::Text(project_id), Arg::Int(limit)];
    tx.fetch_all(PAGE, &args).await?.iter().map(read).collect()
}

/// Deletes what nobody has asked for since a time; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}

fn read(row: &Row) -> Result<UnknownFlag, StoreError> {
    Ok(UnknownFlag {
        flag: row.text("flag")?,
        only_clients: row.flag("only_clients")?,
        first_at: row.int("first_at")?,
        last_at: row.int("last_at")?,
        count: row.int("total")?,
    })
}
