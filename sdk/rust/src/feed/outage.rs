//! [`Outage`]: two lines in the log for each, one when it begins and one when it ends.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

/// Whether the server is heard, as the log knows it.
#[derive(Debug)]
pub(super) struct Outage {
    url: String,
    now: Mutex<Option<Now>>,
}

/// The outage that goes on.
#[derive(Debug, Clone, Copy)]
struct Now {
    since: Instant,
    key_is_bad: bool,
}

impl Outage {
    pub(super) fn new(url: String) -> Self {
        Self { url, now: Mutex::default() }
    }

    /// The server is not heard.
    pub(super) fn begins(&self, error: &str) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() {
            *now = Some(Now { since: Instant::now(), key_is_bad: false });
            tracing::warn!(target: "pennon", url = %self.url, error, "the flag server is not heard; what is held is served on");
        }
    }

    /// The server does not take the key.
    pub(super) fn refused(&self, error: &str) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if !now.is_some_and(|now| now.key_is_bad) {
            let since = now.map_or_else(Instant::now, |now| now.since);
            *now = Some(Now { since, key_is_bad: true });
            tracing::error!(target: "pennon", url = %self.url, error, "the flag server refuses the key; what is held is served on");
        }
    }

    /// The server is heard again.
    pub(super) fn over(&self) {
        let ended = self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(now) = ended {
            let seconds = now.since.elapsed().as_secs();
            tracing::info!(target: "pennon", url = %self.url, seconds, "the flag server is heard again");
        }
    }
}
