//! Words for what is counted of evaluations: who counted, and what came of it. Also how those who count are asked for their counts.

/// Who counted an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// An SDK with a server key told of it.
    Server,
    /// An SDK with a client key told of it: such keys are public.
    Client,
    /// This service was asked for the flag by its name.
    Ofrep,
    /// This service handed the flag out together with all others: in an answer for all flags, or on a stream of results.
    Bulk,
}

impl Source {
    /// The word, in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Server => "server",
            Source::Client => "client",
            Source::Ofrep => "ofrep",
            Source::Bulk => "bulk",
        }
    }
}

/// The reasons that are told apart; OpenFeature's, but for ERROR, which always has a code.
const REASONS: [&str; 8] =
    ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "CACHED", "STALE", UNKNOWN];
/// The codes of errors that are told apart; OpenFeature's.
const ERROR_CODES: [&str; 8] = [
    "FLAG_NOT_FOUND",
    "PARSE_ERROR",
    "TYPE_MISMATCH",
    "TARGETING_KEY_MISSING",
    "INVALID_CONTEXT",
    "PROVIDER_NOT_READY",
    "PROVIDER_FATAL",
    GENERAL,
];
/// For a reason that this version does not know.
const UNKNOWN: &str = "UNKNOWN";
/// For a code that this version does not know.
const GENERAL: &str = "GENERAL";
/// The reason of every error.
pub const ERROR: &str = "ERROR";

/// One word for what came of an evaluation: its reason, or, of an error, its code. Words that this version does not know become
/// UNKNOWN and GENERAL, so that there are never more than these.
#[must_use]
pub fn outcome(reason: &str, error_code: Option<&str>) -> &'static str {
    let known = |list: &[&'static str], word: &str| list.iter().copied().find(|own| *own == word);
    match error_code {
        Some(code) => known(&ERROR_CODES, code).unwrap_or(GENERAL),
        None if reason == ERROR => GENERAL,
        None => known(&REASONS, reason).unwrap_or(UNKNOWN),
    }
}

/// The code of an outcome that is an error.
#[must_use]
pub fn error_code(outcome: &str) -> Option<&str> {
    ERROR_CODES.contains(&outcome).then_some(outcome)
}

/// So many evaluations that came to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count<'a> {
    /// The environment's id.
    pub environment_id: &'a str,
    /// The flag's key.
    pub flag: &'a str,
    /// The variant; "" for the caller's own default.
    pub variant: &'a str,
    /// The reason, or the code of an error.
    pub outcome: &'static str,
    /// Who counted.
    pub source: Source,
    /// How many.
    pub count: u64,
}

/// Counts what it evaluates.
pub trait Tallies: Send + Sync {
    /// Gives away what was counted since the last time.
    fn drain(&self, take: &mut dyn FnMut(Count<'_>));
}

#[cfg(test)]
mod tests {
    use super::{ERROR_CODES, REASONS, error_code, outcome};

    #[test]
    fn every_outcome_is_one_of_a_closed_list_and_tells_an_error_from_a_reason() {
        assert_eq!(outcome("SPLIT", None), "SPLIT");
        assert_eq!(outcome("ERROR", Some("TYPE_MISMATCH")), "TYPE_MISMATCH");
        assert_eq!(outcome("STALE", Some("FLAG_NOT_FOUND")), "FLAG_NOT_FOUND");
        assert_eq!(outcome("ERROR", None), "GENERAL");
        assert_eq!(outcome("ERROR", Some("SOMETHING_NEWER")), "GENERAL");
        assert_eq!(outcome("SOMETHING_NEWER", None), "UNKNOWN");
        assert!(REASONS.iter().all(|word| error_code(word).is_none() && outcome(word, None) == *word));
        assert!(ERROR_CODES.iter().all(|word| error_code(word) == Some(word)));
    }
}
