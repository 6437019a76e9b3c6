//! Instances: what each process that evaluates said last of itself.

use serde::Serialize;

use super::db::rows;
use super::{Arg, Row, StoreError, Tx};

/// What a process says of itself: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report<'a>(
    /// The environment's id.
    pub &'a str,
    /// Its name for itself.
    pub &'a str,
    /// The process's session.
    pub &'a str,
    /// 1 for a server key.
    pub i64,
    /// The SDK.
    pub &'a str,
    /// The SDK's version.
    pub &'a str,
    /// When it was started, microseconds.
    pub Option<i64>,
    /// How it is.
    pub &'a str,
    /// The revision it serves; "" for none.
    pub &'a str,
    /// 1 unless its owner says otherwise.
    pub i64,
    /// Labels, a JSON object.
    pub &'a str,
    /// What it has dropped since its start: exposures, tracks, evaluations.
    pub i64,
    /// See above.
    pub i64,
    /// See above.
    pub i64,
);

/// An instance as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name for itself.
    pub instance_id: String,
    /// The process's session.
    pub session: String,
    /// Whether it has a server key.
    pub trusted: bool,
    /// The SDK.
    pub sdk: String,
    /// The SDK's version.
    pub sdk_version: String,
    /// When it was started, microseconds.
    pub started_at: Option<i64>,
    /// When it was heard last, microseconds.
    pub seen_at: i64,
    /// How it is.
    pub state: String,
    /// The revision it serves; "" for none.
    pub revision: String,
    /// What its owner says.
    pub healthy: bool,
    /// Labels, a JSON object.
    pub labels: String,
    /// What it has dropped since its start: exposures, tracks, evaluations.
    pub dropped: [i64; 3],
}

/// Where a page of instances begins: after an id and a session.
pub type After<'a> = (&'a str, &'a str);

/// Instances kept of one environment that hold server keys, and client keys.
pub const KEPT: [i64; 2] = [10_000, 1_000];

statements! {
    // Who is known already is written anew; of who is new, as many as there is room for.
    NOTE = "WITH told AS (SELECT value ->> 0 AS environment_id, value ->> 1 AS instance_id, value ->> 2 AS session, \
            CAST(value ->> 3 AS BIGINT) AS trusted, value AS report FROM json_each($1)), \
            new AS (SELECT t.environment_id, t.instance_id, t.session, t.trusted, \
            ROW_NUMBER() OVER (PARTITION BY t.environment_id, t.trusted ORDER BY t.instance_id, t.session) \
            + (SELECT COUNT(*) FROM instance i WHERE i.environment_id = t.environment_id AND i.trusted = t.trusted) AS place \
            FROM told t WHERE NOT EXISTS (SELECT 1 FROM instance i WHERE i.environment_id = t.environment_id \
            AND i.instance_id = t.instance_id AND i.session = t.session AND i.trusted = t.trusted)) \
            INSERT INTO instance (environment_id, instance_id, session, trusted, sdk, sdk_version, started_at, seen_at, state, \
            revision, healthy, labels, dropped_exposures, dropped_tracks, dropped_evaluations) \
            SELECT t.environment_id, t.instance_id, t.session, t.trusted, t.report ->> 4, t.report ->> 5, \
            CAST(t.report ->> 6 AS BIGINT), $2, t.report ->> 7, t.report ->> 8, CAST(t.report ->> 9 AS BIGINT), t.report ->> 10, \
            CAST(t.report ->> 11 AS BIGINT), CAST(t.report ->> 12 AS BIGINT), CAST(t.report ->> 13 AS BIGINT) FROM told t \
            LEFT JOIN new n ON n.environment_id = t.environment_id AND n.instance_id = t.instance_id AND n.session = t.session \
            AND n.trusted = t.trusted WHERE n.place IS NULL OR n.place <= CASE t.trusted WHEN 1 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END \
            ORDER BY 1, 2, 3, 4 ON CONFLICT (environment_id, instance_id, session, trusted) DO UPDATE SET \
            sdk = excluded.sdk, sdk_version = excluded.sdk_version, started_at = excluded.started_at, seen_at = excluded.seen_at, \
            state = excluded.state, revision = excluded.revision, healthy = excluded.healthy, labels = excluded.labels, \
            dropped_exposures = excluded.dropped_exposures, dropped_tracks = excluded.dropped_tracks, \
            dropped_evaluations = excluded.dropped_evaluations";
    PAGE = "SELECT instance_id, session, trusted, sdk, sdk_version, started_at, seen_at, state, revision, healthy, labels, \
            dropped_exposures, dropped_tracks, dropped_evaluations FROM instance WHERE environment_id = $1 \
            AND (instance_id > $2 OR (instance_id = $2 AND session > $3)) ORDER BY instance_id, session, trusted LIMIT $4";
    KNOWN = "SELECT DISTINCT i.instance_id FROM json_each($2) AS wanted \
             JOIN instance i ON i.environment_id = $1 AND i.instance_id = wanted.value ->> 0";
    PRUNE = "DELETE FROM instance WHERE (environment_id, instance_id, session, trusted) IN \
             (SELECT environment_id, instance_id, session, trusted FROM instance WHERE seen_at < $1 LIMIT $2)";
}

/// Notes what processes say of themselves; no two rows are of one process. One process too many is left out; answers how
/// many were noted.
pub async fn note(tx: &mut Tx, reports: &[Report<'_>], now: i64) -> Result<u64, StoreError> {
    let [servers, clients] = KEPT;
    tx.execute(NOTE, &[Arg::Text(&rows(reports)?), Arg::Int(now), Arg::Int(servers), Arg::Int(clients)]).await
}

/// Reads a page of an environment's instances, by id and session.
pub async fn page(
    tx: &mut Tx,
    environment_id: &str,
    (instance_id, session): After<'_>,
    limit: i64,
) -> Result<Vec<Instance>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Text(instance_id), Arg::Text(session), Arg::Int(limit)];
    tx.fetch_all(PAGE, &args).await?.iter().map(read).collect()
}

/// Which of these ids an environment has instances of.
pub async fn known(tx: &mut Tx, environment_id: &str, ids: &[&str]) -> Result<Vec<String>, StoreError> {
    let wanted: Vec<[&str; 1]> = ids.iter().map(|id| [*id]).collect();
    let found = tx.fetch_all(KNOWN, &[Arg::Text(environment_id), Arg::Text(&rows(&wanted)?)]).await?;
    found.iter().map(|row| row.text("instance_id")).collect()
}

/// Deletes instances that said nothing since a time; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}

fn read(row: &Row) -> Result<Instance, StoreError> {
    Ok(Instance {
        instance_id: row.text("instance_id")?,
        session: row.text("session")?,
        trusted: row.flag("trusted")?,
        sdk: row.text("sdk")?,
        sdk_version: row.text("sdk_version")?,
        started_at: row.opt_int("started_at")?,
        seen_at: row.int("seen_at")?,
        state: row.text("state")?,
        revision: row.text("revision")?,
        healthy: row.flag("healthy")?,
        labels: row.text("labels")?,
        dropped: [row.int("dropped_exposures")?, row.int("dropped_tracks")?, row.int("dropped_evaluations")?],
    })
}
