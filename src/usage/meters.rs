//! What is counted of batches and of what they hold.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::telemetry as name;

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Stored,
    /// It had been stored before.
    Repeated,
    /// No room for it just now.
    Busy,
    /// The database did not take it.
    Failed,
}

/// What is left out because there is too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// Flags that were asked for and are not defined.
    UnknownFlags,
    /// Instances.
    Instances,
    /// Values of metrics.
    Tracks,
    /// Evaluations that this node has counted itself and could not write.
    Evaluations,
}

/// Counts a batch.
pub fn batch(outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Stored => "stored",
        Outcome::Repeated => "repeated",
        Outcome::Busy => "busy",
        Outcome::Failed => "failed",
    };
    counter!(name::USAGE_BATCHES, "outcome" => outcome).increment(1);
}

/// Notes how long a group of batches took to be written.
pub fn written(took: Duration) {
    histogram!(name::USAGE_WRITE_SECONDS).record(took.as_secs_f64());
}

/// Tells how long ago (microseconds) this node has last written all that it has evaluated itself.
pub fn flush_age(micros: i64) {
    #[expect(clippy::cast_precision_loss, reason = "an age")]
    gauge!(name::USAGE_FLUSH_AGE_SECONDS).set(micros as f64 / 1e6);
}

/// Counts rows that were left out: so many were to be kept, so many were.
pub fn dropped(what: Dropped, wanted: usize, kept: u64) {
    let missing = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_sub(kept);
    if missing > 0 {
        let what = match what {
            Dropped::UnknownFlags => "unknown_flags",
            Dropped::Instances => "instances",
            Dropped::Tracks => "tracks",
            Dropped::Evaluations => "evaluations",
        };
        counter!(name::USAGE_DROPPED, "what" => what).increment(missing);
    }
}
