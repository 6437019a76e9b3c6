//! Dates as `before` and `after` see them: epoch milliseconds.
//!
//! Must not know a time zone's name, a leap second or the present time.

use super::Atom;

const DAY_MS: i64 = 86_400_000;

/// The milliseconds of a value: an integral number of them, of any size, or a date.
pub(super) fn of(atom: Atom<'_>) -> Option<f64> {
    match atom {
        Atom::Number(number) => (number.fract() == 0.0).then_some(number),
        Atom::Text(text) => parse(text),
        _ => None,
    }
}

/// Parses `YYYY-MM-DDThh:mm:ss[.1-9 digits](Z|+hh:mm|-hh:mm)`, truncated to milliseconds toward the past.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let (date, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1] = *date else {
        return None;
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(n0, n1)?, two(s0, s1)?);
    let real =
        year >= 1 && (1..=days_in(year, month)?).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !real {
        return None;
    }
    let (millis, rest) = fraction(rest)?;
    let offset = zone(rest)?;
    let time = ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
    #[expect(clippy::cast_precision_loss, reason = "years up to 9999 stay far below 2^53 milliseconds")]
    Some((days_since_epoch(year, month, day) * DAY_MS + time - offset) as f64)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Milliseconds of a fraction, and what follows it.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = bytes else { return Some((0, bytes)) };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(3);
    Some((padded.fold(0, |millis, byte| millis * 10 + i64::from(byte - b'0')), rest))
}

/// Milliseconds east of UTC.
fn zone(bytes: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *bytes {
        [b'Z'] => return Some(0),
        [b'+', h0, h1, b':', m0, m1] => (1, two(h0, h1)?, two(m0, m1)?),
        [b'-', h0, h1, b':', m0, m1] => (-1, two(h0, h1)?, two(m0, m1)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn days_in(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => Some(if leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days of the proleptic Gregorian calendar since 1970-01-01 (years counted from March, in eras of 400).
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse(text).and_then(crate::read::exact)
    }

    #[test]
    fn dates_are_epoch_milliseconds() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2026-09-01T00:00:00Z"), Some(1_788_220_800_000));
        assert_eq!(millis("2000-02-29T23:59:59.999999999Z"), Some(951_868_799_999));
        assert_eq!(millis("1969-12-31T23:59:59.9995Z"), Some(-1));
        assert_eq!(millis("2026-09-01T02:00:00+02:00"), Some(1_788_220_800_000));
        assert_eq!(millis("2026-08-31T23:30:00-00:30"), Some(1_788_220_800_000));
        assert_eq!(millis("0001-01-01T00:00:00Z"), Some(-62_135_596_800_000));
        assert_eq!(millis("9999-12-31T23:59:59.9Z"), Some(253_402_300_799_900));
        assert_eq!(millis("0001-01-01T00:00:00+23:59"), Some(-62_135_683_140_000));
    }

    #[test]
    fn what_is_no_real_date_in_the_one_form_is_refused() {
        for bad in [
            "2026-09-01",
            "2026-09-01T00:00:00",
            "2026-09-01t00:00:00Z",
            "2026-09-01T00:00:00z",
            "2026-09-01 00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00,5Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0200",
            "2026-01-01T00:00:00+02",
            "12026-01-01T00:00:00Z",
            "",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01T00:00Z",
            "２026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
