//! Numbers as the numeric operators see them.
//!
//! Must not take what other languages' parsers also take: hexadecimal, `Infinity`, `+1`, spaces.

use super::Atom;

/// The number of a value: a number, or a string that is entirely a decimal number.
#[inline]
pub(super) fn of(atom: Atom<'_>) -> Option<f64> {
    match atom {
        Atom::Number(number) => Some(number),
        Atom::Text(text) => parse(text),
        _ => None,
    }
}

/// Parses `-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?` with a finite value.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let rest = digits(text.strip_prefix('-').unwrap_or(text))?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => digits(fraction)?,
        None => rest,
    };
    let rest = match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?,
        None => rest,
    };
    if !rest.is_empty() {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number + 0.0)
}

/// What follows one or more digits.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_decimal_text_is_a_number() {
        for (text, number) in
            [("42", 42.0), ("-1.5", -1.5), ("1e3", 1_000.0), ("007", 7.0), ("-0", 0.0), ("2E-1", 0.2)]
        {
            assert_eq!(parse(text).map(f64::to_bits), Some(f64::to_bits(number)), "{text}");
        }
        for bad in
            ["", "-", "+1", "1.", ".5", " 1", "1 ", "1e", "1e+", "0x10", "NaN", "inf", "1_000", "1e400", "١"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
