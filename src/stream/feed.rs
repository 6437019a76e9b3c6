//! What a kind of stream sends: asked whenever there may be something new, it looks at one image and says what comes next.
//! Does no IO and keeps only what it last sent.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::snapshot::image::Image;

/// The moment at which a feed is asked; everything it needs to know, from one load of memory.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The environment.
    pub image: &'a Image,
    /// The millisecond of the last border that time has passed, as the hub told it.
    pub border: i64,
    /// Now, in epoch milliseconds.
    pub now_ms: i64,
    /// Now, as timers count.
    pub now: Instant,
}

/// What was sent, for the meters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A whole state.
    Put,
    /// What changed.
    Patch,
    /// OFREP's word to ask again.
    Message,
    /// An entry of the audit log.
    Entry,
    /// The last one.
    Goodbye,
    /// Nothing, said so that the connection is seen to live.
    Heartbeat,
}

impl Event {
    pub(super) const ALL: [Event; 6] =
        [Event::Put, Event::Patch, Event::Message, Event::Entry, Event::Goodbye, Event::Heartbeat];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Event::Put => "put",
            Event::Patch => "patch",
            Event::Message => "message",
            Event::Entry => "entry",
            Event::Goodbye => "goodbye",
            Event::Heartbeat => "heartbeat",
        }
    }
}

/// Pieces on their way to one connection; shared ones are shared.
pub type Pieces = VecDeque<Bytes>;

/// A kind of stream.
pub trait Feed: Send {
    /// Adds what is to be sent now, if anything is.
    fn advance(&mut self, moment: &Moment<'_>, out: &mut Pieces) -> Option<Event>;

    /// When to ask again although nothing happens.
    fn due(&self) -> Option<Instant> {
        None
    }
}
