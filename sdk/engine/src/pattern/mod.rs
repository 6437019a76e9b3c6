//! [`Pattern`]: a regular expression of the one dialect that every language evaluates alike.
//!
//! The dialect (`evaluation.md`, section 7) is checked and translated by our own small grammar, then compiled by
//! the `regex` crate, which runs in linear time. Must not hand a pattern through unchecked.

mod class;
mod grammar;
mod property;
mod repetition;

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::issue::IssueCode;
use crate::limits;

/// A compiled pattern; the search is unanchored.
///
/// ```
/// use pennon_engine::pattern::Pattern;
///
/// let pattern = Pattern::new(r"^(?i)pro|team\d+$", false, 1 << 20)?;
/// assert!(pattern.is_match("a team42"));
/// assert!(Pattern::new(r"(?=look)ahead", false, 1 << 20).is_err());
/// # Ok::<(), pennon_engine::pattern::PatternError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// Checks and compiles a pattern; `ignore_case` is as if it began with `(?i)`, and `size` bounds the compiled
    /// form in bytes.
    ///
    /// # Errors
    ///
    /// When the pattern is outside the dialect, longer than [`limits::PATTERN_LENGTH`] or larger than `size`.
    pub fn new(text: &str, ignore_case: bool, size: usize) -> Result<Self, PatternError> {
        let length = text.chars().count();
        if length > limits::PATTERN_LENGTH {
            return Err(PatternError::TooLong { length });
        }
        let translated = grammar::translate(text, ignore_case)?;
        let regex = RegexBuilder::new(&translated)
            .size_limit(size)
            .nest_limit(limits::PATTERN_NESTING)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => PatternError::TooBig { limit },
                _ => PatternError::Refused { at: 0, what: "the pattern cannot be compiled" },
            })?;
        Ok(Self { text: text.into(), regex })
    }

    /// Whether the pattern is found anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// It is outside the dialect.
    Refused {
        /// Which code point, from 0.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// It has too many code points.
    TooLong {
        /// How many.
        length: usize,
    },
    /// It is too big when compiled.
    TooBig {
        /// The bytes it may take.
        limit: usize,
    },
}

impl PatternError {
    /// The code of the issue.
    #[must_use]
    pub const fn code(&self) -> IssueCode {
        match self {
            Self::Refused { .. } => IssueCode::InvalidRegex,
            Self::TooLong { .. } | Self::TooBig { .. } => IssueCode::LimitExceeded,
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { at, what } => write!(out, "{what} (at character {at} of the pattern)"),
            Self::TooLong { length } => {
                write!(
                    out,
                    "the pattern has {length} characters; at most {} are allowed",
                    limits::PATTERN_LENGTH
                )
            }
            Self::TooBig { limit } => write!(out, "the pattern takes more than {limit} bytes when compiled"),
        }
    }
}

impl std::error::Error for PatternError {}

#[cfg(test)]
mod tests;
