//! Exposures: the first time a unit met an arm of a run, and how many units that are.

use serde::Serialize;

use super::db::rows;
use super::{Arg, Row, StoreError, Tx};

/// A unit that met an arm: the row is a tuple of these, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exposed<'a>(
    /// The environment's id.
    pub &'a str,
    /// The run's id.
    pub &'a str,
    /// The unit's keyed hash.
    pub &'a str,
    /// 1 for a server key.
    pub i64,
    /// The flag's key.
    pub &'a str,
    /// The arm; "" for none.
    pub &'a str,
    /// The variant.
    pub &'a str,
    /// When, microseconds.
    pub i64,
);

/// How many units met an arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The flag's key.
    pub flag: String,
    /// The run's id.
    pub run: String,
    /// The arm; "" for none.
    pub arm: String,
    /// The variant.
    pub variant: String,
    /// Whether they were reported with a server key.
    pub trusted: bool,
    /// How many units.
    pub units: i64,
    /// When the first of them was, microseconds.
    pub first_at: i64,
    /// When the last of them was, microseconds.
    pub last_at: i64,
}

/// Units of one run, arm and variant that are taken over from holders of client keys: these are public, so anybody may send any number.
pub const UNTRUSTED_UNITS: i64 = 1_000_000;

statements! {
    // The first to be told of counts: what comes later for the same unit changes nothing.
    INSERT = "INSERT INTO exposure (environment_id, run, unit, trusted, flag, arm, variant, at) \
              SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, CAST(x.value ->> 3 AS BIGINT), x.value ->> 4, x.value ->> 5, \
              x.value ->> 6, CAST(x.value ->> 7 AS BIGINT) FROM json_each($1) AS x \
              WHERE CAST(x.value ->> 3 AS BIGINT) = 1 OR COALESCE((SELECT t.units FROM exposure_total t WHERE t.environment_id = x.value ->> 0 \
              AND t.flag = x.value ->> 4 AND t.run = x.value ->> 1 AND t.arm = x.value ->> 5 AND t.variant = x.value ->> 6 \
              AND t.trusted = 0), 0) < $2 \
              ORDER BY 1, 2, 3, 4 ON CONFLICT (environment_id, run, unit, trusted) DO NOTHING \
              RETURNING environment_id, flag, run, arm, variant, trusted, at";
    ADD = "INSERT INTO exposure_total (environment_id, flag, run, arm, variant, trusted, units, first_at, last_at) \
           SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, CAST(value ->> 5 AS BIGINT), \
           CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT) FROM json_each($1) \
           WHERE true ORDER BY 1, 2, 3, 4, 5, 6 ON CONFLICT (environment_id, flag, run, arm, variant, trusted) DO UPDATE SET \
           units = exposure_total.units + excluded.units, \
           first_at = CASE WHEN excluded.first_at < exposure_total.first_at THEN excluded.first_at ELSE exposure_total.first_at END, \
           last_at = CASE WHEN excluded.last_at > exposure_total.last_at THEN excluded.last_at ELSE exposure_total.last_at END";
    TOTALS = "SELECT t.flag, t.run, t.arm, t.variant, t.trusted, t.units, t.first_at, t.last_at FROM json_each($2) AS wanted \
              JOIN exposure_total t ON t.environment_id = $1 AND t.flag = wanted.value ->> 0 ORDER BY 1, 2, 3, 4, 5";
    PRUNE = "DELETE FROM exposure WHERE (environment_id, run, unit, trusted) IN \
             (SELECT environment_id, run, unit, trusted FROM exposure WHERE at < $1 ORDER BY at LIMIT $2)";
    PRUNE_TOTALS = "DELETE FROM exposure_total WHERE (environment_id, flag, run, arm, variant, trusted) IN \
                    (SELECT environment_id, flag, run, arm, variant, trusted FROM exposure_total WHERE last_at < $1 LIMIT $2)";
}

/// Notes exposures and counts the units that are new; no two rows are of one unit. Answers how many were.
pub async fn note(tx: &mut Tx, exposed: &[Exposed<'_>]) -> Result<usize, StoreError> {
    let args = [Arg::Text(&rows(exposed)?), Arg::Int(UNTRUSTED_UNITS)];
    let new = tx.fetch_all(INSERT, &args).await?;
    let mut totals = std::collections::BTreeMap::new();
    for row in &new {
        let place = (
            row.text("environment_id")?,
            row.text("flag")?,
            row.text("run")?,
            row.text("arm")?,
            row.text("variant")?,
            row.int("trusted")?,
        );
        let at = row.int("at")?;
        let (units, first, last) = totals.entry(place).or_insert((0_i64, at, at));
        *units += 1;
        *first = at.min(*first);
        *last = at.max(*last);
    }
    let flat: Vec<_> = totals
        .into_iter()
        .map(|((environment, flag, run, arm, variant, trusted), (units, first, last))| {
            (environment, flag, run, arm, variant, trusted, units, first, last)
        })
        .collect();
    if !flat.is_empty() {
        tx.execute(ADD, &[Arg::Text(&rows(&flat)?)]).await?;
    }
    Ok(new.len())
}

/// How many units met the arms of runs on flags of an environment, in order.
pub async fn totals(tx: &mut Tx, environment_id: &str, flags: &[&str]) -> Result<Vec<Total>, StoreError> {
    let wanted: Vec<[&str; 1]> = flags.iter().map(|flag| [*flag]).collect();
    let found = tx.fetch_all(TOTALS, &[Arg::Text(environment_id), Arg::Text(&rows(&wanted)?)]).await?;
    found.iter().map(total).collect()
}

/// Deletes exposures before a time; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    let args = [Arg::Int(before), Arg::Int(limit)];
    Ok(tx.execute(PRUNE, &args).await? + tx.execute(PRUNE_TOTALS, &args).await?)
}

fn total(row: &Row) -> Result<Total, StoreError> {
    Ok(Total {
        flag: row.text("flag")?,
        run: row.text("run")?,
        arm: row.text("arm")?,
        variant: row.text("variant")?,
        trusted: row.flag("trusted")?,
        units: row.int("units")?,
        first_at: row.int("first_at")?,
        last_at: row.int("last_at")?,
    })
}
