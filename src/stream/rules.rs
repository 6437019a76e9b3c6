//! The stream of server SDKs: the whole snapshot first, then what changes. Evaluates nothing.

use super::feed::{Event, Feed, Moment, Pieces};
use super::position::Position;

/// Sends rules to a server SDK.
#[derive(Debug)]
pub struct RulesFeed {
    sent: Option<Position>,
}

impl RulesFeed {
    /// A feed for a listener that holds what an id names, or nothing.
    #[must_use]
    pub fn resume(last: Option<Position>) -> RulesFeed {
        RulesFeed { sent: last }
    }
}

impl Feed for RulesFeed {
    fn advance(&mut self, moment: &Moment<'_>, out: &mut Pieces) -> Option<Event> {
        let image = moment.image;
        let here = Position::from(&image.head);
        let patch = match self.sent {
            // The listener has it, or more: it listened to a node that is ahead of this one, which will catch up.
            Some(sent) if sent >= here => return None,
            Some(sent) if sent.epoch == here.epoch => image.patch(sent.revision),
            _ => None,
        };
        self.sent = Some(here);
        if let Some(patch) = patch {
            out.push_back(patch);
            return Some(Event::Patch);
        }
        out.extend(image.put().iter().cloned());
        Some(Event::Put)
    }
}
