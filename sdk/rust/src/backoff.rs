//! How long to wait before the next attempt: full jitter, never less than the server asks for, and from the beginning
//! after a while of health.
//!
//! Must not read a clock or draw a random number: both are passed in.

use std::time::{Duration, Instant};

/// The longest pause that a server may ask for: beyond it, a wrong clock or a typing error is likelier than a wish.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A server that asks to come back at once, again and again, would be called all the time.
pub(crate) const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The shortest pause after a failure, so that the connection that failed is closed before the next one opens: there is one
/// of each kind at a time.
const CLOSING: Duration = Duration::from_millis(5);

/// The pauses of one thing that is tried again and again.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    healthy_after: Duration,
    failures: u32,
    healthy_since: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration, healthy_after: Duration) -> Self {
        Self { min, max, healthy_after, failures: 0, healthy_since: None }
    }

    /// It works now: health begins, or goes on.
    pub(crate) fn worked(&mut self, now: Instant) {
        self.healthy_since.get_or_insert(now);
    }

    /// It ended as planned.
    pub(crate) fn ended(&mut self, now: Instant) {
        if self.healthy_since.take().is_some_and(|since| now.duration_since(since) >= self.healthy_after) {
            self.failures = 0;
        }
    }

    /// It failed: how long to wait, at least `at_least`. `random` is from 0 to below 1.
    pub(crate) fn failed(&mut self, now: Instant, at_least: Duration, random: f64) -> Duration {
        self.ended(now);
        let span = self.min.saturating_mul(2_u32.saturating_pow(self.failures)).min(self.max);
        if span < self.max {
            self.failures += 1;
        }
        span.mul_f64(random).max(CLOSING.min(span)).max(at_least.min(LONGEST_PAUSE))
    }
}

/// `around`, give or take a fifth, so that many processes do not come at once. `random` is from 0 to below 1.
pub(crate) fn about(around: Duration, random: f64) -> Duration {
    around.mul_f64(0.8 + 0.4 * random)
}

/// What a `Retry-After` header asks for. Only seconds are read: a date would need the server's clock to be right.
pub(crate) fn retry_after(header: &str) -> Option<Duration> {
    let seconds = header.trim();
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| seconds.parse().map_or(LONGEST_PAUSE, Duration::from_secs).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn backoff() -> Backoff {
        Backoff::new(SECOND, 30 * SECOND, 60 * SECOND)
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut backoff, now) = (backoff(), Instant::now());
        let pauses: Vec<u64> = (0..8).map(|_| backoff.failed(now, Duration::ZERO, 1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn a_pause_is_drawn_from_next_to_nothing_to_its_span() {
        let now = Instant::now();
        assert_eq!(backoff().failed(now, Duration::ZERO, 0.0), CLOSING);
        assert_eq!(backoff().failed(now, Duration::ZERO, 0.25), SECOND / 4);
    }

    #[test]
    fn the_server_may_ask_for_more_but_not_for_ever() {
        let now = Instant::now();
        assert_eq!(backoff().failed(now, 7 * SECOND, 0.5), 7 * SECOND);
        assert_eq!(backoff().failed(now, 100 * LONGEST_PAUSE, 0.5), LONGEST_PAUSE);
    }

    #[test]
    fn the_count_starts_again_only_after_a_while_of_health() {
        let (mut backoff, start) = (backoff(), Instant::now());
        backoff.failed(start, Duration::ZERO, 1.0);
        backoff.failed(start, Duration::ZERO, 1.0);
        backoff.worked(start);
        assert_eq!(backoff.failed(start + 59 * SECOND, Duration::ZERO, 1.0), 4 * SECOND);
        backoff.worked(start);
        backoff.worked(start + 30 * SECOND);
        assert_eq!(backoff.failed(start + 60 * SECOND, Duration::ZERO, 1.0), SECOND);
    }

    #[test]
    fn a_fifth_more_or_less_is_about_right() {
        assert_eq!(about(10 * SECOND, 0.0), 8 * SECOND);
        assert_eq!(about(10 * SECOND, 0.5), 10 * SECOND);
    }

    #[test]
    fn retry_after_is_a_number_of_seconds() {
        assert_eq!(retry_after(" 7 "), Some(7 * SECOND));
        for other in ["", "soon", "-1", "+1", "1.5", "Sun, 06 Nov 1994 08:49:27 GMT"] {
            assert_eq!(retry_after(other), None, "{other}");
        }
        for long in ["99999999", "99999999999999999999999"] {
            assert_eq!(retry_after(long), Some(LONGEST_PAUSE));
        }
    }
}
