//! The clock: the system's, or a manual one for tests. Time inside a database transaction is the
//! database's own and never comes from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the time comes from; cheap to clone, and clones of a manual clock move together.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// Microseconds since 1970-01-01 UTC that stand still until somebody moves them.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `micros` (microseconds since 1970-01-01 UTC).
    #[must_use]
    pub fn manual(micros: i64) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(micros)))
    }

    /// Microseconds since 1970-01-01 UTC; negative before it.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        match self {
            Clock::System => system_micros(),
            Clock::Manual(micros) => micros.load(Ordering::Relaxed),
        }
    }

    /// Milliseconds since 1970-01-01 UTC, rounded toward the past.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_micros().div_euclid(1_000)
    }

    /// Moves a manual clock forward; the system's clock goes its own way.
    pub fn advance(&self, by: Duration) {
        if let Clock::Manual(micros) = self {
            micros.fetch_add(saturating_micros(by), Ordering::Relaxed);
        }
    }
}

fn system_micros() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => saturating_micros(since),
        Err(before) => saturating_micros(before.duration()).saturating_neg(),
    }
}

fn saturating_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_move_together_and_milliseconds_round_to_the_past() {
        let clock = Clock::manual(-1);
        let clone = clock.clone();
        assert_eq!((clone.now_micros(), clone.now_ms()), (-1, -1));
        clock.advance(Duration::from_millis(2));
        assert_eq!((clone.now_micros(), clone.now_ms()), (1_999, 1));
    }

    #[test]
    fn the_system_clock_is_past_2020() {
        assert!(Clock::System.now_ms() > 1_577_836_800_000);
    }
}
