//! SemVer 2.0.0 versions, for precedence only.
//!
//! Must not allocate when a context's value is parsed and compared; build metadata is checked and forgotten.

use std::cmp::Ordering;

/// A version of a document's `values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    text: Box<str>,
    core: [u64; 3],
    /// Empty for a release.
    pre: Box<str>,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parsed = Parsed::parse(text)?;
        Some(Self { text: text.into(), core: parsed.core, pre: parsed.pre.into() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[inline]
    pub(crate) fn parsed(&self) -> Parsed<'_> {
        Parsed { core: self.core, pre: &self.pre }
    }
}

/// A version that borrows its pre-release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parsed<'a> {
    core: [u64; 3],
    pre: &'a str,
}

/// Every number of a version is below this (2^53), the most that all languages hold exactly.
const NUMBER_LIMIT: u64 = 1 << 53;

impl<'a> Parsed<'a> {
    /// Strict: no `v`, no spaces, no leading zeros, three numbers.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let (patch, rest) = number(rest.strip_prefix('.')?)?;
        let core = [major, minor, patch];
        if rest.is_empty() {
            return Some(Self { core, pre: "" });
        }
        let (rest, build) = match rest.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (rest, None),
        };
        let pre = match rest.strip_prefix('-') {
            Some(pre) if pre.split('.').all(is_pre_release) => pre,
            None if rest.is_empty() => "",
            _ => return None,
        };
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return None;
        }
        Some(Self { core, pre })
    }

    /// Precedence.
    #[inline]
    pub(crate) fn cmp(&self, other: &Parsed<'_>) -> Ordering {
        self.core.cmp(&other.core).then_with(|| match (self.pre, other.pre) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (left, right) => pre_release(left, right),
        })
    }
}

/// A number without leading zeros, and what follows it.
#[inline]
fn number(text: &str) -> Option<(u64, &str)> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let mut value = u64::from(digit(0)?);
    let mut length = 1;
    while let Some(digit) = digit(length) {
        value = value * 10 + u64::from(digit);
        length += 1;
        // A leading zero is the only way to be 0 so far, or to stay below 10 with two digits.
        if !(10..NUMBER_LIMIT).contains(&value) {
            return None;
        }
    }
    Some((value, text.get(length..)?))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_numeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_pre_release(text: &str) -> bool {
    is_identifier(text) && (!is_numeric(text) || number(text).is_some())
}

fn pre_release(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (is_numeric(left), is_numeric(right)) {
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                // Without leading zeros the longer number is the greater.
                (true, true) => left.len().cmp(&right.len()).then_with(|| left.cmp(right)),
                (false, false) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_that_of_semver() {
        let rising = [
            "0.0.1",
            "1.0.0-0",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0",
        ];
        for (at, left) in rising.iter().enumerate() {
            for (other, right) in rising.iter().enumerate() {
                let (left, right) = (Version::parse(left).unwrap(), Version::parse(right).unwrap());
                assert_eq!(left.parsed().cmp(&right.parsed()), at.cmp(&other), "{left:?} {right:?}");
            }
        }
        let build = Version::parse("1.0.0+a-b").unwrap();
        assert!(build.parsed().cmp(&Parsed::parse("1.0.0+other").unwrap()).is_eq());
        let both = Version::parse("1.0.0-rc-1.2+x-y").unwrap();
        assert_eq!(both.parsed().pre, "rc-1.2");
    }

    #[test]
    fn what_is_no_strict_version_is_refused() {
        for bad in [
            "",
            "1",
            "1.2",
            "v1.2.3",
            "1.2.3 ",
            "01.2.3",
            "1.02.3",
            "1.2.03",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3+a..b",
            "1.2.3-é",
            "1.2.3.4",
            "-1.2.3",
            "1.2.3+a+b",
            "9007199254740992.0.0",
            "1.0.0-9007199254740992",
            "1.2.x",
        ] {
            assert!(Parsed::parse(bad).is_none(), "{bad}");
        }
        for good in ["9007199254740991.0.0", "1.0.0-0a", "1.0.0+01", "1.0.0-01a", "1.0.0-9007199254740991"] {
            assert!(Parsed::parse(good).is_some(), "{good}");
        }
    }
}
