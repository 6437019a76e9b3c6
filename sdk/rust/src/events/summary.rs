//! [`Summary`]: how often each flag served what, and why. Bounded.

use std::collections::HashMap;

use pennon_engine::Reason;
use serde::Serialize;

use crate::counts::Counted;
use crate::details::ErrorCode;

/// The server takes no larger count; what is above is a line of its own.
const COUNT: u64 = 1_000_000_000;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) flag: Box<str>,
    pub(crate) variant: Option<Box<str>>,
    pub(crate) reason: Reason,
    pub(crate) error: Option<ErrorCode>,
}

/// One line of a summary event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    flag: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<Box<str>>,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<ErrorCode>,
    pub(crate) count: u64,
}

/// Counts, of so many different keys at most.
#[derive(Debug)]
pub(crate) struct Summary {
    counts: HashMap<Key, u64>,
    limit: usize,
}

impl Summary {
    pub(crate) fn new(limit: usize) -> Self {
        Self { counts: HashMap::new(), limit }
    }

    /// Adds to a count. Gives what found no room.
    #[must_use]
    pub(crate) fn add(&mut self, key: Key, count: u64) -> u64 {
        let has_room = self.counts.len() < self.limit;
        match self.counts.get_mut(&key) {
            Some(known) => *known += count,
            None if has_room => drop(self.counts.insert(key, count)),
            None => return count,
        }
        0
    }

    /// Adds one; cheaper than `add` for a key that is known.
    #[must_use]
    pub(crate) fn add_error(&mut self, flag: &str, error: ErrorCode) -> u64 {
        self.add(Key { flag: flag.into(), variant: None, reason: Reason::Error, error: Some(error) }, 1)
    }

    /// Takes all counts, in the order of their flags.
    pub(crate) fn take(&mut self) -> Vec<Line> {
        let mut lines = Vec::with_capacity(self.counts.len());
        for (Key { flag, variant, reason, error }, mut left) in self.counts.drain() {
            while left > 0 {
                let count = left.min(COUNT);
                left -= count;
                let (flag, variant) = (flag.clone(), variant.clone());
                lines.push(Line { flag, variant, reason, error_code: error, count });
            }
        }
        lines.sort_by(|left, right| (&left.flag, &left.variant).cmp(&(&right.flag, &right.variant)));
        lines
    }
}

impl From<Counted<'_>> for Key {
    fn from(counted: Counted<'_>) -> Self {
        Self {
            flag: counted.flag.into(),
            variant: counted.variant.map(Into::into),
            reason: counted.reason,
            error: counted.error.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(flag: &str, variant: Option<&str>) -> Key {
        Key { flag: flag.into(), variant: variant.map(Into::into), reason: Reason::Split, error: None }
    }

    #[test]
    fn counts_of_one_key_add_up_and_are_taken_once() {
        let mut summary = Summary::new(10);
        assert_eq!(summary.add(key("b", Some("on")), 2) + summary.add(key("a", None), 1), 0);
        assert_eq!(summary.add(key("b", Some("on")), 3) + summary.add_error("c", ErrorCode::FlagNotFound), 0);
        let text = serde_json::to_string(&summary.take()).unwrap();
        assert_eq!(
            text,
            r#"[{"flag":"a","reason":"SPLIT","count":1},{"flag":"b","variant":"on","reason":"SPLIT","count":5},{"flag":"c","reason":"ERROR","errorCode":"FLAG_NOT_FOUND","count":1}]"#
        );
        assert!(summary.take().is_empty());
    }

    #[test]
    fn a_new_key_beyond_the_limit_is_dropped_and_a_known_one_is_not() {
        let mut summary = Summary::new(2);
        assert_eq!(summary.add(key("a", None), 1) + summary.add(key("b", None), 1), 0);
        assert_eq!(summary.add(key("c", None), 7), 7);
        assert_eq!(summary.add(key("a", None), 1), 0);
        assert_eq!(summary.take().len(), 2);
    }

    #[test]
    fn a_count_that_the_server_would_not_take_is_more_than_one_line() {
        let mut summary = Summary::new(2);
        assert_eq!(summary.add(key("a", Some("on")), 2 * COUNT + 7), 0);
        let counts: Vec<u64> = summary.take().iter().map(|line| line.count).collect();
        assert_eq!(counts, [COUNT, COUNT, 7]);
    }
}
