//! The order of snapshots: by epoch, then by revision. A lower one never replaces a higher one.
//!
//! Must not hold a snapshot.

use std::fmt;
use std::str::FromStr;

use pennon_engine::Meta;

/// Where a snapshot stands in the history of its environment; `<epoch>-<revision>` as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The millisecond at which this line of history began.
    pub epoch: i64,
    /// Grows by one with each change of the environment.
    pub number: i64,
}

impl fmt::Display for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.epoch, self.number)
    }
}

impl FromStr for Revision {
    type Err = NotARevision;

    fn from_str(text: &str) -> Result<Self, NotARevision> {
        let (epoch, number) = text.split_once('-').ok_or(NotARevision)?;
        let read = |part: &str| part.parse().map_err(|_| NotARevision);
        Ok(Self { epoch: read(epoch)?, number: read(number)? })
    }
}

/// The text is not `<epoch>-<revision>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a revision is <epoch>-<revision>")]
pub struct NotARevision;

impl From<&Meta> for Revision {
    fn from(meta: &Meta) -> Self {
        Self { epoch: meta.epoch, number: meta.revision }
    }
}

/// What to do with something that the server sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is newer.
    Apply,
    /// What is held is as new, or newer.
    Ignore,
    /// It is a change of something that is not held.
    Gap,
}

/// What to do with a whole snapshot.
pub(crate) fn judge_put(held: Option<Revision>, sent: Revision) -> Verdict {
    if held.is_some_and(|held| held >= sent) { Verdict::Ignore } else { Verdict::Apply }
}

/// What to do with a change that begins at the revision number `from`.
pub(crate) fn judge_patch(held: Option<Revision>, sent: Revision, from: i64) -> Verdict {
    match held {
        Some(held) if held >= sent => Verdict::Ignore,
        Some(held) if held.epoch == sent.epoch && held.number == from => Verdict::Apply,
        _ => Verdict::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: i64, number: i64) -> Revision {
        Revision { epoch, number }
    }

    #[test]
    fn epochs_order_before_revisions() {
        assert!(at(2, 1) > at(1, 9));
        assert!(at(1, 2) > at(1, 1));
        assert_eq!(judge_put(Some(at(1, 9)), at(2, 1)), Verdict::Apply);
        assert_eq!(judge_put(Some(at(2, 1)), at(1, 9)), Verdict::Ignore);
    }

    #[test]
    fn the_first_snapshot_is_taken_and_the_same_one_is_not() {
        assert_eq!(judge_put(None, at(1, 1)), Verdict::Apply);
        assert_eq!(judge_put(Some(at(1, 1)), at(1, 1)), Verdict::Ignore);
    }

    #[test]
    fn a_change_of_what_is_not_held_is_a_gap() {
        assert_eq!(judge_patch(Some(at(1, 1)), at(1, 3), 1), Verdict::Apply);
        assert_eq!(judge_patch(Some(at(1, 2)), at(1, 3), 1), Verdict::Gap);
        assert_eq!(judge_patch(Some(at(1, 2)), at(2, 3), 2), Verdict::Gap);
        assert_eq!(judge_patch(None, at(1, 3), 1), Verdict::Gap);
    }

    #[test]
    fn a_change_that_came_before_is_ignored() {
        assert_eq!(judge_patch(Some(at(1, 3)), at(1, 3), 2), Verdict::Ignore);
        assert_eq!(judge_patch(Some(at(2, 1)), at(1, 9), 8), Verdict::Ignore);
    }

    #[test]
    fn a_revision_is_read_as_it_is_written() {
        assert_eq!(at(1_795_393_578_941, 42).to_string(), "1795393578941-42");
        assert_eq!("1795393578941-42".parse(), Ok(at(1_795_393_578_941, 42)));
        for bad in ["", "1", "1-", "-1", "a-1", "1-1-1"] {
            assert_eq!(bad.parse::<Revision>(), Err(NotARevision), "{bad}");
        }
    }
}
