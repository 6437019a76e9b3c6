//! What one stream has covered: every revision once, in order. Decides nothing about content.

use std::ops::RangeInclusive;

use anyhow::{Context as _, Result, bail};

use crate::event::{Event, Position, What};
use crate::options::Kind;

/// Where one stream stands.
#[derive(Debug, Clone)]
pub struct Coverage {
    kind: Kind,
    at: Option<Position>,
}

impl Coverage {
    /// A stream that has seen nothing.
    pub fn new(kind: Kind) -> Coverage {
        Coverage { kind, at: None }
    }

    /// Its position, for `Last-Event-ID`.
    pub fn at(&self) -> Option<Position> {
        self.at
    }

    /// Takes an event, the `first` of its connection or a later one; the revisions that it newly covers.
    pub fn take(&mut self, event: &Event, first: bool) -> Result<RangeInclusive<u64>> {
        let (next, before) = (event.at, self.at);
        let Some(at) = before else {
            if matches!(event.what, What::Patch { .. }) {
                bail!("the first event is a patch to {next}");
            }
            self.at = Some(next);
            return Ok(next.revision + 1..=next.revision);
        };
        if next.epoch != at.epoch {
            bail!("epoch {} after {at}, though nobody began a new one", next.epoch);
        }
        match event.what {
            What::Patch { from } if from != at.revision => {
                bail!("a patch from {from} to {} while the stream stood at {}", next.revision, at.revision);
            }
            What::Put if self.kind == Kind::Ofrep => bail!("a put on OFREP's stream"),
            What::Message if self.kind != Kind::Ofrep => bail!("a message on a stream of ours"),
            _ => {}
        }
        // Said again is right only where the contract has it: on connecting, to whom it cannot know.
        let may_repeat = first && self.kind != Kind::Server && !matches!(event.what, What::Patch { .. });
        if next.revision < at.revision || (next.revision == at.revision && !may_repeat) {
            bail!("{:?} to revision {} while the stream stood at {}", event.what, next.revision, at.revision);
        }
        self.at = Some(next);
        Ok(at.revision + 1..=next.revision)
    }

    /// What is wrong if this is the end and the last revision is `last`.
    pub fn finish(&self, last: u64) -> Result<()> {
        let at = self.at.context("it got nothing at all")?;
        if at.revision == last {
            Ok(())
        } else {
            bail!("it stands at {} and the last revision is {last}", at.revision)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Coverage;
    use crate::event::{Event, Position, What};
    use crate::options::Kind;

    fn event(what: What, revision: u64) -> Event {
        Event { what, at: Position { epoch: 1, revision }, flags: BTreeMap::new() }
    }

    fn patch(from: u64, revision: u64) -> Event {
        event(What::Patch { from }, revision)
    }

    #[test]
    fn contiguous_patches_cover_and_a_merged_one_covers_all_it_holds() {
        let mut coverage = Coverage::new(Kind::Server);
        assert_eq!(coverage.take(&event(What::Put, 5), true).unwrap().count(), 0);
        assert_eq!(coverage.take(&patch(5, 6), false).unwrap(), 6..=6);
        assert_eq!(coverage.take(&patch(6, 9), false).unwrap(), 7..=9);
        coverage.finish(9).unwrap();
        coverage.finish(10).unwrap_err();
    }

    #[test]
    fn a_hole_a_repetition_a_step_back_and_another_epoch_are_found() {
        let mut stand = Coverage::new(Kind::Server);
        stand.take(&event(What::Put, 5), true).unwrap();
        let another = Event { at: Position { epoch: 2, revision: 6 }, ..event(What::Put, 6) };
        for wrong in
            [patch(6, 7), patch(4, 5), patch(5, 5), event(What::Put, 5), event(What::Put, 4), another]
        {
            stand.clone().take(&wrong, true).unwrap_err();
        }
        Coverage::new(Kind::Server).take(&patch(5, 6), true).unwrap_err();
    }

    #[test]
    fn a_client_stream_may_begin_again_where_it_stood() {
        let mut coverage = Coverage::new(Kind::Client);
        coverage.take(&event(What::Put, 5), true).unwrap();
        coverage.take(&event(What::Put, 5), true).unwrap();
        coverage.take(&event(What::Put, 5), false).unwrap_err();
    }
}
