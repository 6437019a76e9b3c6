//! [`Test`]: an operator with its parsed operands, held against one value.
//!
//! Must not look attributes up, and must not fail: a value of the wrong type is simply no match.

mod date;
mod fold;
mod membership;
mod network;
mod number;
mod read;
mod version;

use std::cmp::Ordering;

use crate::context::Value;
use crate::json::text;
use crate::pattern::Pattern;

pub(crate) use date::parse as parse_date;
pub(crate) use membership::Membership;
pub(crate) use network::Network;
pub(crate) use number::parse as parse_number;
pub(crate) use read::read;
pub(crate) use version::{Parsed, Version};

/// A single value, after arrays were taken apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Atom<'a> {
    Text(&'a str),
    Number(f64),
    Bool(bool),
    /// Nothing an operator looks into: a nested list, an object.
    Other,
}

impl<'a> Atom<'a> {
    #[inline]
    fn of(value: &'a Value<'a>) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(value) => Some(Self::Number(*value)),
            Value::String(value) => Some(Self::Text(value)),
            Value::Array(_) | Value::Object(_) => Some(Self::Other),
        }
    }
}

/// How strings are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    /// By the Unicode lower case of each code point.
    Ignored,
}

/// Which side of a limit a value must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Side {
    #[inline]
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// Where in a string another is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Start,
    End,
    Anywhere,
}

/// An operator with its operands; any of them may match.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Exists,
    In(Membership),
    Part {
        part: Part,
        case: Case,
        values: Box<[Box<str>]>,
    },
    Matches {
        case: Case,
        patterns: Box<[Pattern]>,
    },
    Number {
        side: Side,
        limits: Box<[f64]>,
    },
    /// Less is `before`, greater `after`; limits in epoch milliseconds.
    Date {
        side: Side,
        limits: Box<[f64]>,
    },
    Version {
        side: Side,
        limits: Box<[Version]>,
    },
    Cidr(Box<[Network]>),
}

impl Test {
    /// Whether the value, or any element of a list, satisfies the test.
    #[inline]
    pub(crate) fn holds(&self, value: &Value<'_>) -> bool {
        if let Self::Exists = self {
            return !matches!(value, Value::Null);
        }
        match value {
            Value::Array(items) => {
                items.iter().any(|item| Atom::of(item).is_some_and(|atom| self.accepts(atom)))
            }
            other => Atom::of(other).is_some_and(|atom| self.accepts(atom)),
        }
    }

    #[inline]
    fn accepts(&self, atom: Atom<'_>) -> bool {
        match self {
            Self::In(membership) => membership.holds(atom),
            Self::Number { side, limits } => match atom {
                Atom::Number(found) => within(found, *side, limits),
                other => self.searches(other),
            },
            Self::Version { side, limits } => {
                let Atom::Text(text) = atom else { return false };
                let Some(found) = Parsed::parse(text) else { return false };
                limits.iter().any(|limit| side.holds(found.cmp(&limit.parsed())))
            }
            _ => self.searches(atom),
        }
    }

    /// Whether this compares versions, so that the caller may parse a value once for many tests.
    #[inline]
    pub(crate) fn is_version(&self) -> bool {
        matches!(self, Self::Version { .. })
    }

    /// The test on a version that is parsed already.
    #[inline]
    pub(crate) fn holds_version(&self, found: Parsed<'_>) -> bool {
        match self {
            Self::Version { side, limits } => {
                limits.iter().any(|limit| side.holds(found.cmp(&limit.parsed())))
            }
            _ => false,
        }
    }

