//! Who listens to this node by name: what each said of itself when it came, and what it was sent last. Gone with its stream.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;

use super::position::Position;

/// What a process says of itself when it opens a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The environment's id.
    pub environment_id: String,
    /// Its name for itself.
    pub instance_id: String,
    /// The SDK; "" when it does not say.
    pub sdk: String,
    /// The SDK's version; "" when it does not say.
    pub sdk_version: String,
    /// What its owner calls it.
    pub labels: BTreeMap<String, String>,
    /// When it came, microseconds.
    pub at: i64,
}

/// One that listens.
#[derive(Debug)]
pub struct Listening {
    /// What it said.
    pub introduction: Introduction,
    sent: Mutex<Option<Position>>,
}

impl Listening {
    /// Where what it was sent, or what it came with, stands.
    #[must_use]
    pub fn sent(&self) -> Option<Position> {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that listen by name; as many as there are streams at most.
#[derive(Debug, Default)]
pub struct Listeners {
    all: DashMap<u64, Arc<Listening>>,
    next: AtomicU64,
}

impl Listeners {
    /// Takes one in, who holds what stands there already.
    #[must_use]
    pub fn enter(self: &Arc<Self>, introduction: Introduction, holds: Option<Position>) -> Presence {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let listening = Arc::new(Listening { introduction, sent: Mutex::new(holds) });
        self.all.insert(id, Arc::clone(&listening));
        Presence { listeners: Arc::clone(self), id, listening }
    }

    /// Those of an environment.
    #[must_use]
    pub fn of(&self, environment_id: &str) -> Vec<Arc<Listening>> {
        let is_of = |own: &Arc<Listening>| own.introduction.environment_id == environment_id;
        self.all.iter().map(|entry| Arc::clone(entry.value())).filter(is_of).collect()
    }
}

/// One's presence; ended by dropping it.
#[derive(Debug)]
pub struct Presence {
    listeners: Arc<Listeners>,
    id: u64,
    listening: Arc<Listening>,
}

impl Presence {
    /// Notes what it was sent.
    pub fn sent(&self, position: Position) {
        *self.listening.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(position);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.listeners.all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Introduction, Listeners, Position};

    #[test]
    fn one_is_there_as_long_as_its_presence_and_with_what_it_was_sent() {
        let listeners = Arc::new(Listeners::default());
        let introduction = |environment: &str| Introduction {
            environment_id: environment.to_owned(),
            instance_id: "i".to_owned(),
            sdk: String::new(),
            sdk_version: String::new(),
            labels: std::collections::BTreeMap::new(),
            at: 1,
        };
        let one = listeners.enter(introduction("e"), None);
        let _other = listeners.enter(introduction("f"), None);
        let here = Position { epoch: 7, revision: 2 };
        assert_eq!(listeners.of("e")[0].sent(), None);
        one.sent(here);
        assert_eq!(listeners.of("e")[0].sent(), Some(here));
        assert_eq!(listeners.of("e").len(), 1);
        drop(one);
        assert!(listeners.of("e").is_empty());
        assert_eq!(listeners.of("f").len(), 1);
    }
}
