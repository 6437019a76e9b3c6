//! Typed reading of a [`Node`] tree: members with the right presence and type, every issue noted in place.
//!
//! Must not know what a flag means; the shapes come from the documents' readers.

use std::collections::BTreeSet;

use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind, Member, Node};
use crate::limits;

/// What an object may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// With its article, as in "a rule".
    pub(crate) noun: &'static str,
    pub(crate) known: &'static [&'static str],
    /// An unknown member breaks the document even in a snapshot: ignoring it could invert the targeting.
    pub(crate) closed: bool,
    /// An explicit null counts as absent.
    pub(crate) nullable: bool,
}

/// The members of an object that has been held against its shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'n, 'a> {
    list: &'n [Member<'a>],
    nullable: bool,
}

impl<'n, 'a> Members<'n, 'a> {
    /// The member's value; the last one wins.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node<'a>> {
        let member = self.list.iter().rev().find(|member| member.name.value == name)?;
        if self.nullable && member.value.is_null() { None } else { Some(&member.value) }
    }

    /// As `get`, and an issue when it is absent.
    pub(crate) fn require(&self, name: &str, problems: &mut Problems) -> Option<&'n Node<'a>> {
        let found = self.get(name);
        if found.is_none() {
            problems.push_at(name, IssueCode::MissingMember, format!("the member {name} is required"));
        }
        found
    }

    /// Reads the member when it is there, with the pointer on it.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        problems: &mut Problems,
        read: impl FnOnce(&'n Node<'a>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(name)?;
        problems.within(name, |problems| read(node, problems))
    }

    /// As `read`, and an issue when it is absent.
    pub(crate) fn need<T>(
        &self,
        name: &str,
        problems: &mut Problems,
        read: impl FnOnce(&'n Node<'a>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        let node = self.require(name, problems)?;
        problems.within(name, |problems| read(node, problems))
    }
}

/// Reads an object and holds its members against the shape.
pub(crate) fn members<'n, 'a>(
    node: &'n Node<'a>,
    shape: &Shape,
    problems: &mut Problems,
) -> Option<Members<'n, 'a>> {
    let Some(list) = node.members() else {
        wrong_type(node, shape.noun, problems);
        return None;
    };
    if shape.closed || problems.is_strict() {
        for member in list.iter().filter(|member| !shape.known.contains(&&*member.name.value)) {
            let known = shape.known.join(", ");
            let detail = format!("{} has no such member here; it may have: {known}", shape.noun);
            problems.push_at(&member.name.value, IssueCode::UnknownMember, detail);
        }
    }
    Some(Members { list, nullable: shape.nullable })
}

pub(crate) fn wrong_type(node: &Node<'_>, wanted: &str, problems: &mut Problems) {
    problems.push(IssueCode::WrongType, format!("{wanted} is wanted here, not {}", node.noun()));
}

pub(crate) fn string<'n>(node: &'n Node<'_>, problems: &mut Problems) -> Option<&'n str> {
    match &node.kind {
        Kind::Text(text) if text.sound => Some(&text.value),
        Kind::Text(_) => {
            problems.push(
                IssueCode::InvalidString,
                "the string holds a lone surrogate; it must be valid Unicode",
            );
            None
        }
        _ => {
            wrong_type(node, "a string", problems);
            None
        }
    }
}

/// A string that is not empty.
pub(crate) fn filled<'n>(node: &'n Node<'_>, problems: &mut Problems) -> Option<&'n str> {
    let text = string(node, problems)?;
    if text.is_empty() {
        problems.push(IssueCode::InvalidString, "the string may not be empty");
        return None;
    }
    Some(text)
}

pub(crate) fn boolean(node: &Node<'_>, problems: &mut Problems) -> Option<bool> {
    if let Kind::Bool(value) = node.kind {
        return Some(value);
    }
    wrong_type(node, "true or false", problems);
    None
}

pub(crate) fn number(node: &Node<'_>, problems: &mut Problems) -> Option<f64> {
    match node.kind {
        Kind::Number(value) if value.is_finite() => Some(value),
        Kind::Number(_) => {
            problems.push(IssueCode::InvalidNumber, "the number is too large for a double");
            None
        }
        _ => {
            wrong_type(node, "a number", problems);
            None
        }
    }
}

