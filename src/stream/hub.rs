//! Who listens: how many at once, how many more a second, from where; and the drain, which asks them all to go elsewhere.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dashmap::DashMap;
use tokio_util::sync::CancellationToken;

use super::kind::{Ended, Refused, StreamKind};
use super::listeners::Presence;
use super::meters::Meters;
use super::position::Position;

/// Seconds: below this a window of refetches is as good as none.
pub(super) const LEAST_WINDOW: f64 = 0.05;
/// OFREP's web client shows itself as stale each time its stream breaks, until something changes: its streams live longer.
const OFREP_AGES: f64 = 24.0;
/// One in so many streams is kept for servers: client keys are public, and nobody may fill a node with them.
const KEPT_FOR_SERVERS: usize = 8;
const MICROS: i64 = 1_000_000;

/// What streams may cost, and how they are paced.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Streams open at once.
    pub streams: usize,
    /// Streams that may begin in a second.
    pub opens_per_second: u32,
    /// Streams open at once per client key and address.
    pub per_address: u32,
    /// How long a stream may be silent.
    pub heartbeat: Duration,
    /// How long it lives, give or take a quarter.
    pub max_age: Duration,
    /// After how long a client comes back, give or take a half.
    pub retry: Duration,
    /// OFREP clients a second that are asked to fetch again.
    pub refetch_rate: u32,
}

/// All streams of a node.
pub struct Hub {
    limits: Limits,
    draining: CancellationToken,
    open: [AtomicU32; StreamKind::ALL.len()],
    /// When the allowance of openings is whole again (generic cell rate algorithm), microseconds.
    whole_at: AtomicI64,
    callers: DashMap<(String, IpAddr), u32>,
    /// How many streams were open when the first of them was sent away by the drain.
    leaving: OnceLock<u32>,
    meters: Meters,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("limits", &self.limits).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub without a stream; `draining` ends them all.
    #[must_use]
    pub fn new(limits: Limits, draining: CancellationToken) -> Hub {
        Hub {
            limits,
            draining,
            open: Default::default(),
            whole_at: AtomicI64::new(0),
            callers: DashMap::new(),
            leaving: OnceLock::new(),
            meters: Meters::new(),
        }
    }

    /// Takes a place at a time (microseconds); `caller` is the key and the address of who holds a client key.
    pub fn admit(
        self: &Arc<Hub>,
        kind: StreamKind,
        caller: Option<(&str, IpAddr)>,
        now: i64,
    ) -> Result<Place, Refused> {
        let refuse = |why: Refused| {
            self.meters.refused(why);
            Err(why)
        };
        // The place is taken first and given back on refusal: two who come together cannot both have the last one.
        let mut place = Place {
            hub: Arc::clone(self),
            kind,
            caller: None,
            ended: Ended::Client,
            counted: false,
            presence: None,
        };
        self.change(kind, Change::More);
        let kept = if caller.is_some() { self.limits.streams / KEPT_FOR_SERVERS } else { 0 };
        if self.total() > self.limits.streams - kept {
            return refuse(Refused::Full);
        }
        if let Some((key, address)) = caller {
            let own = (key.to_owned(), address);
            let mut count = self.callers.entry(own.clone()).or_insert(0);
            *count += 1;
            let is_too_many = *count > self.limits.per_address;
            drop(count);
            place.caller = Some(own);
            if is_too_many {
                return refuse(Refused::Address);
            }
        }
        if !self.may_open(now, if caller.is_some() { MICROS / 2 } else { MICROS }) {
            return refuse(Refused::Herd);
        }
        place.counted = true;
        self.meters.opened(kind);
        Ok(place)
    }

