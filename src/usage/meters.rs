//! What is counted of batches and of what they hold.

use std::time::Duration;

use metrics::{counter, histogram};

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

/// Counts rows that were left out: so many were to be kept, so many were.
pub fn dropped(what: Dropped, wanted: usize, kept: u64) {
    let missing = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_sub(kept);
    if missing > 0 {
        let what = match what {
            Dropped::UnknownFlags => "unknown_flags",
            Dropped::Instances => "instances",
            Dropped::Tracks => "tracks",
        };
        counter!(name::USAGE_DROPPED, "what" => what).increment(missing);
    }
}