    /// The tests that take longer. Apart from `accepts`, which is called for most leaves and stays small without them.
    #[inline(never)]
    fn searches(&self, atom: Atom<'_>) -> bool {
        match (self, atom) {
            (Self::Number { side, limits }, atom) => {
                number::of(atom).is_some_and(|found| within(found, *side, limits))
            }
            (Self::Date { side, limits }, atom) => {
                date::of(atom).is_some_and(|found| within(found, *side, limits))
            }
            (Self::Part { part, case, values }, Atom::Text(text)) => {
                values.iter().any(|value| fold::part(text, value, *part, *case))
            }
            (Self::Matches { patterns, .. }, Atom::Text(text)) => {
                patterns.iter().any(|pattern| pattern.is_match(text))
            }
            (Self::Cidr(networks), Atom::Text(text)) => network::address(text)
                .is_some_and(|found| networks.iter().any(|network| network.contains(found))),
            _ => false,
        }
    }

    /// The operator's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::In(_) => "in",
            Self::Part { part: Part::Start, .. } => "starts_with",
            Self::Part { part: Part::End, .. } => "ends_with",
            Self::Part { part: Part::Anywhere, .. } => "contains",
            Self::Matches { .. } => "matches",
            Self::Number { side, .. } => match side {
                Side::Less => "lt",
                Side::LessOrEqual => "lte",
                Side::Greater => "gt",
                Side::GreaterOrEqual | Side::Equal => "gte",
            },
            Self::Date { side: Side::Less, .. } => "before",
            Self::Date { .. } => "after",
            Self::Version { side, .. } => match side {
                Side::Equal => "semver_eq",
                Side::Less => "semver_lt",
                Side::LessOrEqual => "semver_lte",
                Side::Greater => "semver_gt",
                Side::GreaterOrEqual => "semver_gte",
            },
            Self::Cidr(_) => "cidr",
        }
    }

    /// Appends the operator's members of a condition: `"op":…,"values":[…]` and `ignoreCase`.
    pub(crate) fn print(&self, out: &mut String) {
        out.push_str("\"op\":");
        text::quote(out, self.name());
        if let Self::Exists = self {
            return;
        }
        out.push_str(",\"values\":");
        let case = match self {
            Self::Exists => Case::Exact,
            Self::In(membership) => membership.print(out),
            Self::Part { values, case, .. } => {
                text::list(out, values, |out, value| text::quote(out, value));
                *case
            }
            Self::Matches { patterns, case } => {
                text::list(out, patterns, |out, pattern| text::quote(out, pattern.as_str()));
                *case
            }
            Self::Number { limits, .. } | Self::Date { limits, .. } => {
                text::list(out, limits, |out, limit| text::number(out, *limit));
                Case::Exact
            }
            Self::Version { limits, .. } => {
                text::list(out, limits, |out, limit| text::quote(out, limit.as_str()));
                Case::Exact
            }
            Self::Cidr(networks) => {
                text::list(out, networks, |out, network| text::quote(out, &network.to_string()));
                Case::Exact
            }
        };
        if case == Case::Ignored {
            out.push_str(",\"ignoreCase\":true");
        }
    }

    /// The milliseconds from which a test of the time may give another answer than a millisecond before.
    pub(crate) fn borders(&self, out: &mut Vec<i64>) {
        let mut push = |at: f64| out.extend(crate::read::exact(at));
        match self {
            Self::Number { side, limits } | Self::Date { side, limits } => {
                // Any limit suffices, so only the most generous one decides.
                let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
                match side {
                    Side::Less => push(limits.iter().copied().fold(most, f64::max).ceil()),
                    Side::LessOrEqual => push(limits.iter().copied().fold(most, f64::max).floor() + 1.0),
                    Side::GreaterOrEqual => push(limits.iter().copied().fold(least, f64::min).ceil()),
                    Side::Greater | Side::Equal => {
                        push(limits.iter().copied().fold(least, f64::min).floor() + 1.0);
                    }
                }
            }
            Self::In(membership) => {
                for number in membership.numbers() {
                    push(number);
                    push(number + 1.0);
                }
            }
            _ => {}
        }
    }
}

/// Whether the number is on this side of any of the limits.
fn within(found: f64, side: Side, limits: &[f64]) -> bool {
    limits.iter().any(|limit| found.partial_cmp(limit).is_some_and(|order| side.holds(order)))
}
