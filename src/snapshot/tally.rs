//! Counters of one flag's evaluations: a number for each thing that can come of them, added to without a lock and without memory
//! being asked for, and taken away now and then.

use std::sync::atomic::{AtomicU32, Ordering};

use pennon_engine::{ErrorCode, Evaluation, Reason};

use crate::domain::tally::Source;

/// How a flag was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// It was asked for by its name.
    ByName,
    /// It was among all flags.
    WithAll,
}

impl Handed {
    const ALL: [Handed; 2] = [Handed::ByName, Handed::WithAll];

    fn source(self) -> Source {
        match self {
            Handed::ByName => Source::Ofrep,
            Handed::WithAll => Source::Bulk,
        }
    }
}

/// What can come of an evaluation that succeeds.
const REASONS: [Reason; 5] =
    [Reason::Static, Reason::Default, Reason::TargetingMatch, Reason::Split, Reason::Disabled];
/// What can come of one that does not; a context that cannot be read was refused before.
const CODES: [ErrorCode; 6] = [
    ErrorCode::FlagNotFound,
    ErrorCode::ParseError,
    ErrorCode::TypeMismatch,
    ErrorCode::TargetingKeyMissing,
    ErrorCode::InvalidContext,
    ErrorCode::General,
];

/// Counters of a flag with so many variants: for each way of handing it out, for each variant and for none, one a reason; then one
/// an error. 32 bits do for what a node evaluates between two looks.
#[derive(Debug)]
pub struct Tally {
    variants: usize,
    slots: Box<[AtomicU32]>,
}

impl Tally {
    /// Counters that stand at 0.
    #[must_use]
    pub fn new(variants: usize) -> Tally {
        let slots = Handed::ALL.len() * ((variants + 1) * REASONS.len() + CODES.len());
        Tally { variants, slots: (0..slots).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Counts an evaluation that serves the variant at this place, or none.
    pub fn count(&self, handed: Handed, variant: Option<usize>, evaluation: &Evaluation<'_>) {
        let kind = match evaluation.error() {
            Some(code) => (self.variants + 1) * REASONS.len() + code as usize,
            None => variant.unwrap_or(self.variants) * REASONS.len() + evaluation.reason() as usize,
        };
        if let Some(slot) = self.slots.get(handed as usize * (self.slots.len() / 2) + kind) {
            slot.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes away what was counted: who handed out, which variant (by its place), what came of it, how often.
    pub fn drain(&self, mut take: impl FnMut(Source, Option<usize>, &'static str, u32)) {
        let half = self.slots.len() / 2;
        for (at, slot) in self.slots.iter().enumerate() {
            // Most stand at 0, and looking is cheaper than taking.
            if slot.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let count = slot.swap(0, Ordering::Relaxed);
            let handed = if at < half { Handed::ByName } else { Handed::WithAll };
            let kind = if at < half { at } else { at - half };
            let (variant, outcome) = self.meaning(kind);
            take(handed.source(), variant, outcome, count);
        }
    }

    fn meaning(&self, kind: usize) -> (Option<usize>, &'static str) {
        let of_reasons = (self.variants + 1) * REASONS.len();
        match kind.checked_sub(of_reasons) {
            Some(code) => (None, CODES.get(code).map_or("GENERAL", |code| code.as_str())),
            None => {
                let variant = Some(kind / REASONS.len()).filter(|variant| *variant < self.variants);
                (variant, REASONS.get(kind % REASONS.len()).map_or("UNKNOWN", |reason| reason.as_str()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pennon_engine::{At, Context, Snapshot};

    use super::{CODES, Handed, REASONS, Tally};
    use crate::domain::tally::{Source, outcome};

    #[test]
    fn every_reason_and_every_code_has_a_counter_of_its_own() {
        for (at, reason) in REASONS.into_iter().enumerate() {
            assert_eq!((reason as usize, outcome(reason.as_str(), None)), (at, reason.as_str()));
        }
        for (at, code) in CODES.into_iter().enumerate() {
            assert_eq!((code as usize, outcome("ERROR", Some(code.as_str()))), (at, code.as_str()));
        }
    }

    #[test]
    fn what_is_counted_is_taken_away_once() {
        let snapshot = Snapshot::from_json(
            br#"{"schemaVersion":1,"epoch":1,"project":"p","environment":"e","revision":1,"segments":{},"layers":{},"flags":{
                "f":{"key":"f","type":"boolean","enabled":true,"variants":{"on":true,"off":false},
                    "targets":[{"values":["u"],"variant":"on"}],"fallthrough":{"variant":"off"}},
                "none":{"key":"none","type":"boolean","enabled":false,"variants":{"on":true},"fallthrough":{"variant":"on"}},
                "broken":{"key":"broken"}}}"#,
        )
        .unwrap();
        let at = At::default();
        let user = Context::from_json(br#"{"targetingKey":"u"}"#).unwrap();
        let tally = Tally::new(2);
        for handed in [Handed::ByName, Handed::WithAll, Handed::WithAll] {
            tally.count(handed, Some(0), &snapshot.evaluate("f", &user, None, &at));
        }
        tally.count(Handed::ByName, Some(1), &snapshot.evaluate("f", &Context::empty(), None, &at));
        tally.count(Handed::ByName, None, &snapshot.evaluate("none", &user, None, &at));
        tally.count(Handed::WithAll, None, &snapshot.evaluate("broken", &user, None, &at));
        let mut taken = Vec::new();
        tally.drain(|source, variant, outcome, count| taken.push((source, variant, outcome, count)));
        assert_eq!(
            taken,
            [
                (Source::Ofrep, Some(0), "TARGETING_MATCH", 1),
                (Source::Ofrep, Some(1), "DEFAULT", 1),
                (Source::Ofrep, None, "DISABLED", 1),
                (Source::Bulk, Some(0), "TARGETING_MATCH", 2),
                (Source::Bulk, None, "PARSE_ERROR", 1),
            ]
        );
        tally.drain(|_, _, _, _| panic!("it was taken already"));
    }
}
