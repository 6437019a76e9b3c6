//! Requests per client key and address: client keys are public, so what they cost is bounded.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;

/// Callers remembered at once; beyond that the quiet ones are forgotten, and new ones share one allowance per key.
const CALLER_LIMIT: usize = 100_000;
/// How often the quiet ones are looked for, microseconds: it reads all of them, so never once a request.
const SWEEP_EVERY: i64 = 1_000_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// A rate limiter with one number per caller (generic cell rate algorithm): the time at which its allowance is whole again.
#[derive(Debug)]
pub struct RateLimit {
    per_request: i64,
    burst: i64,
    callers: DashMap<(String, IpAddr), AtomicI64>,
    most_callers: usize,
    swept_at: AtomicI64,
}

impl RateLimit {
    /// So many requests a minute, a tenth of which may come at once.
    #[must_use]
    pub fn per_minute(requests: u32) -> RateLimit {
        let requests = i64::from(requests.max(1));
        let per_request = (MICROS_PER_MINUTE / requests).max(1);
        RateLimit {
            per_request,
            burst: per_request * (requests / 10).max(1),
            callers: DashMap::new(),
            most_callers: CALLER_LIMIT,
            swept_at: AtomicI64::new(0),
        }
    }

    /// Counts a request at a time (microseconds); the seconds to wait when it is one too many.
    pub fn check(&self, key: &str, address: IpAddr, now: i64) -> Result<(), u32> {
        let mut place = (key.to_owned(), caller_of(address));
        if self.is_full(now) && !self.callers.contains_key(&place) {
            place.1 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        let caller = self.callers.entry(place).or_insert_with(|| AtomicI64::new(now)).downgrade();
        let mut wait = 0;
        let counted = caller.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |whole_at| {
            let next = whole_at.max(now) + self.per_request;
            wait = next - now - self.burst;
            (wait <= 0).then_some(next)
        });
        match counted {
            Ok(_) => Ok(()),
            Err(_) => Err(u32::try_from(wait / 1_000_000 + 1).unwrap_or(60)),
        }
    }

    /// Whether no more callers can be remembered, after the quiet ones were forgotten.
    fn is_full(&self, now: i64) -> bool {
        if self.callers.len() < self.most_callers {
            return false;
        }
        let swept = self.swept_at.load(Ordering::Relaxed);
        let is_due = now - swept >= SWEEP_EVERY;
        if is_due && self.swept_at.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.callers.retain(|_, whole_at| whole_at.load(Ordering::Relaxed) > now);
        }
        self.callers.len() >= self.most_callers
    }
}

/// Who an address stands for: one customer of a provider has a whole /64 of IPv6.
#[must_use]
pub fn caller_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::RateLimit;

    #[test]
    fn a_burst_passes_then_one_waits_and_others_do_not() {
        let limit = RateLimit::per_minute(600);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..60 {
            assert_eq!(limit.check("k", here, 1_000_000), Ok(()));
        }
        assert_eq!(limit.check("k", here, 1_000_000), Err(1));
        assert_eq!(limit.check("other", here, 1_000_000), Ok(()));
        // A tenth of a second gives one request back.
        assert_eq!(limit.check("k", here, 1_100_000), Ok(()));
        assert_eq!(limit.check("k", here, 1_100_000), Err(1));
    }

    #[test]
    fn all_addresses_of_one_network_of_ipv6_are_one_caller() {
        let limit = RateLimit::per_minute(10);
        assert_eq!(limit.check("k", "2001:db8::1".parse().unwrap(), 0), Ok(()));
        assert_eq!(limit.check("k", "2001:db8::2".parse().unwrap(), 0), Err(7));
        assert_eq!(limit.check("k", "2001:db8:0:1::1".parse().unwrap(), 0), Ok(()));
        assert_eq!(limit.check("k", "192.0.2.1".parse().unwrap(), 0), Ok(()));
        assert_eq!(limit.check("k", "::ffff:192.0.2.1".parse().unwrap(), 0), Err(7));
    }

    #[test]
    fn no_more_callers_are_remembered_than_the_limit_and_the_quiet_ones_give_way() {
        let limit = RateLimit { most_callers: 3, ..RateLimit::per_minute(10) };
        let address = |last: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        for last in 0..3 {
            assert_eq!(limit.check("k", address(last), 10_000_000), Ok(()));
        }
        // The fourth and the fifth share one allowance; those who are known keep their own.
        assert_eq!(limit.check("k", address(3), 10_000_000), Ok(()));
        assert_eq!(limit.check("k", address(4), 10_000_000), Err(7));
        assert_eq!(limit.callers.len(), 4);
        assert_eq!(limit.check("k", address(0), 16_000_000), Ok(()));
        assert_eq!(limit.check("k", address(5), 17_000_000), Ok(()));
        assert!(limit.callers.len() <= 4, "{}", limit.callers.len());
    }
}
