//! One listener's loop: greets, asks its feed whenever there is news, beats when there is none, looks at its key, and says
//! goodbye. It runs inside the connection that it feeds, so a reader that stalls stalls nobody else, and nothing queues up.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::feed::{Event, Feed, Moment, Pieces};
use super::hub::{Place, random};
use super::kind::Ended;
use super::position::Position;
use super::words;
use crate::auth::verifiers::Verifier;
use crate::clock::Clock;
use crate::snapshot::cell::{Cell, News};
use crate::snapshot::registry::Registry;

/// What a listener's loop needs.
#[derive(Debug)]
pub struct Listener {
    /// The environment.
    pub cell: Arc<Cell>,
    /// Where the key is looked at again.
    pub registry: Arc<Registry>,
    /// The key that let the listener in.
    pub verifier: Arc<Verifier>,
    /// The time.
    pub clock: Clock,
    /// Its place; given back at the end.
    pub place: Place,
}

/// The bytes of one stream, until the listener or this node has had enough.
pub fn open<F: Feed + 'static>(listener: Listener, feed: F) -> impl Stream<Item = Bytes> + Send + 'static {
    let connection = Box::new(Connection::new(listener, feed));
    futures_util::stream::unfold(connection, |mut connection| async move {
        connection.next().await.map(|bytes| (bytes, connection))
    })
}

struct Connection<F> {
    listener: Listener,
    feed: F,
    news: watch::Receiver<News>,
    pieces: Pieces,
    timer: Pin<Box<Sleep>>,
    heartbeat_at: Instant,
    ends_at: Instant,
    is_greeted: bool,
    is_over: bool,
}

impl<F: Feed> Connection<F> {
    fn new(listener: Listener, feed: F) -> Connection<F> {
        // Subscribed before the image is loaded: what comes in between is seen by one of the two.
        let news = listener.cell.watch();
        let (now, hub) = (Instant::now(), listener.place.hub());
        // Listeners that came together do not beat together.
        let first_beat = hub.limits().heartbeat.mul_f64(0.5 + random() / 2.0);
        let mut pieces = VecDeque::new();
        pieces.push_back(words::greeting(hub, &listener.cell.name()));
        Connection {
            heartbeat_at: now + first_beat,
            ends_at: now + hub.age(listener.place.kind()),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            is_greeted: false,
            is_over: false,
            listener,
            feed,
            news,
            pieces,
        }
    }

    /// The next bytes; None at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(piece);
            }
            // What was asked for rarely is not held until the next time.
            self.pieces.shrink_to_fit();
            if self.is_over {
                return None;
            }
            let now = Instant::now();
            if let Some(why) = self.ending(now) {
                self.say_goodbye(why);
                continue;
            }
            if self.advance(now) {
                self.heartbeat_at = now + self.listener.place.hub().limits().heartbeat;
                continue;
            }
            if now >= self.heartbeat_at {
                self.heartbeat_at = now + self.listener.place.hub().limits().heartbeat;
                self.listener.place.hub().meters().event(Event::Heartbeat);
                return Some(words::HEARTBEAT);
            }
            self.wait(now).await;
        }
    }

    /// Why the stream ends now, if it does.
    fn ending(&mut self, now: Instant) -> Option<Ended> {
        let is_gone = self.news.borrow_and_update().gone;
        let Listener { registry, verifier, clock, place, .. } = &mut self.listener;
        if place.hub().draining().is_cancelled() {
            return Some(Ended::Draining);
        }
        if is_gone {
            return Some(Ended::Environment);
        }
        // A key that was rotated has an end now, which it had not when it opened the stream.
        match registry.verifiers.renewed(verifier, clock.now_micros()) {
            Some(now) => *verifier = now,
            None => return Some(Ended::Key),
        }
        (now >= self.ends_at).then_some(Ended::Age)
    }

    /// Asks the feed, at one image; whether it had something.
    fn advance(&mut self, now: Instant) -> bool {
        let border = self.news.borrow().border;
        let image = self.listener.cell.image();
        let moment = Moment { image: &image, border, now_ms: self.listener.clock.now_ms(), now };
        let is_first = !std::mem::replace(&mut self.is_greeted, true);
        let Some(event) = self.feed.advance(&moment, &mut self.pieces) else { return false };
        let hub = self.listener.place.hub();
        hub.meters().event(event);
        self.listener.place.sent(Position::from(&image.head));
        // What a listener is sent when it comes, or when it is its turn, tells nothing of how fast changes travel.
        if !is_first && event == Event::Patch {
            hub.meters().delivered(image.made.elapsed());
        }
        true
    }

    fn say_goodbye(&mut self, why: Ended) {
        let hub = self.listener.place.hub();
        hub.meters().event(Event::Goodbye);
        self.pieces.push_back(words::goodbye(hub, why));
        self.listener.place.ends(why);
        self.is_over = true;
    }

    /// Waits for news, for the drain, or until something is due.
    async fn wait(&mut self, now: Instant) {
        let Listener { verifier, clock, place, .. } = &self.listener;
        let expiry = verifier.expires_in(clock.now_micros()).and_then(|rest| now.checked_add(rest));
        let soonest = [Some(self.heartbeat_at), Some(self.ends_at), self.feed.due(), expiry];
        let until = soonest.into_iter().flatten().min().unwrap_or(self.heartbeat_at);
        self.timer.as_mut().reset(until.into());
        tokio::select! {
            changed = self.news.changed() => {
                if changed.is_err() {
                    // The cell itself is gone, and with it whatever could come.
                    self.is_over = true;
                }
            }
            () = self.timer.as_mut() => {}
            () = place.hub().draining().cancelled() => {}
        }
    }
}
