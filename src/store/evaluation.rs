//! Evaluations, rolled up by minute and by hour, and when each flag was first and last evaluated.

use serde::Serialize;

use super::db::rows;
use super::{Arg, Row, StoreError, Tx};

/// Seconds of the two roll-ups.
pub const SPANS: [i64; 2] = [60, 3_600];

/// So many evaluations: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted<'a>(
    /// The environment's id.
    pub &'a str,
    /// The flag's key.
    pub &'a str,
    /// Seconds of the roll-up, one of [`SPANS`].
    pub i64,
    /// Where it begins, microseconds.
    pub i64,
    /// The variant; "" for the caller's own default.
    pub &'a str,
    /// The reason, or the code of an error.
    pub &'a str,
    /// Who counted.
    pub &'a str,
    /// How many.
    pub i64,
);

/// That a flag was evaluated: the row is a tuple of the environment's id, the flag's key, and who counted.
pub type Seen<'a> = (&'a str, &'a str, &'a str);

/// How often something was evaluated in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The flag's key.
    pub flag: String,
    /// The variant; "" for the caller's own default.
    pub variant: String,
    /// The reason, or the code of an error.
    pub outcome: String,
    /// Who counted.
    pub source: String,
    /// Where the stretch begins, microseconds.
    pub at: i64,
    /// How many.
    pub count: i64,
}

/// When a flag was evaluated in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSeen {
    /// The environment's id.
    pub environment_id: String,
    /// The flag's key.
    pub flag: String,
    /// Who counted.
    pub source: String,
    /// The first time, microseconds.
    pub first_at: i64,
    /// The last time, microseconds.
    pub last_at: i64,
}

/// What is read of the roll-ups.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// From then on, microseconds.
    pub from: i64,
    /// Until before then, microseconds.
    pub to: i64,
    /// Seconds of the roll-up that is read, one of [`SPANS`].
    pub span: i64,
    /// Microseconds of one bucket.
    pub step: i64,
}

statements! {
    COUNT = "INSERT INTO evaluation (environment_id, flag, span, at, variant, outcome, source, count) \
             SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), value ->> 4, \
             value ->> 5, value ->> 6, CAST(value ->> 7 AS BIGINT) FROM json_each($1) WHERE true ORDER BY 1, 2, 3, 4, 5, 6, 7 \
             ON CONFLICT (environment_id, flag, span, at, variant, outcome, source) \
             DO UPDATE SET count = evaluation.count + excluded.count";
    // A row that says the same to within some seconds is left as it is.
    SEE = "INSERT INTO flag_seen (environment_id, flag, source, first_at, last_at) \
           SELECT value ->> 0, value ->> 1, value ->> 2, $2, $2 FROM json_each($1) WHERE true ORDER BY 1, 2, 3 \
           ON CONFLICT (environment_id, flag, source) DO UPDATE SET last_at = excluded.last_at \
           WHERE flag_seen.last_at < excluded.last_at - $3";
    SEEN = "SELECT s.environment_id, s.flag, s.source, s.first_at, s.last_at FROM json_each($2) AS wanted \
            JOIN flag_seen s ON s.environment_id = $1 AND s.flag = wanted.value ->> 0";
    SEEN_BETWEEN = "SELECT s.environment_id, s.flag, s.source, s.first_at, s.last_at FROM environment e \
                    JOIN flag_seen s ON s.environment_id = e.id AND s.flag >= $2 AND s.flag <= $3 \
                    WHERE e.project_id = $1 AND e.archived_at IS NULL";
    FLAGS = "SELECT DISTINCT flag FROM flag_seen WHERE environment_id = $1 AND flag > $2 ORDER BY flag LIMIT $3";
    BUCKETS = "SELECT m.flag, m.variant, m.outcome, m.source, (m.at / $6) * $6 AS bucket, CAST(SUM(m.count) AS BIGINT) AS total \
               FROM json_each($2) AS wanted JOIN evaluation m ON m.environment_id = $1 AND m.flag = wanted.value ->> 0 \
               AND m.span = $3 AND m.at >= $4 AND m.at < $5 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5";
    PRUNE = "DELETE FROM evaluation WHERE (environment_id, flag, span, at, variant, outcome, source) IN \
             (SELECT environment_id, flag, span, at, variant, outcome, source FROM evaluation WHERE at < $1 ORDER BY at LIMIT $2)";
}

/// Seconds by which [`LastSeen`] may be old: a row is not written anew for each batch.
pub const SEEN_WITHIN: i64 = 5;

/// Adds to the roll-ups; no two rows are of one place.
pub async fn count(tx: &mut Tx, counts: &[Counted<'_>]) -> Result<(), StoreError> {
    tx.execute(COUNT, &[Arg::Text(&rows(counts)?)]).await.map(|_| ())
}

/// Notes that flags were evaluated just now; no two rows are alike.
pub async fn see(tx: &mut Tx, seen: &[Seen<'_>], now: i64) -> Result<(), StoreError> {
    let args = [Arg::Text(&rows(seen)?), Arg::Int(now), Arg::Int(SEEN_WITHIN * 1_000_000)];
    tx.execute(SEE, &args).await.map(|_| ())
}

/// When flags were evaluated in an environment, by who counted.
pub async fn seen(tx: &mut Tx, environment_id: &str, flags: &[&str]) -> Result<Vec<LastSeen>, StoreError> {
    let wanted: Vec<[&str; 1]> = flags.iter().map(|flag| [*flag]).collect();
    let found = tx.fetch_all(SEEN, &[Arg::Text(environment_id), Arg::Text(&rows(&wanted)?)]).await?;
    found.iter().map(last_seen).collect()
}

/// When the flags between two keys were evaluated in the living environments of a project.
pub async fn seen_between(
    tx: &mut Tx,
    project_id: &str,
    (first, last): (&str, &str),
) -> Result<Vec<LastSeen>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(first), Arg::Text(last)];
    tx.fetch_all(SEEN_BETWEEN, &args).await?.iter().map(last_seen).collect()
}

/// The keys of flags that were ever evaluated in an environment, after one, in order.
pub async fn flags(
    tx: &mut Tx,
    environment_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Text(after), Arg::Int(limit)];
    tx.fetch_all(FLAGS, &args).await?.iter().map(|row| row.text("flag")).collect()
}

/// How often flags were evaluated in an environment, by stretches of time, in order.
pub async fn buckets(
    tx: &mut Tx,
    environment_id: &str,
    flags: &[&str],
    range: Range,
) -> Result<Vec<Bucket>, StoreError> {
    let wanted: Vec<[&str; 1]> = flags.iter().map(|flag| [*flag]).collect();
    let args = [
        Arg::Text(environment_id),
        Arg::Text(&rows(&wanted)?),
        Arg::Int(range.span),
        Arg::Int(range.from),
        Arg::Int(range.to),
        Arg::Int(range.step),
    ];
    tx.fetch_all(BUCKETS, &args).await?.iter().map(bucket).collect()
}

/// Deletes roll-ups that begin before a time; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}

fn last_seen(row: &Row) -> Result<LastSeen, StoreError> {
    Ok(LastSeen {
        environment_id: row.text("environment_id")?,
        flag: row.text("flag")?,
        source: row.text("source")?,
        first_at: row.int("first_at")?,
        last_at: row.int("last_at")?,
    })
}

fn bucket(row: &Row) -> Result<Bucket, StoreError> {
    Ok(Bucket {
        flag: row.text("flag")?,
        variant: row.text("variant")?,
        outcome: row.text("outcome")?,
        source: row.text("source")?,
        at: row.int("bucket")?,
        count: row.int("total")?,
    })
}
