//! [`Outbox`]: batches, numbered, and what becomes of each.
//!
//! A batch is sent again as it was until it is acknowledged. Must not send anything itself, and reads no clock.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::item::{Item, Lost};
use super::{BATCH_BYTES, EVENTS_PER_BATCH};

/// One batch as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) body: Bytes,
    items: Vec<Item>,
}

impl Batch {
    fn lost(&self) -> Lost {
        sum(&self.items)
    }

    /// What is lost with the events that the server refuses of a batch that it took; and how many they are, the heartbeat
    /// included. An answer that cannot be read refuses nothing.
    pub(crate) fn refused(&self, answer: &[u8]) -> (usize, Lost) {
        let Ok(Taken { refused }) = serde_json::from_slice(answer) else { return Default::default() };
        let places: BTreeSet<usize> =
            refused.into_iter().map(|one| one.index).filter(|at| *at <= self.items.len()).collect();
        // The heartbeat is the first, and no item.
        let items = places.iter().filter_map(|at| self.items.get(at.checked_sub(1)?));
        (places.len(), sum(items))
    }
}

fn sum<'i>(items: impl IntoIterator<Item = &'i Item>) -> Lost {
    items.into_iter().fold(Lost::default(), |sum, item| Lost {
        exposures: sum.exposures + item.lost.exposures,
        tracks: sum.tracks + item.lost.tracks,
        evaluations: sum.evaluations + item.lost.evaluations,
    })
}

/// What a server says of a batch that it took.
#[derive(Debug, Deserialize)]
struct Taken {
    #[serde(default)]
    refused: Vec<Refused>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    index: usize,
}

/// What to do with a batch that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// It is too large: two of half the size.
    Split,
    /// It will never be taken.
    Drop,
    /// Later, as it was; not before the time that the server asked for.
    Again(Option<Duration>),
}

impl Fate {
    /// The fate of a batch that was answered with this status.
    pub(crate) fn of(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            // Another success is not the server's: it has kept what it answers with 200.
            200 => Self::Done,
            413 => Self::Split,
            400 | 401 | 403 | 422 => Self::Drop,
            429 | 503 => Self::Again(retry_after),
            _ => Self::Again(None),
        }
    }
}

/// The batches of one session.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// `{"instanceId":…,"session":…,"sequence":`
    head: String,
    sequence: u64,
    /// The first is under way, and stays as it is.
    pending: VecDeque<Batch>,
    /// Events that found no room in a batch.
    waiting: VecDeque<Item>,
}

impl Outbox {
    pub(crate) fn new(instance: &str, session: &str) -> Self {
        // Text is always written.
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let head =
            format!("{{\"instanceId\":{},\"session\":{},\"sequence\":", quoted(instance), quoted(session));
        Self { head, sequence: 0, pending: VecDeque::new(), waiting: VecDeque::new() }
    }

    /// Events that go into the next batches, before everything else.
    pub(crate) fn put(&mut self, items: impl IntoIterator<Item = Item>) {
        self.waiting.extend(items);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty()
    }

    /// The batch that is under way.
    pub(crate) fn first(&self) -> Option<&Batch> {
        self.pending.front()
    }

    /// Makes a batch of a heartbeat and as many events as fit; `more` gives events as long as there are some. Gives what is
    /// lost: events too large for any batch.
    pub(crate) fn pack(&mut self, heartbeat: &str, mut more: impl FnMut() -> Option<Item>) -> Lost {
        let mut lost = Lost::default();
        let mut size = self.head.len() + heartbeat.len() + 64;
        let own = size;
        let mut items = Vec::new();
        while items.len() + 1 < EVENTS_PER_BATCH {
            let Some(item) = self.waiting.pop_front().or_else(&mut more) else { break };
            if own + item.json.len() > BATCH_BYTES {
                lost.exposures += item.lost.exposures;
                lost.tracks += item.lost.tracks;
                lost.evaluations += item.lost.evaluations;
                continue;
            }
            if size + item.json.len() > BATCH_BYTES {
                self.waiting.push_front(item);
                break;
            }
            size += item.json.len() + 1;
            items.push(item);
        }
        let batch = self.batch(heartbeat, items);
        self.pending.push_back(batch);
        lost
    }

    fn batch(&mut self, heartbeat: &str, items: Vec<Item>) -> Batch {
        self.sequence += 1;
        let mut body = self.head.clone();
        // Writing to a String does not fail.
        let _ = write!(body, "{},\"events\":[{heartbeat}", self.sequence);
        for item in &items {
            body.push(',');
            body.push_str(&item.json);
        }
        body.push_str("]}");
        Batch { body: body.into(), items }
    }

