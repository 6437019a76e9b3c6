//! The time and chance of evaluations: the system's, or what a test says. And times as text.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

/// The system's time, in epoch milliseconds.
#[inline]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time, a random number and an instance that a test decides. Clones are the same moment.
///
/// ```
/// use pennon_sdk::test::{Flags, Moment};
///
/// let moment = Moment::new();
/// moment.set_now_ms(1_767_225_600_000);
/// let flags = Flags::at(&moment);
/// ```
#[derive(Debug, Clone)]
pub struct Moment(Arc<ArcSwap<Set>>);

/// What a test decided.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) now_ms: i64,
    pub(crate) random: u32,
    pub(crate) instance: Option<String>,
}

impl Default for Moment {
    fn default() -> Self {
        Self::new()
    }
}

impl Moment {
    /// Now, with the random number 0 and the instance `test`.
    #[must_use]
    pub fn new() -> Self {
        let set = Set { now_ms: now_ms(), random: 0, instance: Some("test".into()) };
        Self(Arc::new(ArcSwap::from_pointee(set)))
    }

    /// The time of evaluations (`$now`), in epoch milliseconds.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.set(|set| set.now_ms = now_ms);
    }

    /// The random number of evaluations (`$random`).
    pub fn set_random(&self, random: u32) {
        self.set(|set| set.random = random);
    }

    /// The instance that evaluates (`$instance`); none counts as absent.
    pub fn set_instance(&self, instance: Option<&str>) {
        self.set(|set| set.instance = instance.map(Into::into));
    }

    fn set(&self, change: impl Fn(&mut Set)) {
        self.0.rcu(|set| {
            let mut next = Set::clone(set);
            change(&mut next);
            next
        });
    }

    pub(crate) fn get(&self) -> arc_swap::Guard<Arc<Set>> {
        self.0.load()
    }
}

/// RFC 3339 in UTC with milliseconds, as the server wants it.
pub(crate) fn rfc3339(epoch_ms: i64) -> String {
    const DAY: i64 = 86_400_000;
    let (days, rest) = (epoch_ms.div_euclid(DAY), epoch_ms.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, millis) = (rest / 1_000 % 60, rest % 1_000);
    let mut out = String::with_capacity(24);
    // Writing to a String does not fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z");
    out
}

/// The date so many days after 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (epoch_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
            (4_107_542_400_001, "2100-03-01T00:00:00.001Z"),
        ] {
            assert_eq!(rfc3339(epoch_ms), text);
        }
    }

    #[test]
    fn clones_are_the_same_moment() {
        let moment = Moment::new();
        moment.clone().set_random(7);
        moment.set_instance(None);
        assert_eq!((moment.get().random, moment.get().instance.as_deref()), (7, None));
    }
}