/// An integral number, also written as `3.0`, from 0 to below 2^53.
pub(crate) fn count(node: &Node<'_>, problems: &mut Problems) -> Option<u64> {
    let value = number(node, problems)?;
    let found = exact(value).and_then(|value| u64::try_from(value).ok());
    if found.is_none() {
        problems
            .push(IssueCode::InvalidNumber, "an integral number of at least 0 and below 2^53 is wanted here");
    }
    found
}

/// A double as the integer it is, when it is integral and below 2^53.
pub(crate) fn exact(value: f64) -> Option<i64> {
    if value.fract() != 0.0 || value.abs() >= limits::EXACT_INTEGER {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "integral and below 2^53, so it is exact")]
    Some(value as i64)
}

pub(crate) fn list<'n, 'a>(node: &'n Node<'a>, problems: &mut Problems) -> Option<&'n [Node<'a>]> {
    if let Kind::Array(items) = &node.kind {
        return Some(items);
    }
    wrong_type(node, "a list", problems);
    None
}

/// A list that is not empty.
pub(crate) fn filled_list<'n, 'a>(node: &'n Node<'a>, problems: &mut Problems) -> Option<&'n [Node<'a>]> {
    let items = list(node, problems)?;
    if items.is_empty() {
        problems.push(IssueCode::Empty, "the list may not be empty");
        return None;
    }
    Some(items)
}

/// A list of values, bounded.
pub(crate) fn values<'n, 'a>(node: &'n Node<'a>, problems: &mut Problems) -> Option<&'n [Node<'a>]> {
    let items = list(node, problems)?;
    within_limit(items.len(), limits::VALUES_PER_LIST, "values in a list", problems).then_some(items)
}

/// Whether a count is within its limit, with an issue when it is not.
pub(crate) fn within_limit(count: usize, limit: usize, what: &str, problems: &mut Problems) -> bool {
    if count > limit {
        problems
            .push(IssueCode::LimitExceeded, format!("there are {count} {what}; at most {limit} are allowed"));
    }
    count <= limit
}

/// Reads each item with the pointer on it; what cannot be read is left out.
pub(crate) fn each<'n, 'a, T>(
    items: &'n [Node<'a>],
    problems: &mut Problems,
    mut read: impl FnMut(&'n Node<'a>, &mut Problems) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        found.extend(problems.within(at, |problems| read(item, problems)));
    }
    found
}

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`.
pub(crate) fn is_key(text: &str) -> bool {
    is_name(text, b"._-")
}

/// As a key, and `/` inside.
pub(crate) fn is_rule_id(text: &str) -> bool {
    is_name(text, b"._-/")
}

fn is_name(text: &str, marks: &[u8]) -> bool {
    text.len() <= limits::KEY_LENGTH
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

/// Admin input only: duplicates and U+0000 anywhere in the document.
pub(crate) fn scrutinise(node: &Node<'_>, problems: &mut Problems) {
    match &node.kind {
        Kind::Text(text) => no_null_character(&text.value, problems),
        Kind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                problems.within(at, |problems| scrutinise(item, problems));
            }
        }
        Kind::Object(members) => {
            let mut seen = BTreeSet::new();
            for member in members {
                problems.within(&member.name.value, |problems| {
                    no_null_character(&member.name.value, problems);
                    if !seen.insert(&*member.name.value) {
                        problems.push(IssueCode::DuplicateMember, "the member stands twice in its object");
                    }
                    scrutinise(&member.value, problems);
                });
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

fn no_null_character(text: &str, problems: &mut Problems) {
    if text.contains('\0') {
        problems.push(IssueCode::InvalidString, "U+0000 is not allowed in a string");
    }
}

/// Every number of a free value is finite, every string valid Unicode.
pub(crate) fn plain(node: &Node<'_>, problems: &mut Problems) {
    match &node.kind {
        Kind::Text(_) => drop(string(node, problems)),
        Kind::Number(_) => drop(number(node, problems)),
        Kind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                problems.within(at, |problems| plain(item, problems));
            }
        }
        Kind::Object(members) => {
            for member in members {
                problems.within(&member.name.value, |problems| {
                    if !member.name.sound {
                        problems.push(IssueCode::InvalidString, "the name holds a lone surrogate");
                    }
                    plain(&member.value, problems);
                });
            }
        }
        Kind::Null | Kind::Bool(_) => {}
    }
}