    /// Does with the first batch what its answer says. Gives what is lost.
    pub(crate) fn settle(&mut self, fate: Fate, heartbeat: &str) -> Lost {
        if let Fate::Again(_) = fate {
            return Lost::default();
        }
        let Some(batch) = self.pending.pop_front() else { return Lost::default() };
        match fate {
            Fate::Done | Fate::Again(_) => Lost::default(),
            Fate::Split if batch.items.len() > 1 => {
                let mut items = batch.items;
                let second = items.split_off(items.len() / 2);
                let (first, second) = (self.batch(heartbeat, items), self.batch(heartbeat, second));
                self.pending.push_front(second);
                self.pending.push_front(first);
                Lost::default()
            }
            Fate::Split | Fate::Drop => batch.lost(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn track(text: &str) -> Item {
        Item { json: format!("{{\"kind\":\"{text}\"}}").into(), lost: Lost { tracks: 1, ..Lost::default() } }
    }

    fn outbox(items: usize) -> Outbox {
        let mut outbox = Outbox::new("i\"1", "s");
        outbox.put((0..items).map(|number| track(&number.to_string())));
        outbox
    }

    fn pack(outbox: &mut Outbox) -> Lost {
        outbox.pack("{\"kind\":\"instance\"}", || None)
    }

    fn read(outbox: &Outbox) -> (u64, Vec<String>) {
        let body: Value = serde_json::from_slice(&outbox.first().unwrap().body).unwrap();
        assert_eq!((&body["instanceId"], &body["session"]), (&"i\"1".into(), &"s".into()));
        let kinds = body["events"].as_array().unwrap().iter();
        (body["sequence"].as_u64().unwrap(), kinds.map(|one| one["kind"].as_str().unwrap().into()).collect())
    }

    #[test]
    fn a_batch_begins_with_the_heartbeat_and_keeps_its_number_until_it_is_done() {
        let mut outbox = outbox(2);
        assert_eq!(pack(&mut outbox), Lost::default());
        let sent = read(&outbox);
        assert_eq!(sent, (1, vec!["instance".into(), "0".into(), "1".into()]));
        outbox.settle(Fate::Again(None), "{}");
        assert_eq!(read(&outbox), sent);
        outbox.settle(Fate::Done, "{}");
        assert!(outbox.is_empty());
        pack(&mut outbox);
        assert_eq!(read(&outbox), (2, vec!["instance".into()]));
    }

    #[test]
    fn a_batch_holds_no_more_events_than_allowed() {
        let mut outbox = outbox(EVENTS_PER_BATCH + 5);
        pack(&mut outbox);
        assert_eq!(read(&outbox).1.len(), EVENTS_PER_BATCH);
        outbox.settle(Fate::Done, "{}");
        assert!(!outbox.is_empty());
        pack(&mut outbox);
        assert_eq!(read(&outbox).1.len(), 7);
    }

    #[test]
    fn a_batch_is_no_larger_than_allowed_and_what_never_fits_is_lost() {
        let mut outbox = Outbox::new("i\"1", "s");
        let large = || track(&"x".repeat(100_000));
        outbox.put([large(), large(), large(), track(&"x".repeat(BATCH_BYTES)), track("last")]);
        assert_eq!(pack(&mut outbox), Lost::default());
        assert!(outbox.first().unwrap().body.len() <= BATCH_BYTES);
        assert_eq!(read(&outbox).1.len(), 3);
        outbox.settle(Fate::Done, "{}");
        assert_eq!(pack(&mut outbox).tracks, 1);
        assert_eq!(read(&outbox).1.len(), 3);
    }

    #[test]
    fn what_is_too_large_for_the_server_is_split_until_nothing_is_left_to_split() {
        let mut outbox = outbox(3);
        pack(&mut outbox);
        assert_eq!(outbox.settle(Fate::Split, "{\"kind\":\"beat\"}"), Lost::default());
        assert_eq!(read(&outbox), (2, vec!["beat".into(), "0".into()]));
        assert_eq!(outbox.settle(Fate::Split, "{}").tracks, 1);
        assert_eq!(read(&outbox), (3, vec!["beat".into(), "1".into(), "2".into()]));
        outbox.settle(Fate::Done, "{}");
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_refused_for_ever_is_dropped_and_counted() {
        let mut outbox = outbox(3);
        pack(&mut outbox);
        assert_eq!(outbox.settle(Fate::Drop, "{}").tracks, 3);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_refused_of_a_batch_that_was_taken_is_counted_once() {
        let mut outbox = outbox(3);
        pack(&mut outbox);
        let batch = outbox.first().unwrap();
        let of = |answer: &str| {
            let (count, lost) = batch.refused(answer.as_bytes());
            (count, lost.tracks)
        };
        let refused =
            r#"{"accepted":2,"refused":[{"index":0},{"index":3,"code":"invalid_event"},{"index":3}]}"#;
        assert_eq!(of(refused), (2, 1));
        assert_eq!(of(r#"{"refused":[{"index":4}]}"#), (0, 0));
        for nothing in [r#"{"accepted":4,"refused":[]}"#, r#"{"accepted":0,"repeated":true}"#, "<html>", ""] {
            assert_eq!(of(nothing), (0, 0), "{nothing}");
        }
    }

    #[test]
    fn each_status_has_its_fate() {
        let wait = Some(Duration::from_secs(3));
        let of = |status| Fate::of(status, wait);
        assert_eq!(of(200), Fate::Done);
        assert_eq!(of(413), Fate::Split);
        assert_eq!([of(400), of(401), of(403), of(422)], [Fate::Drop; 4]);
        assert_eq!([of(429), of(503)], [Fate::Again(wait); 2]);
        assert_eq!([of(500), of(404), of(301), of(204)], [Fate::Again(None); 4]);
    }
}
