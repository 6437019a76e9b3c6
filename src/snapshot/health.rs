//! How this node is: whether the database answers, how old the image is, and what it refuses to take over.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use dashmap::DashMap;

/// The state of a node, as operators and balancers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing to serve yet: live, not ready.
    Starting,
    /// Serving, and the database answers.
    Ready,
    /// Serving from memory or disk; the database is away, or a history was refused.
    Degraded,
}

/// Health, written by the sync loop.
#[derive(Debug, Default)]
pub struct Health {
    loaded: AtomicBool,
    from_disk: AtomicBool,
    database_up: AtomicBool,
    last_sync: AtomicI64,
    refused: DashMap<String, String>,
}

impl Health {
    /// Notes that an image was taken from disk.
    pub fn loaded_from_disk(&self) {
        self.loaded.store(true, Ordering::Release);
        self.from_disk.store(true, Ordering::Release);
    }

    /// Notes a round that read the database, at a time (microseconds).
    pub fn synced(&self, now: i64) {
        self.last_sync.store(now, Ordering::Relaxed);
        self.from_disk.store(false, Ordering::Release);
        self.database_up.store(true, Ordering::Release);
        self.loaded.store(true, Ordering::Release);
    }

    /// Notes a round that failed.
    pub fn failed(&self) {
        self.database_up.store(false, Ordering::Release);
    }

    /// Notes that an environment's stored history is refused, and why.
    pub fn refuse(&self, environment: &str, why: &str) {
        self.refused.insert(environment.to_owned(), why.to_owned());
    }

    /// Notes that an environment is taken over again.
    pub fn accept(&self, environment: &str) {
        self.refused.remove(environment);
    }

    /// Forgets refusals of environments that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        self.refused.retain(|name, _| is_there(name));
    }

    /// Whether an environment's stored history is refused.
    #[must_use]
    pub fn is_refused(&self, environment: &str) -> bool {
        self.refused.contains_key(environment)
    }

    /// What is refused: project/environment and why, sorted.
    #[must_use]
    pub fn refused(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> =
            self.refused.iter().map(|entry| (entry.key().clone(), entry.value().clone())).collect();
        all.sort();
        all
    }

    /// Whether the last round reached the database.
    #[must_use]
    pub fn database_up(&self) -> bool {
        self.database_up.load(Ordering::Acquire)
    }

    /// Whether what is served came from disk and was not compared with the database yet.
    #[must_use]
    pub fn from_disk(&self) -> bool {
        self.from_disk.load(Ordering::Acquire)
    }

    /// When the database was last read, microseconds; 0 for never.
    #[must_use]
    pub fn last_sync(&self) -> i64 {
        self.last_sync.load(Ordering::Relaxed)
    }

    /// The node's state.
    #[must_use]
    pub fn status(&self) -> Status {
        if !self.loaded.load(Ordering::Acquire) {
            Status::Starting
        } else if self.database_up() && self.refused.is_empty() {
            Status::Ready
        } else {
            Status::Degraded
        }
    }
}
