//! The event stream of OFREP: tells clients that evaluate here to ask again, not all at the same moment.

use std::sync::Arc;
use std::time::Instant;

use super::feed::{Event, Feed, Moment, Pieces};
use super::hub::{Hub, Place};
use super::kind::StreamKind;
use super::position::Position;
use crate::snapshot::wire;

/// Tells one OFREP client when to ask again.
#[derive(Debug)]
pub struct RefetchFeed {
    hub: Arc<Hub>,
    last: Option<Position>,
    told: Option<Told>,
    due: Option<Instant>,
}

/// As of when the client was told to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    at: Position,
    border: i64,
}

impl RefetchFeed {
    /// A feed for a client that has last seen an id, or none.
    #[must_use]
    pub fn resume(place: &Place, last: Option<Position>) -> RefetchFeed {
        RefetchFeed { hub: Arc::clone(place.hub()), last, told: None, due: None }
    }

    /// What a client that has just come is not told: what it has seen already.
    fn first(&mut self, moment: &Moment<'_>, here: Position) -> Option<Told> {
        let last = self.last?;
        // A border may have been passed while nobody listened, and the id does not tell.
        let none_behind =
            moment.image.snapshot.borders().first().is_none_or(|border| *border > moment.now_ms);
        (last > here || (last == here && none_behind)).then_some(Told { at: last, border: moment.border })
    }
}

impl Feed for RefetchFeed {
    fn advance(&mut self, moment: &Moment<'_>, out: &mut Pieces) -> Option<Event> {
        let here = Position::from(&moment.image.head);
        let is_new = self.told.is_none();
        if is_new {
            self.told = self.first(moment, here);
        }
        let now = Told { at: here, border: moment.border };
        match self.told {
            // Ahead of this node: what has changed here is not news to the client.
            Some(told) if told.at > here => return None,
            Some(told) if told == now => return None,
            _ => {}
        }
        // Who has just come has come at a moment of its own.
        let wait = if is_new { None } else { self.hub.refetch_delay() };
        let due = *self.due.get_or_insert_with(|| wait.map_or(moment.now, |wait| moment.now + wait));
        if due > moment.now {
            return None;
        }
        self.due = None;
        let is_border = self.told.is_some_and(|told| told.at == here);
        self.told = Some(now);
        out.push_back(if is_border {
            wire::message(&moment.image.snapshot, moment.border.saturating_mul(1_000))
        } else {
            moment.image.message().clone()
        });
        Some(Event::Message)
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Hub {
    /// How long one of many waits, so that they do not all ask in the same moment; None when there are few.
    fn refetch_delay(&self) -> Option<std::time::Duration> {
        let window = f64::from(self.open(StreamKind::Ofrep)) / f64::from(self.limits().refetch_rate.max(1));
        (window >= super::hub::LEAST_WINDOW)
            .then(|| std::time::Duration::from_secs_f64(window * super::hub::random()))
    }
}
