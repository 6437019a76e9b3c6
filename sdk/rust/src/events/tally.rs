//! [`Tally`]: what evaluations and tracks leave behind, until it is sent.
//!
//! Must not take a lock for a flag that is there and not tracked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use pennon_engine::{At, Context, Evaluation};
use tokio::sync::Notify;

use super::item::{Exposure, Measured};
use super::queue::{Pushed, Queue};
use super::seen::Seen;
use super::summary::{Line, Summary};
use super::{EVALUATIONS, EXPOSURES, NAME, TRACKS, UNIT, is_text};
use crate::details::ErrorCode;
use crate::image::Image;

/// What was dropped since the start.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    pub(crate) exposures: AtomicU64,
    pub(crate) tracks: AtomicU64,
    pub(crate) evaluations: AtomicU64,
}

/// What is kept for the server.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) exposures: Queue<Exposure>,
    pub(crate) tracks: Queue<Measured>,
    pub(crate) dropped: Dropped,
    /// Something should be sent before its time.
    pub(crate) half_full: Notify,
    seen: OnceLock<Seen>,
    /// Of flags that are not there, and of snapshots that are not served any more.
    summary: Mutex<Summary>,
    /// Snapshots that some thread may still be counting in.
    retired: Mutex<Vec<Arc<Image>>>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            exposures: Queue::new(EXPOSURES),
            tracks: Queue::new(TRACKS),
            dropped: Dropped::default(),
            half_full: Notify::new(),
            seen: OnceLock::new(),
            summary: Mutex::new(Summary::new(EVALUATIONS)),
            retired: Mutex::default(),
        }
    }

    /// Nothing could be evaluated: there is no such flag, or nothing to evaluate at all.
    #[cold]
    pub(crate) fn missed(&self, flag: &str, error: ErrorCode) {
        // Whatever an application asks for; what the server does not take need not be kept.
        let lost = if is_text(flag, NAME) { lock(&self.summary).add_error(flag, error) } else { 1 };
        self.dropped.evaluations.fetch_add(lost, Ordering::Relaxed);
    }

    /// The result is tracked: notes the exposure when it is the first of its unit.
    #[cold]
    pub(crate) fn exposed(
        &self,
        found: &Evaluation<'_>,
        context: &Context<'_>,
        at: &At<'_>,
        now_ms: impl FnOnce() -> i64,
    ) {
        let (Some(flag), Some(track)) = (found.flag(), found.track()) else { return };
        let seen = self.seen.get_or_init(Seen::new);
        let exposure = track.with_unit(context, at, |unit| {
            seen.is_new(track.run(), track.arm(), unit).then(|| Exposure {
                at_ms: now_ms(),
                flag: flag.key().into(),
                variant: found.variant().map(|variant| variant.name().into()),
                run: track.run().into(),
                arm: track.arm().map(Into::into),
                unit: unit.into(),
            })
        });
        if let Some(exposure) = exposure.flatten() {
            let fits = is_text(&exposure.unit, UNIT);
            let pushed = if fits { self.exposures.push(exposure) } else { Pushed::Full };
            self.settle(pushed, &self.dropped.exposures);
        }
    }

    pub(crate) fn measured(&self, measured: Measured) {
        let fits = is_text(&measured.unit, UNIT);
        let pushed = if fits { self.tracks.push(measured) } else { Pushed::Full };
        self.settle(pushed, &self.dropped.tracks);
    }

    fn settle(&self, pushed: Pushed, dropped: &AtomicU64) {
        match pushed {
            Pushed::Kept => {}
            Pushed::HalfFull => self.half_full.notify_one(),
            Pushed::Full => drop(dropped.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The snapshot is not served any more.
    pub(crate) fn retire(&self, image: Arc<Image>) {
        self.drain(&image);
        let mut retired = lock(&self.retired);
        retired.push(image);
        self.sweep(&mut retired);
    }

    /// Takes all counts: of the snapshot that is served, and of those before.
    pub(crate) fn take(&self, image: Option<&Arc<Image>>) -> Vec<Line> {
        if let Some(image) = image {
            self.drain(image);
        }
        self.sweep(&mut lock(&self.retired));
        lock(&self.summary).take()
    }

    /// Lets go of snapshots that nobody counts in any more.
    fn sweep(&self, retired: &mut Vec<Arc<Image>>) {
        retired.retain(|image| {
            let used = Arc::strong_count(image) > 1;
            self.drain(image);
            used
        });
    }

    fn drain(&self, image: &Image) {
        let mut summary = lock(&self.summary);
        image.counts.drain(&image.snapshot, |counted| {
            let count = counted.count;
            let lost = summary.add(counted.into(), count);
            self.dropped.evaluations.fetch_add(lost, Ordering::Relaxed);
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing can panic while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pennon_engine::Snapshot;

    const AT: At<'static> = At { now_ms: 0, random: 0, instance: None };

    fn image() -> Arc<Image> {
        let text = br#"{"flags":{"f":{"key":"f","type":"boolean","enabled":true,"variants":{"on":true,"off":false},
            "rules":[{"id":"r","serve":{"split":[{"variant":"on","weight":100000}]},"track":{"run":"r-1","by":["id","targetingKey"]}}],
            "fallthrough":{"variant":"off"}}}}"#;
        Arc::new(Image::new(Snapshot::from_json(text).unwrap(), 1))
    }

    fn expose(tally: &Tally, image: &Image, context: &Context<'_>) {
        let flag = image.snapshot.flag("f").unwrap();
        let found = flag.evaluate(context, None, &AT);
        image.counts.add(flag.position(), &found);
        tally.exposed(&found, context, &AT, || 5);
    }

    #[test]
    fn a_unit_is_exposed_once_by_the_first_attribute_that_yields_it() {
        let (tally, image) = (Tally::new(), image());
        let user = Context::empty().with_targeting_key("u");
        expose(&tally, &image, &user);
        expose(&tally, &image, &user);
        expose(&tally, &image, &user.clone().with("id", 7_i64));
        expose(&tally, &image, &Context::empty());
        let found: Vec<(String, Option<String>)> =
            std::iter::from_fn(|| tally.exposures.pop()).map(|one| (one.unit, one.arm)).collect();
        assert_eq!(found, [("u".into(), Some("on".into())), ("7".into(), Some("on".into()))]);
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let tally = Tally::new();
        for _ in 0..TRACKS + 3 {
            tally.measured(Measured { at_ms: 1, metric: "m".into(), unit: "u".into(), value: 1.0 });
        }
        assert_eq!(tally.dropped.tracks.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn what_is_too_long_for_the_server_is_dropped_and_counted() {
        let (tally, image) = (Tally::new(), image());
        let track = |unit: &str| {
            tally.measured(Measured { at_ms: 1, metric: "m".into(), unit: unit.into(), value: 1.0 });
        };
        for unit in ["\u{fc}".repeat(UNIT), "u".repeat(UNIT + 1), "u\n".into(), String::new()] {
            track(&unit);
            expose(&tally, &image, &Context::empty().with_targeting_key(&*unit));
        }
        for flag in ["f".repeat(NAME), "f".repeat(NAME + 1), String::new()] {
            tally.missed(&flag, ErrorCode::FlagNotFound);
        }
        let dropped = tally.dropped.total();
        assert_eq!((dropped.tracks, dropped.evaluations), (3, 2));
        assert!(dropped.exposures >= 2, "{dropped:?}");
        assert_eq!(tally.tracks.pop().map(|one| one.unit.chars().count()), Some(UNIT));
        assert_eq!(tally.exposures.pop().map(|one| one.unit.chars().count()), Some(UNIT));
        assert!(tally.tracks.pop().is_none() && tally.exposures.pop().is_none());
        assert_eq!(tally.take(None).len(), 1);
    }

    #[test]
    fn a_metric_and_its_value_are_what_the_server_takes() {
        use super::super::can_be_measured;
        assert!(can_be_measured(&"m".repeat(NAME), -1e15));
        for (metric, value) in
            [("", 1.0), ("m\n", 1.0), (&*"m".repeat(NAME + 1), 1.0), ("m", f64::NAN), ("m", 1e16)]
        {
            assert!(!can_be_measured(metric, value), "{metric} {value}");
        }
    }

    #[test]
    fn what_is_counted_in_a_retired_snapshot_is_not_lost() {
        let (tally, image) = (Tally::new(), image());
        let user = Context::empty().with_targeting_key("u");
        expose(&tally, &image, &user);
        tally.retire(Arc::clone(&image));
        expose(&tally, &image, &user);
        let total = |lines: Vec<Line>| lines.iter().map(|line| line.count).sum::<u64>();
        assert_eq!(total(tally.take(None)), 2);
        expose(&tally, &image, &user);
        drop(image);
        assert_eq!(total(tally.take(None)), 1);
        assert!(lock(&tally.retired).is_empty());
    }

    #[test]
    fn unknown_flags_are_counted_up_to_a_bound() {
        let tally = Tally::new();
        for number in 0..EVALUATIONS + 5 {
            tally.missed(&format!("gone-{number}"), ErrorCode::FlagNotFound);
        }
        assert_eq!(tally.dropped.evaluations.load(Ordering::Relaxed), 5);
        assert_eq!(tally.take(None).len(), EVALUATIONS);
    }
}
