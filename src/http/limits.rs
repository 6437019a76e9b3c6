//! Requests per client key and address: client keys are public, so what they cost is bounded.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;

/// Callers remembered at once; beyond that the quiet ones are forgotten.
const CALLER_LIMIT: usize = 100_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// A rate limiter with one number per caller (generic cell rate algorithm): the time at which its allowance is whole again.
#[derive(Debug)]
pub struct RateLimit {
    per_request: i64,
    burst: i64,
    callers: DashMap<(String, IpAddr), AtomicI64>,
}

impl RateLimit {
    /// So many requests a minute, a tenth of which may come at once.
    #[must_use]
    pub fn per_minute(requests: u32) -> RateLimit {
        let requests = i64::from(requests.max(1));
        let per_request = (MICROS_PER_MINUTE / requests).max(1);
        RateLimit { per_request, burst: per_request * (requests / 10).max(1), callers: DashMap::new() }
    }

    /// Counts a request at a time (microseconds); the seconds to wait when it is one too many.
    pub fn check(&self, key: &str, address: IpAddr, now: i64) -> Result<(), u32> {
        if self.callers.len() >= CALLER_LIMIT {
            self.callers.retain(|_, whole_at| whole_at.load(Ordering::Relaxed) > now);
        }
        let caller =
            self.callers.entry((key.to_owned(), address)).or_insert_with(|| AtomicI64::new(now)).downgrade();
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
}
