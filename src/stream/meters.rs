//! What is counted of streams; registered once, so that a stream only adds to it.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::feed::Event;
use super::kind::{Ended, Refused, StreamKind};
use crate::telemetry as name;

/// The meters of all streams of a node.
pub struct Meters {
    open: [Gauge; StreamKind::ALL.len()],
    opened: [Counter; StreamKind::ALL.len()],
    refused: [Counter; Refused::ALL.len()],
    ended: [Counter; Ended::ALL.len()],
    events: [Counter; Event::ALL.len()],
    delivery: Histogram,
}

impl Meters {
    pub(super) fn new() -> Meters {
        Meters {
            open: StreamKind::ALL.map(|kind| gauge!(name::STREAMS, "kind" => kind.as_str())),
            opened: StreamKind::ALL.map(|kind| counter!(name::STREAM_OPENED, "kind" => kind.as_str())),
            refused: Refused::ALL.map(|why| counter!(name::STREAM_REFUSED, "reason" => why.as_str())),
            ended: Ended::ALL.map(|why| counter!(name::STREAM_ENDED, "reason" => why.as_str())),
            events: Event::ALL.map(|event| counter!(name::STREAM_EVENTS, "event" => event.as_str())),
            delivery: histogram!(name::STREAM_DELIVERY_SECONDS),
        }
    }

    /// Counts what was handed to a connection.
    pub fn event(&self, event: Event) {
        one_more(&self.events, event as usize);
    }

    /// Notes how long after its place in memory a change was handed to a connection.
    pub fn delivered(&self, after: Duration) {
        self.delivery.record(after.as_secs_f64());
    }

    pub(super) fn opened(&self, kind: StreamKind) {
        one_more(&self.opened, kind as usize);
    }

    pub(super) fn refused(&self, why: Refused) {
        one_more(&self.refused, why as usize);
    }

    pub(super) fn ended(&self, why: Ended) {
        one_more(&self.ended, why as usize);
    }

    /// One more stream is open, or (-1) one fewer.
    pub(super) fn open(&self, kind: StreamKind, change: f64) {
        if let Some(gauge) = self.open.get(kind as usize) {
            gauge.increment(change);
        }
    }
}

fn one_more(counters: &[Counter], at: usize) {
    if let Some(counter) = counters.get(at) {
        counter.increment(1);
    }
}
