//! Tracked values, rolled up by minute and by hour; metrics are bounded, since their names are the callers'.

use serde::Serialize;

use super::db::rows;
use super::{Arg, Row, StoreError, Tx};

/// Values of a metric: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tracked<'a>(
    /// The environment's id.
    pub &'a str,
    /// The metric.
    pub &'a str,
    /// Seconds of the roll-up.
    pub i64,
    /// Where it begins, microseconds.
    pub i64,
    /// 1 for a server key.
    pub i64,
    /// How many values.
    pub i64,
    /// Their sum.
    pub f64,
    /// The sum of their squares.
    pub f64,
    /// The least of them.
    pub f64,
    /// The greatest of them.
    pub f64,
);

/// What was tracked of a metric in a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The metric.
    pub metric: String,
    /// Whether it was sent with a server key.
    pub trusted: bool,
    /// How many values.
    pub count: i64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_squares: f64,
    /// The least of them.
    pub min: f64,
    /// The greatest of them.
    pub max: f64,
}

/// Metrics kept of one environment that holders of server keys track, and of client keys.
pub const KEPT: [i64; 2] = [1_000, 200];

statements! {
    // What is known already is noted; of what is new, as many as there is room for.
    SEE = "WITH told AS (SELECT value ->> 0 AS environment_id, value ->> 1 AS metric, CAST(value ->> 2 AS BIGINT) AS trusted \
           FROM json_each($1)), \
           new AS (SELECT t.environment_id, t.metric, t.trusted, \
           ROW_NUMBER() OVER (PARTITION BY t.environment_id, t.trusted ORDER BY t.metric) \
           + (SELECT COUNT(*) FROM metric_seen m WHERE m.environment_id = t.environment_id AND m.trusted = t.trusted) AS place \
           FROM told t WHERE NOT EXISTS (SELECT 1 FROM metric_seen m WHERE m.environment_id = t.environment_id \
           AND m.metric = t.metric AND m.trusted = t.trusted)) \
           INSERT INTO metric_seen (environment_id, metric, trusted, first_at, last_at) \
           SELECT t.environment_id, t.metric, t.trusted, $2, $2 FROM told t \
           LEFT JOIN new n ON n.environment_id = t.environment_id AND n.metric = t.metric AND n.trusted = t.trusted \
           WHERE n.place IS NULL OR n.place <= CASE t.trusted WHEN 1 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END \
           ORDER BY 1, 2, 3 ON CONFLICT (environment_id, metric, trusted) DO UPDATE SET last_at = excluded.last_at \
           WHERE metric_seen.last_at < excluded.last_at - $5";
    ADD = "INSERT INTO track (environment_id, metric, span, at, trusted, count, sum, sum_squares, min, max) \
           SELECT a.value ->> 0, a.value ->> 1, CAST(a.value ->> 2 AS BIGINT), CAST(a.value ->> 3 AS BIGINT), \
           CAST(a.value ->> 4 AS BIGINT), CAST(a.value ->> 5 AS BIGINT), CAST(a.value ->> 6 AS DOUBLE PRECISION), \
           CAST(a.value ->> 7 AS DOUBLE PRECISION), CAST(a.value ->> 8 AS DOUBLE PRECISION), CAST(a.value ->> 9 AS DOUBLE PRECISION) \
           FROM json_each($1) AS a \
           WHERE EXISTS (SELECT 1 FROM metric_seen u WHERE u.environment_id = a.value ->> 0 AND u.metric = a.value ->> 1 \
                         AND u.trusted = CAST(a.value ->> 4 AS BIGINT)) \
           ORDER BY 1, 2, 3, 4, 5 ON CONFLICT (environment_id, metric, span, at, trusted) DO UPDATE SET \
           count = track.count + excluded.count, sum = track.sum + excluded.sum, \
           sum_squares = track.sum_squares + excluded.sum_squares, \
           min = CASE WHEN excluded.min < track.min THEN excluded.min ELSE track.min END, \
           max = CASE WHEN excluded.max > track.max THEN excluded.max ELSE track.max END";
    METRICS = "SELECT t.metric, t.trusted, CAST(SUM(t.count) AS BIGINT) AS total, SUM(t.sum) AS sum, \
               SUM(t.sum_squares) AS sum_squares, MIN(t.min) AS min, MAX(t.max) AS max \
               FROM metric_seen s JOIN track t ON t.environment_id = s.environment_id AND t.metric = s.metric \
               AND t.trusted = s.trusted AND t.span = $2 AND t.at >= $3 AND t.at < $4 WHERE s.environment_id = $1 \
               GROUP BY t.metric, t.trusted ORDER BY 1, 2 DESC";
    PRUNE = "DELETE FROM track WHERE (environment_id, metric, span, at, trusted) IN \
             (SELECT environment_id, metric, span, at, trusted FROM track WHERE at < $1 ORDER BY at LIMIT $2)";
    PRUNE_SEEN = "DELETE FROM metric_seen WHERE (environment_id, metric, trusted) IN \
                  (SELECT environment_id, metric, trusted FROM metric_seen WHERE last_at < $1 LIMIT $2)";
}

/// Adds to the roll-ups; no two rows are of one place. Values of one metric too many are left out.
pub async fn add(tx: &mut Tx, tracked: &[Tracked<'_>], now: i64) -> Result<u64, StoreError> {
    let mut metrics: Vec<(&str, &str, i64)> = tracked.iter().map(|row| (row.0, row.1, row.4)).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let [servers, clients] = KEPT;
    let args = [
        Arg::Text(&rows(&metrics)?),
        Arg::Int(now),
        Arg::Int(servers),
        Arg::Int(clients),
        Arg::Int(super::evaluation::SEEN_WITHIN * 1_000_000),
    ];
    tx.execute(SEE, &args).await?;
    tx.execute(ADD, &[Arg::Text(&rows(tracked)?)]).await
}

/// What was tracked in an environment from a time until before another (microseconds), read from one of the roll-ups.
pub async fn metrics(
    tx: &mut Tx,
    environment_id: &str,
    span: i64,
    (from, to): (i64, i64),
) -> Result<Vec<Metric>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Int(span), Arg::Int(from), Arg::Int(to)];
    tx.fetch_all(METRICS, &args).await?.iter().map(metric).collect()
}

/// Deletes roll-ups that begin before a time, and metrics that nobody tracked since; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    let args = [Arg::Int(before), Arg::Int(limit)];
    Ok(tx.execute(PRUNE, &args).await? + tx.execute(PRUNE_SEEN, &args).await?)
}

fn metric(row: &Row) -> Result<Metric, StoreError> {
    Ok(Metric {
        metric: row.text("metric")?,
        trusted: row.flag("trusted")?,
        count: row.int("total")?,
        sum: row.real("sum")?,
        sum_squares: row.real("sum_squares")?,
        min: row.real("min")?,
        max: row.real("max")?,
    })
}