    /// How many streams of a kind are open.
    #[must_use]
    pub fn open(&self, kind: StreamKind) -> u32 {
        self.open.get(kind as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the node stops, and a way to wait for that.
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// How long a new stream of a kind lives.
    #[must_use]
    pub fn age(&self, kind: StreamKind) -> Duration {
        let times = if kind == StreamKind::Ofrep { OFREP_AGES } else { 1.0 };
        self.limits.max_age.mul_f64(times * (0.75 + random() / 2.0))
    }

    /// After how long one client comes back.
    #[must_use]
    pub fn retry(&self) -> Duration {
        self.limits.retry.mul_f64(0.5 + random())
    }

    /// After how long a client comes back that is sent away now. All of a node that stops take as long together as another
    /// node takes to let them in, so that none of them is refused.
    #[must_use]
    pub fn comeback(&self, why: Ended) -> Duration {
        if why != Ended::Draining {
            return self.retry();
        }
        let leaving = *self.leaving.get_or_init(|| StreamKind::ALL.map(|kind| self.open(kind)).iter().sum());
        let window = f64::from(leaving) / f64::from(self.limits.opens_per_second.max(1));
        self.retry() + Duration::from_secs_f64(window * random())
    }

    /// What is counted of streams.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    fn total(&self) -> usize {
        StreamKind::ALL.into_iter().map(|kind| self.open(kind) as usize).sum()
    }

    /// One more, or one fewer.
    fn change(&self, kind: StreamKind, by: Change) {
        let Some(count) = self.open.get(kind as usize) else { return };
        match by {
            Change::More => {
                count.fetch_add(1, Ordering::Relaxed);
                self.meters.open(kind, 1.0);
            }
            Change::Fewer => {
                count.fetch_sub(1, Ordering::Relaxed);
                self.meters.open(kind, -1.0);
            }
        }
    }

    /// So many microseconds' worth may come at once: a second's, of client keys half of that, so that whoever holds one of those,
    /// which are public, leaves room for servers.
    fn may_open(&self, now: i64, at_once: i64) -> bool {
        let each = MICROS / i64::from(self.limits.opens_per_second.max(1));
        let next = |whole_at: i64| {
            let next = whole_at.max(now) + each;
            (next - now <= at_once.max(each)).then_some(next)
        };
        self.whole_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// How a number of streams changes.
#[derive(Debug, Clone, Copy)]
enum Change {
    More,
    Fewer,
}

/// One stream's place; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    hub: Arc<Hub>,
    kind: StreamKind,
    caller: Option<(String, IpAddr)>,
    ended: Ended,
    counted: bool,
    presence: Option<Presence>,
}

impl Place {
    /// The hub it is of.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What it carries.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// Makes known who has the place; until it is given back.
    pub fn introduce(&mut self, presence: Presence) {
        self.presence = Some(presence);
    }

    /// Notes where what was sent stands.
    pub fn sent(&self, position: Position) {
        if let Some(presence) = &self.presence {
            presence.sent(position);
        }
    }

    /// Notes why the stream ends.
    pub fn ends(&mut self, why: Ended) {
        self.ended = why;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.change(self.kind, Change::Fewer);
        if let Some(caller) = &self.caller {
            if let Some(mut count) = self.hub.callers.get_mut(caller) {
                *count = count.saturating_sub(1);
            }
            self.hub.callers.remove_if(caller, |_, count| *count == 0);
        }
        if self.counted {
            self.hub.meters.ended(self.ended);
        }
    }
}

/// A number from 0 to 1.
pub(super) fn random() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{Arc, CancellationToken, Duration, Ended, Hub, Limits, Refused, StreamKind};

    fn hub(streams: usize, opens_per_second: u32, per_address: u32) -> Arc<Hub> {
        let second = Duration::from_secs(1);
        let limits = Limits {
            streams,
            opens_per_second,
            per_address,
            heartbeat: second,
            max_age: second,
            retry: second,
            refetch_rate: 1,
        };
        Arc::new(Hub::new(limits, CancellationToken::new()))
    }

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again() {
        let hub = hub(2, 1_000, 1_000);
        let first = hub.admit(StreamKind::Server, None, 0).unwrap();
        let _second = hub.admit(StreamKind::Audit, None, 0).unwrap();
        assert_eq!(hub.admit(StreamKind::Client, None, 0).unwrap_err(), Refused::Full);
        assert_eq!(hub.open(StreamKind::Client), 0);
        drop(first);
        assert!(hub.admit(StreamKind::Client, None, 0).is_ok());
    }

    #[test]
    fn one_address_may_not_take_all_places_of_a_client_key() {
        let hub = hub(100, 1_000, 1);
        let own = hub.admit(StreamKind::Ofrep, Some(("k", HERE)), 0).unwrap();
        assert_eq!(hub.admit(StreamKind::Client, Some(("k", HERE)), 0).unwrap_err(), Refused::Address);
        assert!(hub.admit(StreamKind::Client, Some(("other", HERE)), 0).is_ok());
        assert!(hub.admit(StreamKind::Client, None, 0).is_ok());
        drop(own);
        assert!(hub.callers.is_empty());
        assert!(hub.admit(StreamKind::Client, Some(("k", HERE)), 0).is_ok());
    }

    #[test]
    fn client_keys_leave_room_for_servers() {
        let hub = hub(8, 1_000, 1_000);
        let public = || hub.admit(StreamKind::Ofrep, Some(("k", HERE)), 0);
        let _seven: Vec<_> = (0..7).map(|_| public().unwrap()).collect();
        assert_eq!(public().unwrap_err(), Refused::Full);
        let _eighth = hub.admit(StreamKind::Server, None, 0).unwrap();
        assert_eq!(hub.admit(StreamKind::Server, None, 0).unwrap_err(), Refused::Full);

        let hub = self::hub(1_000, 10, 1_000);
        let public = || hub.admit(StreamKind::Ofrep, Some(("k", HERE)), 0);
        let _five: Vec<_> = (0..5).map(|_| public().unwrap()).collect();
        assert_eq!(public().unwrap_err(), Refused::Herd);
        let _others: Vec<_> = (0..5).map(|_| hub.admit(StreamKind::Server, None, 0).unwrap()).collect();
        assert_eq!(hub.admit(StreamKind::Server, None, 0).unwrap_err(), Refused::Herd);
    }

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_one_waits() {
        let hub = hub(100, 10, 100);
        let places: Vec<_> = (0..10).map(|_| hub.admit(StreamKind::Server, None, 0).unwrap()).collect();
        assert_eq!(hub.admit(StreamKind::Server, None, 0).unwrap_err(), Refused::Herd);
        let _one_more = hub.admit(StreamKind::Server, None, 100_000).unwrap();
        assert_eq!(hub.admit(StreamKind::Server, None, 100_000).unwrap_err(), Refused::Herd);
        assert_eq!(hub.open(StreamKind::Server), 11);
        drop(places);
        assert_eq!(hub.open(StreamKind::Server), 1);
    }

    #[test]
    fn all_of_a_node_that_stops_take_as_long_as_another_one_takes_to_let_them_in() {
        let hub = hub(100, 10, 100);
        let mut places: Vec<_> = (0..10).map(|_| hub.admit(StreamKind::Server, None, 0).unwrap()).collect();
        let longest = Duration::from_millis(2_500);
        let mut told = Vec::new();
        while places.pop().is_some() {
            told.push(hub.comeback(Ended::Draining));
        }
        assert!(
            told.iter().all(|after| *after >= Duration::from_millis(500) && *after <= longest),
            "{told:?}"
        );
        assert_eq!(
            hub.leaving.get(),
            Some(&9),
            "counted once: who leaves last is sent as far as who leaves first"
        );
        assert!(hub.comeback(Ended::Age) <= Duration::from_millis(1_500));
    }
}
