//! [`Status`]: whether what is served is current, where it came from, and since when it may be old.
//!
//! Must not decide when to connect; it is told what happened.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::listeners::{Listeners, Subscription};
use crate::order::Revision;

/// Whether what is served is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No address or no key: defaults are served.
    Unconfigured,
    /// Nothing to serve yet: defaults are served.
    Starting,
    /// The snapshot is current: the stream lives, or the last poll succeeded.
    Ready,
    /// A snapshot is served, without limit, but nothing was heard from the server since [`Status::stale_since`].
    Stale,
    /// Evaluates on from what is held, hears nothing any more.
    Closed,
}

impl State {
    /// As every SDK calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stale => "stale",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Where the snapshot that is served came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The server's stream.
    Stream,
    /// A poll, while the stream gave nothing.
    Poll,
    /// The file of an earlier process.
    Cache,
    /// The snapshot that was given to the builder.
    Bootstrap,
    /// There is none.
    None,
}

impl Source {
    /// As every SDK calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Poll => "poll",
            Self::Cache => "cache",
            Self::Bootstrap => "bootstrap",
            Self::None => "none",
        }
    }
}

/// How a client stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether what is served is current.
    pub state: State,
    /// Of the snapshot that is served.
    pub revision: Option<Revision>,
    /// When the server was heard last, while the state is [`State::Stale`].
    pub stale_since: Option<SystemTime>,
    /// Where the snapshot that is served came from.
    pub source: Source,
    /// What went wrong last, while it goes on. It names no key and no context.
    pub last_error: Option<String>,
}

/// Whether a server is to be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Unconfigured,
    Connecting,
    /// None, and that is as it should be.
    Offline,
    Closed,
}

/// What is known of the connection.
#[derive(Debug)]
struct Known {
    mode: Mode,
    revision: Option<Revision>,
    source: Source,
    /// A stream lives, and has shown that what is served is current.
    stream: bool,
    /// A stream has given bytes: nobody polls meanwhile.
    stream_begun: bool,
    poll: bool,
    heard: SystemTime,
    error: Option<String>,
}

impl Known {
    fn stream_is_current(&mut self) {
        (self.stream, self.stream_begun, self.poll, self.error) = (true, true, false, None);
    }

    fn status(&self) -> Status {
        let state = match self.revision {
            _ if self.mode == Mode::Closed => State::Closed,
            _ if self.mode == Mode::Unconfigured => State::Unconfigured,
            None => State::Starting,
            Some(_) if self.stream || self.poll || self.mode == Mode::Offline => State::Ready,
            Some(_) => State::Stale,
        };
        Status {
            state,
            revision: self.revision,
            stale_since: (state == State::Stale).then_some(self.heard),
            source: self.source,
            last_error: self.error.clone(),
        }
    }
}

/// The status of one client, and who wants to know of it.
#[derive(Debug)]
pub(crate) struct Board {
    known: Mutex<Known>,
    sender: watch::Sender<Status>,
    listeners: Listeners<Status>,
}

impl Board {
    pub(crate) fn new(mode: Mode, now: SystemTime) -> Self {
        let known = Known {
            mode,
            revision: None,
            source: Source::None,
            stream: false,
            stream_begun: false,
            poll: false,
            heard: whole_millis(now),
            error: None,
        };
        let sender = watch::Sender::new(known.status());
        Self { known: Mutex::new(known), sender, listeners: Listeners::default() }
    }

    /// How it stands now.
    pub(crate) fn now(&self) -> Status {
        let mut status = self.sender.borrow().clone();
        // Bytes are heard too often to tell everybody.
        if status.stale_since.is_some() {
            status.stale_since = Some(self.lock().heard);
        }
        status
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.sender.subscribe()
    }

    pub(crate) fn on_change(&self, call: impl Fn(&Status) + Send + Sync + 'static) -> Subscription {
        self.listeners.add(call)
    }

    /// Another snapshot is served; one that the server has just sent is current.
    pub(crate) fn serves(&self, revision: Revision, source: Source) {
        self.update(|known| {
            // Two that were served one after another may be told the other way round.
            // Nothing orders a bootstrap and what replaced it.
            if known.source == Source::Bootstrap || known.revision.is_none_or(|known| known < revision) {
                (known.revision, known.source) = (Some(revision), source);
            }
            match source {
                Source::Stream => known.stream_is_current(),
                Source::Poll => known.poll = true,
                Source::Cache | Source::Bootstrap | Source::None => {}
            }
        });
    }

    /// The stream gave bytes. `is_current`: and has shown that what is served is what the server has. Bytes alone say nothing
    /// of that: a proxy may let a greeting through and hold back the rest.
    pub(crate) fn streams(&self, now: SystemTime, is_current: bool) {
        self.update(|known| {
            known.heard = whole_millis(now);
            known.stream_begun = true;
            if is_current {
                known.stream_is_current();
            }
        });
    }

    /// A poll was answered.
    pub(crate) fn polled(&self, now: SystemTime) {
        self.update(|known| {
            known.heard = whole_millis(now);
            // Polls are wanted only while the stream gives nothing.
            (known.stream, known.stream_begun, known.poll, known.error) = (false, false, true, None);
        });
    }

