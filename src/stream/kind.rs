//! The words for streams: what they carry, why they end, why they are refused. The same on the wire and in metrics.

use super::hub::random;

/// Seconds after which who was refused may try again: a number in between, so that they do not come back together.
const RETRY_AFTER: std::ops::RangeInclusive<u32> = 1..=5;

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Rules, for server SDKs.
    Server,
    /// Results for one context.
    Client,
    /// OFREP's word to ask again.
    Ofrep,
    /// Entries of the audit log.
    Audit,
}

impl StreamKind {
    pub(super) const ALL: [StreamKind; 4] =
        [StreamKind::Server, StreamKind::Client, StreamKind::Ofrep, StreamKind::Audit];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            StreamKind::Server => "server",
            StreamKind::Client => "client",
            StreamKind::Ofrep => "ofrep",
            StreamKind::Audit => "audit",
        }
    }
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The node stops.
    Draining,
    /// It was open for long enough.
    Age,
    /// The key was revoked or has expired.
    Key,
    /// The environment was archived.
    Environment,
    /// The client went away, or took nothing.
    Client,
}

impl Ended {
    pub(super) const ALL: [Ended; 5] =
        [Ended::Draining, Ended::Age, Ended::Key, Ended::Environment, Ended::Client];

    /// The word for it, on the wire and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Ended::Draining => "draining",
            Ended::Age => "age",
            Ended::Key => "key",
            Ended::Environment => "environment",
            Ended::Client => "client",
        }
    }
}

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many are open as may be.
    Full,
    /// Too many came in this second.
    Herd,
    /// As many are open with this client key from this address as may be.
    Address,
}

impl Refused {
    pub(super) const ALL: [Refused; 3] = [Refused::Full, Refused::Herd, Refused::Address];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Refused::Full => "full",
            Refused::Herd => "herd",
            Refused::Address => "address",
        }
    }

    /// Seconds after which to try again; another number each time.
    #[must_use]
    pub fn retry_after() -> u32 {
        let span = f64::from(RETRY_AFTER.end() - RETRY_AFTER.start() + 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
        let more = (random() * span) as u32;
        (RETRY_AFTER.start() + more).min(*RETRY_AFTER.end())
    }
}

#[cfg(test)]
mod tests {
    use super::Refused;

    #[test]
    fn who_is_refused_is_told_another_time_each_time() {
        let told: std::collections::BTreeSet<u32> = (0..1_000).map(|_| Refused::retry_after()).collect();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
}
