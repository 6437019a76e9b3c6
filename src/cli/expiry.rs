//! Times on the command line: how long, and until when.

use std::str::FromStr;

use super::failure::Failure;
use crate::clock::Clock;

/// A length of time in seconds: `90d`, `12h`, `30m`, `45s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub i64);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let units = [('d', 86_400_i64), ('h', 3_600), ('m', 60), ('s', 1)];
        let seconds = units.iter().find_map(|(unit, factor)| {
            let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
            i64::from(number).checked_mul(*factor)
        });
        seconds.map(Span).ok_or_else(|| "a time is written like 90d, 12h, 30m or 45s".to_owned())
    }
}

/// When a key ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// After a time from now.
    After(Span),
    /// At a date, as it was written.
    At(String),
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        match (text.parse::<Span>(), text.parse::<jiff::Timestamp>()) {
            (Ok(span), _) => Ok(Expiry::After(span)),
            (_, Ok(_)) => Ok(Expiry::At(text.to_owned())),
            _ => Err("write a time such as 90d or 12h, or a date with its zone such as 2027-01-31T00:00:00Z"
                .to_owned()),
        }
    }
}

impl Expiry {
    /// The date, RFC 3339.
    pub fn at(&self, clock: &Clock) -> Result<String, Failure> {
        match self {
            Expiry::At(text) => Ok(text.clone()),
            Expiry::After(span) => {
                let second = clock.now_ms().div_euclid(1_000).saturating_add(span.0);
                let end = jiff::Timestamp::from_second(second);
                Ok(end.map_err(|error| Failure::Usage(format!("--expires: {error}")))?.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_time_from_now_or_a_date() {
        let clock = Clock::manual(0);
        let at = |text: &str| text.parse::<Expiry>().unwrap().at(&clock).unwrap();
        assert_eq!(at("1d"), "1970-01-02T00:00:00Z");
        assert_eq!(at("2027-01-31T00:00:00Z"), "2027-01-31T00:00:00Z");
        for text in ["", "d", "-1d", "1.5h", "1w", "2027-01-31", "99999999999d"] {
            assert!(text.parse::<Expiry>().is_err(), "{text}");
        }
    }
}