    /// The stream broke, or could not be opened.
    pub(crate) fn stream_lost(&self, error: String) {
        self.update(|known| {
            // It had ended the polling, so that the last poll says nothing any more.
            known.poll &= !known.stream_begun;
            (known.stream, known.stream_begun, known.error) = (false, false, Some(error));
        });
    }

    /// A poll failed.
    pub(crate) fn poll_lost(&self, error: String) {
        self.update(|known| (known.stream, known.poll, known.error) = (false, false, Some(error)));
    }

    pub(crate) fn close(&self) {
        self.update(|known| known.mode = Mode::Closed);
    }

    /// Whether the stream or the last poll is good.
    pub(crate) fn hears(&self) -> bool {
        let known = self.lock();
        known.stream || known.poll
    }

    fn update(&self, change: impl FnOnce(&mut Known)) {
        let next = {
            let mut known = self.lock();
            change(&mut known);
            known.status()
        };
        let mut state_changed = false;
        self.sender.send_if_modified(|status| {
            state_changed = status.state != next.state;
            let changed = (status.state, status.revision, status.source, &status.last_error)
                != (next.state, next.revision, next.source, &next.last_error);
            if changed {
                *status = next.clone();
            }
            changed
        });
        if state_changed {
            self.listeners.tell(&next);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Nothing can panic while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_millis(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const REVISION: Revision = Revision { epoch: 1, number: 1 };

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn board() -> Board {
        Board::new(Mode::Connecting, at(10))
    }

    #[test]
    fn a_client_starts_until_it_has_something_to_serve() {
        let board = board();
        assert_eq!(board.now().state, State::Starting);
        board.streams(at(11), true);
        assert_eq!(board.now().state, State::Starting);
        board.serves(REVISION, Source::Stream);
        assert_eq!((board.now().state, board.now().source), (State::Ready, Source::Stream));
    }

    #[test]
    fn what_comes_from_a_cache_is_stale_until_the_server_is_heard() {
        let board = board();
        board.serves(REVISION, Source::Cache);
        assert_eq!((board.now().state, board.now().stale_since), (State::Stale, Some(at(10))));
        board.polled(at(20));
        assert_eq!((board.now().state, board.now().source), (State::Ready, Source::Cache));
    }

    #[test]
    fn it_is_stale_since_the_server_was_heard_last() {
        let board = board();
        board.streams(at(20), true);
        board.serves(REVISION, Source::Stream);
        board.streams(at(30), true);
        board.stream_lost("gone".into());
        let status = board.now();
        assert_eq!((status.state, status.stale_since), (State::Stale, Some(at(30))));
        assert_eq!(status.last_error.as_deref(), Some("gone"));
        board.streams(at(40), true);
        assert_eq!((board.now().state, board.now().last_error), (State::Ready, None));
    }

    #[test]
    fn a_poll_keeps_it_ready_while_the_stream_is_away() {
        let board = board();
        board.serves(REVISION, Source::Stream);
        board.polled(at(20));
        board.stream_lost("refused".into());
        assert_eq!(board.now().state, State::Ready);
        board.poll_lost("refused too".into());
        assert_eq!(board.now().state, State::Stale);
    }

    #[test]
    fn bytes_alone_make_nothing_current() {
        let board = board();
        board.serves(REVISION, Source::Cache);
        board.streams(at(20), false);
        assert_eq!((board.now().state, board.now().stale_since), (State::Stale, Some(at(20))));
        board.streams(at(30), true);
        assert_eq!(board.now().state, State::Ready);
    }

    #[test]
    fn what_was_polled_is_current_until_the_stream_that_ended_the_polling_is_lost() {
        let board = board();
        board.serves(REVISION, Source::Poll);
        board.polled(at(20));
        board.streams(at(30), false);
        assert_eq!(board.now().state, State::Ready);
        board.stream_lost("cut after its greeting".into());
        assert_eq!((board.now().state, board.now().stale_since), (State::Stale, Some(at(30))));
    }

    #[test]
    fn the_first_snapshot_from_the_server_is_current_at_once() {
        for source in [Source::Stream, Source::Poll] {
            let board = board();
            let (send, told) = mpsc::channel();
            board.on_change(move |status| send.send(status.state).unwrap()).forever();
            board.streams(at(11), false);
            board.serves(REVISION, source);
            assert_eq!(told.try_iter().collect::<Vec<_>>(), [State::Ready], "{source:?}");
        }
    }

    #[test]
    fn each_change_of_the_state_is_told_once() {
        let board = board();
        let (send, told) = mpsc::channel();
        let subscription = board.on_change(move |status| send.send(status.state).unwrap());
        board.streams(at(11), true);
        board.serves(REVISION, Source::Stream);
        board.streams(at(12), true);
        board.stream_lost("gone".into());
        board.stream_lost("still gone".into());
        board.close();
        board.streams(at(13), true);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [State::Ready, State::Stale, State::Closed]);
        drop(subscription);
    }

    #[test]
    fn who_has_no_server_is_unconfigured_or_offline() {
        let board = Board::new(Mode::Unconfigured, at(1));
        board.serves(REVISION, Source::Bootstrap);
        assert_eq!(board.now().state, State::Unconfigured);
        let board = Board::new(Mode::Offline, at(1));
        board.serves(REVISION, Source::Bootstrap);
        assert_eq!(board.now().state, State::Ready);
    }
}
