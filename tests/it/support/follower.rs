//! A follower of a stream: keeps a document as an SDK would, minds every number, and comes back when it is sent away.

use std::time::Instant;

use serde_json::Value;

use super::stream::{Block, Opening, Stream};
use super::wait::{PATIENCE, wait_until};

/// What a follower was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Put,
    Patch,
    Goodbye,
    /// The stream has ended.
    End,
}

/// A document that follows a stream.
pub struct Follower {
    opening: Opening,
    pub stream: Stream,
    /// The environment as it is known here.
    pub document: Value,
    /// The data of the last event.
    pub last: Value,
    pub puts: usize,
    pub patches: usize,
    /// How often it was opened, the first time too.
    pub openings: usize,
    /// The reasons of all goodbyes.
    pub goodbyes: Vec<String>,
}

impl Follower {
    /// Opens the stream and waits for the whole document.
    #[track_caller]
    pub fn of(opening: Opening) -> Follower {
        let stream = opening.listen();
        let mut follower = Follower {
            opening,
            stream,
            document: Value::Null,
            last: Value::Null,
            puts: 0,
            patches: 0,
            openings: 1,
            goodbyes: Vec::new(),
        };
        assert_eq!(follower.step(), Sent::Put);
        follower
    }

    /// `<epoch>-<revision>` of what it holds.
    pub fn id(&self) -> String {
        format!("{}-{}", self.document["epoch"], self.document["revision"])
    }

    pub fn revision(&self) -> i64 {
        self.document["revision"].as_i64().expect("a revision")
    }

    pub fn epoch(&self) -> i64 {
        self.document["epoch"].as_i64().expect("an epoch")
    }

    /// Takes the next event.
    #[track_caller]
    pub fn step(&mut self) -> Sent {
        let Some(event) = self.stream.next_event() else { return Sent::End };
        let data = event.json();
        let sent = match event.event.as_str() {
            "put" => self.put(&event, &data),
            "patch" => self.patch(&event, &data),
            "goodbye" => {
                self.goodbyes.push(data["reason"].as_str().expect("a reason").to_owned());
                Sent::Goodbye
            }
            _ => panic!("no event of this stream: {event:?}"),
        };
        self.last = data;
        sent
    }

    #[track_caller]
    fn put(&mut self, event: &Block, data: &Value) -> Sent {
        let is_later = self.document.is_null()
            || (data["epoch"].as_i64(), data["revision"].as_i64())
                >= (Some(self.epoch()), Some(self.revision()));
        assert!(is_later, "a put of the past: {} after {}", event.id, self.id());
        self.document = data.clone();
        self.puts += 1;
        assert_eq!(event.id, self.id());
        Sent::Put
    }

    #[track_caller]
    fn patch(&mut self, event: &Block, data: &Value) -> Sent {
        assert_eq!(data["epoch"], self.document["epoch"], "another epoch comes as a put: {event:?}");
        assert_eq!(data["from"], self.document["revision"], "a gap: {event:?}");
        assert!(data["revision"].as_i64() >= data["from"].as_i64(), "back: {event:?}");
        for (kind, changed) in data.as_object().expect("an object") {
            let Some(changed) = changed.as_object() else { continue };
            let held =
                self.document[kind].as_object_mut().unwrap_or_else(|| panic!("what is {kind}? {event:?}"));
            for (key, document) in changed {
                if document.is_null() {
                    held.remove(key);
                } else {
                    held.insert(key.clone(), document.clone());
                }
            }
        }
        self.document["revision"] = data["revision"].clone();
        self.patches += 1;
        assert_eq!(event.id, self.id());
        Sent::Patch
    }

    /// Takes what comes until this revision is reached, coming back whenever it is sent away.
    #[track_caller]
    pub fn until(&mut self, revision: i64) {
        self.until_past(revision);
        assert_eq!(self.revision(), revision, "further than it can be");
    }

    /// The same while somebody writes: until this revision or a later one is reached.
    #[track_caller]
    pub fn until_past(&mut self, revision: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.revision() < revision {
            let sent = self.step();
            if matches!(sent, Sent::Goodbye | Sent::End) {
                self.reconnect();
            }
            assert!(Instant::now() < deadline, "at {} of {revision}: {}", self.revision(), self.stream);
        }
    }

    /// Opens the stream again, as soon as it can be, with what it holds.
    #[track_caller]
    pub fn reconnect(&mut self) {
        let opening = self.opening.clone().last(&self.id());
        self.stream = wait_until("the stream can be opened again", || {
            opening.try_open().ok().filter(|stream| stream.status == 200)
        });
        self.openings += 1;
    }

    /// The same, by another way.
    #[track_caller]
    pub fn reconnect_at(&mut self, address: &str) {
        self.opening = self.opening.clone().at(address);
        self.reconnect();
    }
}
