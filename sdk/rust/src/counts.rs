//! [`Counts`]: how often each flag of one snapshot served each variant, and why.
//!
//! Counting takes no lock and no memory: all counters are made with the snapshot, and each thread adds to a share of its own.
//! Must not hold anything of a context.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use pennon_engine::{ErrorCode, Evaluation, FlagRef, Reason, Snapshot, Variant};

/// The most shares: beyond it more memory gains nothing.
const SHARES: usize = 8;
/// The most counters of all shares: 32 MiB. A huge environment gets fewer shares.
const COUNTERS: usize = 4 << 20;

/// The reasons of a variant, and of the caller's default.
const REASONS: [Reason; 5] =
    [Reason::Static, Reason::Default, Reason::TargetingMatch, Reason::Split, Reason::Disabled];
/// The errors that a flag which is there may give.
const ERRORS: [ErrorCode; 4] = [
    ErrorCode::InvalidContext,
    ErrorCode::ParseError,
    ErrorCode::TypeMismatch,
    ErrorCode::TargetingKeyMissing,
];

/// The counters of one snapshot.
#[derive(Debug)]
pub(crate) struct Counts {
    /// At least one; their number is a power of two.
    shares: Box<[Box<[AtomicU64]>]>,
    /// Where each flag's counters are.
    ranges: Box<[Range<usize>]>,
}

/// What was counted of one flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted<'s> {
    pub(crate) flag: &'s str,
    pub(crate) variant: Option<&'s str>,
    pub(crate) reason: Reason,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) count: u64,
}

impl Counts {
    /// Counters for every flag; `threads` is how many may evaluate at once.
    pub(crate) fn new(snapshot: &Snapshot, threads: usize) -> Self {
        let mut end = 0;
        let range = |flag: FlagRef<'_>| {
            let start = end;
            end += (flag.flag().variants().count() + 1) * REASONS.len() + ERRORS.len();
            start..end
        };
        let ranges = snapshot.flags().map(range).collect();
        let room = (COUNTERS / end.max(1)).clamp(1, SHARES);
        // A power of two, so that a thread finds its share without a division.
        let shares = 1 << threads.clamp(1, room).ilog2();
        let share = |_| (0..end).map(|_| AtomicU64::new(0)).collect();
        Self { shares: (0..shares).map(share).collect(), ranges }
    }

    /// Counts one evaluation of the flag at this position.
    #[inline]
    pub(crate) fn add(&self, position: usize, found: &Evaluation<'_>) {
        let range = self.ranges.get(position).cloned().unwrap_or_default();
        let counters = self.own().get(range).unwrap_or_default();
        let counter = counters.get(place(found, counters.len()));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// This thread's share.
    #[inline]
    fn own(&self) -> &[AtomicU64] {
        let number = thread_number() & (self.shares.len() - 1);
        self.shares.get(number).map(|share| &**share).unwrap_or_default()
    }

    /// Takes everything that was counted so far.
    pub(crate) fn drain<'s>(&self, snapshot: &'s Snapshot, mut take: impl FnMut(Counted<'s>)) {
        for (flag, range) in snapshot.flags().map(|flag| flag.flag()).zip(&self.ranges) {
            let variants = flag.variants().count();
            for at in range.clone() {
                let count = self.take(at);
                if count == 0 {
                    continue;
                }
                let (variant, reason, error) = meaning(at - range.start, variants);
                let variant = variant.and_then(|at| flag.variants().nth(at)).map(Variant::name);
                take(Counted { flag: flag.key(), variant, reason, error, count });
            }
        }
    }

    fn take(&self, at: usize) -> u64 {
        let counters = self.shares.iter().filter_map(|share| share.get(at));
        // Most are zero, and reading is cheaper than swapping.
        counters
            .filter(|one| one.load(Ordering::Relaxed) != 0)
            .map(|one| one.swap(0, Ordering::Relaxed))
            .sum()
    }
}

