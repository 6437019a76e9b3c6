//! [`Seen`]: which units have met which arm of which run. Asked at each evaluation that is tracked, so without a lock and
//! without memory of its own: a table of fingerprints of a fixed size.
//!
//! Must not hold a unit.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Fingerprints that share a place to be looked for; beyond it the oldest of them is forgotten.
const WAYS: usize = 16;
/// Places. With 20 000 remembered, five share a place on average, and one in a hundred thousand places is too small.
const PLACES: usize = 4_096;

/// A table of 512 KiB, made when the first tracked flag is evaluated.
#[derive(Debug)]
pub(crate) struct Seen {
    hasher: RandomState,
    places: Box<[Place]>,
}

#[derive(Debug, Default)]
struct Place {
    fingerprints: [AtomicU64; WAYS],
    next: AtomicU8,
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), places: (0..PLACES).map(|_| Place::default()).collect() }
    }

    /// Whether this is the first time, which it is never again (but for the forgotten).
    pub(crate) fn is_new(&self, run: &str, arm: Option<&str>, unit: &str) -> bool {
        // 0 marks an empty place.
        let fingerprint = self.hasher.hash_one((run, arm, unit)).max(1);
        let at = usize::try_from(fingerprint >> 32).unwrap_or(0) % PLACES;
        let Some(place) = self.places.get(at) else { return true };
        if place.fingerprints.iter().any(|one| one.load(Ordering::Relaxed) == fingerprint) {
            return false;
        }
        let way = usize::from(place.next.fetch_add(1, Ordering::Relaxed)) % WAYS;
        if let Some(slot) = place.fingerprints.get(way) {
            slot.store(fingerprint, Ordering::Relaxed);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_meets_each_arm_of_each_run_once() {
        let seen = Seen::new();
        for (run, arm, unit) in [
            ("r", Some("a"), "u"),
            ("r", Some("b"), "u"),
            ("r", None, "u"),
            ("s", Some("a"), "u"),
            ("r", Some("a"), "v"),
        ] {
            assert!(seen.is_new(run, arm, unit));
            assert!(!seen.is_new(run, arm, unit));
        }
    }

    #[test]
    fn twenty_thousand_are_remembered() {
        let seen = Seen::new();
        let units: Vec<String> = (0..20_000).map(|number| format!("user-{number}")).collect();
        assert!(units.iter().all(|unit| seen.is_new("run", Some("candidate"), unit)));
        let forgotten = units.iter().filter(|unit| seen.is_new("run", Some("candidate"), unit)).count();
        // Once in many runs one place is too small.
        assert!(forgotten <= 2 * WAYS, "{forgotten}");
    }
}
