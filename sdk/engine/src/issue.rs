//! What is wrong with a document: [`Issue`], its codes, and the collector that readers push into.
//!
//! Must not decide what is wrong; that stands beside each reader.

use std::fmt::{self, Display, Write as _};

use serde::{Serialize, Serializer};

use crate::limits;

/// How input is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Admin input: unknown members, duplicates and U+0000 are refused everywhere.
    Strict,
    /// A snapshot, perhaps of a newer server: what cannot change a decision is ignored.
    Lenient,
}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Where: a JSON Pointer (RFC 6901) into the flag, segment or layer.
    pub pointer: String,
    /// What, for programs.
    pub code: IssueCode,
    /// What was wrong and what is allowed, for people.
    pub detail: String,
}

impl Display for Issue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(out, "{place}: {}", self.detail)
    }
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// What is wrong, in one word for programs; each is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum IssueCode { $($(#[$doc])* $name,)* }

        impl IssueCode {
            /// The code as it goes over the wire, in `snake_case`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

issue_codes! {
    /// The text is no JSON.
    InvalidJson => "invalid_json",
    /// A member that this object does not have.
    UnknownMember => "unknown_member",
    /// A member that stands twice.
    DuplicateMember => "duplicate_member",
    /// A value of another JSON type, or null where null is refused.
    WrongType => "wrong_type",
    /// A required member is absent.
    MissingMember => "missing_member",
    /// Members that exclude one another.
    Conflict => "conflict",
    /// A list that may not be empty is.
    Empty => "empty",
    /// A key, a name or an id that does not match the grammar, or is reserved.
    InvalidKey => "invalid_key",
    /// Two rules of one flag share an id.
    DuplicateRule => "duplicate_rule",
    /// A string that is not valid Unicode, holds U+0000, or is empty where it may not be.
    InvalidString => "invalid_string",
    /// No such operator.
    UnknownOperator => "unknown_operator",
    /// A pattern outside the dialect, or too large when compiled.
    InvalidRegex => "invalid_regex",
    /// No SemVer 2.0.0 version.
    InvalidVersion => "invalid_version",
    /// No IP address or network.
    InvalidNetwork => "invalid_network",
    /// No date.
    InvalidDate => "invalid_date",
    /// No number, or one outside what is allowed here.
    InvalidNumber => "invalid_number",
    /// No percentage from 0 to 100 with at most three decimals.
    InvalidPercentage => "invalid_percentage",
    /// The weights of a split do not sum to 100 000.
    WeightsSum => "weights_sum",
    /// A variant that the flag does not have.
    UnknownVariant => "unknown_variant",
    /// A flag that the environment does not have.
    UnknownFlag => "unknown_flag",
    /// A segment that the environment does not have.
    UnknownSegment => "unknown_segment",
    /// A layer that the environment does not have.
    UnknownLayer => "unknown_layer",
    /// A reference to a segment that is broken.
    BrokenSegment => "broken_segment",
    /// A reference to a layer that is malformed.
    BrokenLayer => "broken_layer",
    /// The references form a circle.
    Cycle => "cycle",
    /// Nested, or chained, deeper than the limit.
    TooDeep => "too_deep",
    /// More, or bigger, than the limit.
    LimitExceeded => "limit_exceeded",
    /// An attribute reference that is malformed or not allowed here.
    InvalidReference => "invalid_reference",
}

impl Display for IssueCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for IssueCode {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// Collects the issues of one document while it is read, and knows the place that is being read.
#[derive(Debug)]
pub(crate) struct Problems {
    reading: Reading,
    pointer: String,
    issues: Vec<Issue>,
}

impl Problems {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, pointer: String::new(), issues: Vec::new() }
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.reading == Reading::Strict
    }

    pub(crate) fn push(&mut self, code: IssueCode, detail: impl Into<String>) {
        if self.issues.len() < limits::ISSUES_PER_DOCUMENT {
            self.issues.push(Issue { pointer: self.pointer.clone(), code, detail: detail.into() });
        }
    }

    /// Runs `read` with the pointer one token deeper.
    pub(crate) fn within<T>(&mut self, token: impl Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.enter(token);
        let result = read(self);
        self.leave(mark);
        result
    }

    /// Moves the pointer one token deeper; the mark leads back.
    pub(crate) fn enter(&mut self, token: impl Display) -> usize {
        let mark = self.pointer.len();
        append_token(&mut self.pointer, token);
        mark
    }

    pub(crate) fn leave(&mut self, mark: usize) {
        self.pointer.truncate(mark);
    }

    /// Pushes an issue at a place one token deeper.
    pub(crate) fn push_at(&mut self, token: impl Display, code: IssueCode, detail: impl Into<String>) {
        self.within(token, |problems| problems.push(code, detail));
    }

    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    pub(crate) fn len(&self) -> usize {
        self.issues.len()
    }

    pub(crate) fn into_issues(self) -> Vec<Issue> {
        self.issues
    }
}

/// Appends `/token` with `~` and `/` escaped.
pub(crate) fn append_token(pointer: &mut String, token: impl Display) {
    struct Escaped<'a>(&'a mut String);
    impl fmt::Write for Escaped<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for letter in text.chars() {
                match letter {
                    '~' => self.0.push_str("~0"),
                    '/' => self.0.push_str("~1"),
                    other => self.0.push(other),
                }
            }
            Ok(())
        }
    }
    pointer.push('/');
    // Writing into a String cannot fail.
    let _ = write!(Escaped(pointer), "{token}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_its_tokens_and_is_restored() {
        let mut problems = Problems::new(Reading::Strict);
        problems.within("variants", |problems| {
            problems.push_at("a/b~c", IssueCode::WrongType, "x");
            problems.push_at(3, IssueCode::WrongType, "y");
        });
        problems.push(IssueCode::Cycle, "z");
        let pointers: Vec<String> = problems.into_issues().into_iter().map(|issue| issue.pointer).collect();
        assert_eq!(pointers, ["/variants/a~1b~0c", "/variants/3", ""]);
    }

    #[test]
    fn issues_are_bounded() {
        let mut problems = Problems::new(Reading::Strict);
        for _ in 0..1_000 {
            problems.push(IssueCode::Empty, "x");
        }
        assert_eq!(problems.into_issues().len(), limits::ISSUES_PER_DOCUMENT);
    }

    #[test]
    fn a_code_serialises_as_its_word() {
        assert_eq!(serde_json::to_string(&IssueCode::WeightsSum).unwrap(), "\"weights_sum\"");
    }
}
