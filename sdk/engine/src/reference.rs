//! [`Reference`]: how a document names an attribute of the context.
//!
//! Must not look anything up; `evaluate` resolves references.

use crate::issue::{IssueCode, Problems};
use crate::json::node::Node;
use crate::json::text;
use crate::mark::Mark;
use crate::read;

/// The attribute that names whom a flag is evaluated for.
pub(crate) const TARGETING_KEY: &str = "targetingKey";

/// A parsed attribute reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    TargetingKey,
    /// A top-level attribute, literally.
    Name {
        name: Box<str>,
        mark: Mark,
    },
    /// A JSON Pointer's tokens, decoded; never empty.
    Path {
        written: Box<str>,
        tokens: Box<[Box<str>]>,
    },
    /// The time of the evaluation.
    Now,
    /// A fresh random unit.
    Random,
    /// The id of the SDK instance.
    Instance,
}

/// Where a reference stands decides which `$names` it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The attribute of a condition: `$now`, `$instance`.
    Condition,
    /// The `by` of a target, segment, override or track: `$instance`.
    List,
    /// The `by` of a percentage, a split or a layer: `$instance`, `$random`.
    Draw,
}

impl Reference {
    /// Parses a reference, or says what is wrong with it.
    pub(crate) fn parse(text: &str, place: Place) -> Result<Self, String> {
        if text == TARGETING_KEY {
            return Ok(Self::TargetingKey);
        }
        if text.is_empty() {
            return Err("an attribute's name may not be empty".into());
        }
        if text.starts_with('$') {
            return match (text, place) {
                ("$now", Place::Condition) => Ok(Self::Now),
                ("$random", Place::Draw) => Ok(Self::Random),
                ("$instance", _) => Ok(Self::Instance),
                _ => Err(format!("the name {text} is not known here; {}", allowed(place))),
            };
        }
        match text.strip_prefix('/') {
            Some(rest) => pointer(text, rest),
            None => Ok(Self::Name { name: text.into(), mark: Mark::of(text) }),
        }
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::TargetingKey => TARGETING_KEY,
            Self::Name { name: written, .. } | Self::Path { written, .. } => written,
            Self::Now => "$now",
            Self::Random => "$random",
            Self::Instance => "$instance",
        }
    }
}

fn allowed(place: Place) -> &'static str {
    match place {
        Place::Condition => "of the names that begin with $, only $now and $instance are",
        Place::List => "of the names that begin with $, only $instance is",
        Place::Draw => "of the names that begin with $, only $instance and $random are",
    }
}

fn pointer(written: &str, rest: &str) -> Result<Reference, String> {
    let mut tokens = Vec::new();
    for token in rest.split('/') {
        if token.is_empty() {
            return Err("no part of a pointer may be empty".into());
        }
        tokens.push(unescape(token).ok_or("in a pointer, ~ is written ~0 and / is written ~1")?);
    }
    if tokens.first().is_some_and(|token| token.starts_with('$')) {
        return Err("a pointer may not begin with a name that begins with $".into());
    }
    Ok(Reference::Path { written: written.into(), tokens: tokens.into() })
}

fn unescape(token: &str) -> Option<Box<str>> {
    let mut out = String::with_capacity(token.len());
    let mut letters = token.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '~' => out.push(match letters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            }),
            other => out.push(other),
        }
    }
    Some(out.into_boxed_str())
}

/// Reads one reference.
pub(crate) fn read_one(node: &Node<'_>, place: Place, problems: &mut Problems) -> Option<Reference> {
    let written = read::string(node, problems)?;
    match Reference::parse(written, place) {
        Ok(reference) => Some(reference),
        Err(detail) => {
            problems.push(IssueCode::InvalidReference, detail);
            None
        }
    }
}

/// The attributes that may yield the unit, in order.
pub(crate) type By = Box<[Reference]>;

/// Reads a `by`: a list of references that is not empty.
pub(crate) fn read_by(node: &Node<'_>, place: Place, problems: &mut Problems) -> Option<By> {
    let items = read::filled_list(node, problems)?;
    Some(read::each(items, problems, |item, problems| read_one(item, place, problems)).into())
}

/// The `by` of whoever names none.
pub(crate) fn default_by() -> By {
    Box::new([Reference::TargetingKey])
}

/// Appends `,"by":[…]`.
pub(crate) fn print_by(out: &mut String, by: &[Reference]) {
    out.push_str(",\"by\":");
    text::list(out, by, |out, reference| text::quote(out, reference.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_decoded_and_a_plain_name_is_literal() {
        let path = Reference::parse("/a~1b/c~0d", Place::Condition).unwrap();
        let Reference::Path { tokens, .. } = path else { panic!() };
        assert_eq!(tokens.iter().map(|token| &**token).collect::<Vec<_>>(), ["a/b", "c~d"]);
        assert_eq!(Reference::parse("a~b", Place::List).unwrap().as_str(), "a~b");
    }

    #[test]
    fn malformed_and_misplaced_references_are_refused() {
        for bad in ["", "/", "//a", "/a/", "/a~2", "/a~", "/$now", "$nope", "$"] {
            for place in [Place::Condition, Place::List, Place::Draw] {
                assert!(Reference::parse(bad, place).is_err(), "{bad}");
            }
        }
        assert!(Reference::parse("$now", Place::Draw).is_err());
        assert!(Reference::parse("$random", Place::Condition).is_err());
        assert!(Reference::parse("$random", Place::List).is_err());
        assert!(Reference::parse("$instance", Place::List).is_ok());
    }
}
