//! [`Unit`]: the text by which a subject is listed and bucketed.
//!
//! Must not choose the attribute; `by` does.

use crate::context::Value;
use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind, Node};
use crate::read;

/// The most bytes a 64-bit integer takes as decimal text.
const DIGITS: usize = 20;

/// A unit: a string that is not empty, or an integral number below 2^53 as decimal text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit<'a> {
    Text(&'a str),
    Decimal(Decimal),
}

impl<'a> Unit<'a> {
    /// The unit that a value yields.
    #[inline]
    pub(crate) fn of(value: &'a Value<'a>) -> Option<Self> {
        match value {
            Value::String(text) if !text.is_empty() => Some(Self::Text(text)),
            Value::Number(number) => read::exact(*number).map(|number| Self::Decimal(Decimal::new(number))),
            _ => None,
        }
    }

    pub(crate) fn of_number(number: u32) -> Self {
        Self::Decimal(Decimal::new(i64::from(number)))
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Decimal(decimal) => decimal.as_str(),
        }
    }
}

/// Decimal text on the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    bytes: [u8; DIGITS],
    start: usize,
}

impl Decimal {
    pub(crate) fn new(number: i64) -> Self {
        let mut bytes = [b'0'; DIGITS];
        let mut start = DIGITS;
        let mut rest = number.unsigned_abs();
        for (at, slot) in bytes.iter_mut().enumerate().rev() {
            *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            start = at;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            start = start.saturating_sub(1);
            if let Some(sign) = bytes.get_mut(start) {
                *sign = b'-';
            }
        }
        Self { bytes, start }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(self.start..).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// Reads a unit of a list in a document.
pub(crate) fn read_unit(node: &Node<'_>, problems: &mut Problems) -> Option<Box<str>> {
    match &node.kind {
        Kind::Text(_) => read::filled(node, problems).map(Box::from),
        Kind::Number(_) => {
            let number = read::number(node, problems)?;
            let unit = read::exact(number).map(|number| Decimal::new(number).as_str().into());
            if unit.is_none() {
                problems.push(IssueCode::InvalidNumber, "a unit that is a number is integral and below 2^53");
            }
            unit
        }
        _ => {
            read::wrong_type(node, "a string or an integral number", problems);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_that_of_the_integer() {
        for number in [0, 7, -7, 10, 4_711, -9_007_199_254_740_991, 9_007_199_254_740_991, i64::MAX, i64::MIN]
        {
            assert_eq!(Decimal::new(number).as_str(), number.to_string());
        }
    }

    #[test]
    fn only_strings_and_exact_integers_are_units() {
        let unit = |value: Value<'static>| Unit::of(&value).map(|unit| unit.as_str().to_owned());
        assert_eq!(unit(Value::from("u")), Some("u".into()));
        assert_eq!(unit(Value::from("")), None);
        assert_eq!(unit(Value::from(3.0)), Some("3".into()));
        assert_eq!(unit(Value::from(3.5)), None);
        assert_eq!(unit(Value::from(9_007_199_254_740_992.0)), None);
        assert_eq!(unit(Value::from(true)), None);
        assert_eq!(unit(Value::Null), None);
    }
}