/// Which of a flag's counters counts this.
#[inline]
fn place(found: &Evaluation<'_>, counters: usize) -> usize {
    if let Some(code) = found.error() {
        let error = ERRORS.iter().position(|one| *one == code);
        return error.map_or(usize::MAX, |error| counters - ERRORS.len() + error);
    }
    let reason = match found.reason() {
        Reason::Static => 0,
        Reason::Default => 1,
        Reason::TargetingMatch => 2,
        Reason::Split => 3,
        Reason::Disabled => 4,
        Reason::Error => return usize::MAX,
    };
    let variant = found.variant().map_or(0, |served| {
        let position =
            found.flag().and_then(|flag| flag.variants().position(|one| std::ptr::eq(one, served)));
        position.map_or(0, |at| at + 1)
    });
    variant * REASONS.len() + reason
}

/// The variant's position, the reason and the error of a flag's counter.
fn meaning(place: usize, variants: usize) -> (Option<usize>, Reason, Option<ErrorCode>) {
    if let Some(error) = place.checked_sub((variants + 1) * REASONS.len()) {
        return (None, Reason::Error, ERRORS.get(error).copied());
    }
    let reason = REASONS.get(place % REASONS.len()).copied().unwrap_or(Reason::Error);
    ((place / REASONS.len()).checked_sub(1), reason, None)
}

/// A number that differs between threads that run at the same time, mostly.
#[inline]
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    OWN.try_with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) & (usize::MAX >> 1));
        }
        own.get()
    })
    .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pennon_engine::{Asked, At, Context};

    fn snapshot() -> Snapshot {
        Snapshot::from_json(
            br#"{"flags":{
            "a":{"key":"a","type":"boolean","enabled":true,"variants":{"on":true,"off":false},"offVariant":"off",
                "rules":[{"id":"r","when":{"attribute":"plan","op":"in","values":["pro"]},"serve":{"variant":"on"}}],
                "fallthrough":{"split":[{"variant":"off","weight":100000}]}},
            "b":{"key":"b","type":"string","enabled":false,"variants":{"x":"x"},"fallthrough":{"variant":"x"}},
            "c":{"key":"c","type":"nonsense"}}}"#,
        )
        .unwrap()
    }

    fn evaluate(snapshot: &Snapshot, counts: &Counts, key: &str, context: &Context<'_>, asked: Asked) {
        let flag = snapshot.flag(key).unwrap();
        counts.add(flag.position(), &flag.evaluate(context, Some(asked), &At::default()));
    }

    #[test]
    fn each_variant_reason_and_error_is_counted_apart_and_taken_once() {
        let (snapshot, user) = (snapshot(), Context::empty().with_targeting_key("u"));
        let counts = Counts::new(&snapshot, 3);
        assert_eq!(counts.shares.len(), 2);
        evaluate(&snapshot, &counts, "a", &user.clone().with("plan", "pro"), Asked::Boolean);
        for _ in 0..3 {
            evaluate(&snapshot, &counts, "a", &user, Asked::Boolean);
        }
        evaluate(&snapshot, &counts, "a", &Context::empty(), Asked::Boolean);
        evaluate(&snapshot, &counts, "a", &user, Asked::String);
        evaluate(&snapshot, &counts, "a", &Context::empty().with("targetingKey", true), Asked::Boolean);
        evaluate(&snapshot, &counts, "b", &user, Asked::String);
        evaluate(&snapshot, &counts, "c", &user, Asked::String);

        let mut found = Vec::new();
        counts.drain(&snapshot, |one| found.push((one.flag, one.variant, one.reason, one.error, one.count)));
        let error = |flag, code| (flag, None, Reason::Error, Some(code), 1);
        assert_eq!(
            found,
            [
                ("a", Some("on"), Reason::TargetingMatch, None, 1),
                ("a", Some("off"), Reason::Split, None, 3),
                error("a", ErrorCode::InvalidContext),
                error("a", ErrorCode::TypeMismatch),
                error("a", ErrorCode::TargetingKeyMissing),
                ("b", None, Reason::Disabled, None, 1),
                error("c", ErrorCode::ParseError),
            ]
        );
        counts.drain(&snapshot, |_| panic!("taken twice"));
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let snapshot = snapshot();
        let counts = Counts::new(&snapshot, 2);
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        evaluate(&snapshot, &counts, "b", &Context::empty(), Asked::String);
                    }
                });
            }
        });
        let mut total = 0;
        counts.drain(&snapshot, |one| total += one.count);
        assert_eq!(total, 5_000);
    }
}
