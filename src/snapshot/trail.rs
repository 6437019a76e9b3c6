//! What the recent revisions touched, by key: enough to say what changed since any of them. Holds no documents: those
//! are taken from the one snapshot that a patch leads to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Revisions kept: at one change a second, a quarter of an hour of absence is still a patch.
pub const REVISIONS: usize = 1_000;
/// Keys kept in all of them together: one edit may touch every flag of an environment.
const TOUCHED: usize = 100_000;

/// What kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A flag.
    Flag,
    /// A segment.
    Segment,
    /// A layer.
    Layer,
}

impl Kind {
    /// Reads the change table's word; None for a revision that touched no document.
    #[must_use]
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "flag" => Some(Kind::Flag),
            "segment" => Some(Kind::Segment),
            "layer" => Some(Kind::Layer),
            _ => None,
        }
    }
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub revision: i64,
    /// The documents it put in, replaced or took out.
    pub touched: Vec<(Kind, Box<str>)>,
}

impl Step {
    /// Adds a row of the change table to the last of some steps, or begins a new one with it.
    pub fn add(steps: &mut Vec<Step>, revision: i64, kind: &str, key: &str) {
        if steps.last().is_none_or(|last| last.revision != revision) {
            steps.push(Step { revision, touched: Vec::new() });
        }
        if let (Some(kind), Some(last)) = (Kind::parse(kind), steps.last_mut()) {
            last.touched.push((kind, key.into()));
        }
    }
}

/// Steps without a gap, the last of which led to the image that holds the trail.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    steps: VecDeque<Arc<Step>>,
    touched: usize,
}

impl Trail {
    /// A trail to a revision: of these steps, in order, those that lead to it without a gap.
    #[must_use]
    pub fn to(revision: i64, steps: Vec<Step>) -> Trail {
        let mut trail = Trail::default();
        for step in steps {
            if trail.steps.back().is_some_and(|last| last.revision + 1 != step.revision) {
                trail = Trail::default();
            }
            trail.push(step);
        }
        if trail.steps.back().is_some_and(|last| last.revision == revision) {
            trail
        } else {
            Trail::default()
        }
    }

    /// The same trail, some steps further.
    #[must_use]
    pub fn then(&self, steps: Vec<Step>) -> Trail {
        let mut trail = self.clone();
        for step in steps {
            trail.push(step);
        }
        trail
    }

    /// What was touched after a revision, each once; None when that is too long ago to tell.
    #[must_use]
    pub fn since(&self, revision: i64) -> Option<BTreeSet<(Kind, &str)>> {
        let first = self.steps.front()?.revision;
        if first > revision + 1 {
            return None;
        }
        let after = self.steps.iter().filter(|step| step.revision > revision);
        Some(after.flat_map(|step| step.touched.iter().map(|(kind, key)| (*kind, &**key))).collect())
    }

    fn push(&mut self, step: Step) {
        self.touched += step.touched.len();
        self.steps.push_back(Arc::new(step));
        while self.steps.len() > REVISIONS || (self.touched > TOUCHED && !self.steps.is_empty()) {
            self.touched -= self.steps.pop_front().map_or(0, |step| step.touched.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, REVISIONS, Step, TOUCHED, Trail};

    fn step(revision: i64, keys: &[&str]) -> Step {
        Step { revision, touched: keys.iter().map(|key| (Kind::Flag, (*key).into())).collect() }
    }

    fn keys(trail: &Trail, since: i64) -> Option<Vec<&str>> {
        trail.since(since).map(|set| set.into_iter().map(|(_, key)| key).collect())
    }

    #[test]
    fn what_was_touched_since_a_revision_is_told_once_and_what_is_too_old_is_not() {
        let trail = Trail::to(7, vec![step(4, &["x"]), step(5, &["a"]), step(6, &[])])
            .then(vec![step(7, &["b", "a"])]);
        assert_eq!(keys(&trail, 5), None, "the steps given did not lead to 7");
        let trail = Trail::to(6, vec![step(4, &["x"]), step(5, &["a"]), step(6, &[])])
            .then(vec![step(7, &["b", "a"])]);
        assert_eq!(keys(&trail, 6), Some(vec!["a", "b"]));
        assert_eq!(keys(&trail, 4), Some(vec!["a", "b"]));
        assert_eq!(keys(&trail, 3), Some(vec!["a", "b", "x"]));
        assert_eq!(keys(&trail, 2), None);
        assert_eq!(keys(&Trail::default(), 2), None);
    }

    #[test]
    fn a_gap_ends_what_can_be_told() {
        let trail = Trail::to(9, vec![step(4, &["x"]), step(8, &["a"]), step(9, &["b"])]);
        assert_eq!(keys(&trail, 7), Some(vec!["a", "b"]));
        assert_eq!(keys(&trail, 6), None);
    }

    #[test]
    fn no_more_is_kept_than_the_limits() {
        let last = i64::try_from(REVISIONS).unwrap() + 5;
        let trail = Trail::to(last, (1..=last).map(|revision| step(revision, &["a"])).collect());
        assert_eq!((keys(&trail, 4), keys(&trail, 5)), (None, Some(vec!["a"])));
        let many: Vec<String> = (0..TOUCHED).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let trail = Trail::default().then(vec![step(1, &["a"]), step(2, &many)]);
        assert_eq!((trail.steps.len(), trail.touched), (1, TOUCHED));
        assert_eq!(trail.then(vec![step(3, &["a"])]).steps.len(), 1);
    }
}
