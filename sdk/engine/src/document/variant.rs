//! [`Variant`] and [`FlagType`]: the values that a flag may serve.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind, Node};
use crate::json::text;
use crate::limits;
use crate::read;

/// The type of a flag, and of each of its variants' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlagType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// A double, sent in the form it was written.
    Number,
    /// A JSON object, not a list.
    Object,
}

impl FlagType {
    /// The type as it stands in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Number => "number",
            Self::Object => "object",
        }
    }
}

impl fmt::Display for FlagType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for FlagType {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// A named value of a flag.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    name: Box<str>,
    json: Box<str>,
    value: Payload,
}

/// A variant's value, decoded.
#[derive(Debug, Clone, PartialEq)]
enum Payload {
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    /// An object; or, in a broken flag, anything else.
    Json,
}

impl Variant {
    /// The variant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value's JSON as it was written, without white space between tokens.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The value, when it is a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Payload::Bool(value) = self.value { Some(value) } else { None }
    }

    /// The value, when it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Payload::Text(value) = &self.value { Some(value) } else { None }
    }

    /// The value, when it is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Payload::Number(value) = self.value { Some(value) } else { None }
    }

    /// The value, when it is an integral number below 2^53.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_f64().and_then(read::exact)
    }
}

/// Reads a flag's type.
pub(super) fn read_type(node: &Node<'_>, problems: &mut Problems) -> Option<FlagType> {
    let all = [FlagType::Boolean, FlagType::String, FlagType::Number, FlagType::Object];
    let name = read::string(node, problems)?;
    let found = all.into_iter().find(|kind| kind.as_str() == name);
    if found.is_none() {
        problems.push(IssueCode::WrongType, "the type is one of boolean, string, number and object");
    }
    found
}

/// Reads the variants in the order they are written; of equal names the last value stands. Each name is kept, even
/// with a value that breaks the flag: other flags may name it.
pub(super) fn read_all(
    node: &Node<'_>,
    kind: Option<FlagType>,
    problems: &mut Problems,
) -> Option<Vec<Variant>> {
    let Some(members) = node.members() else {
        read::wrong_type(node, "an object of variants", problems);
        return None;
    };
    if members.is_empty() {
        problems.push(IssueCode::Empty, "a flag has at least one variant");
    }
    if !read::within_limit(members.len(), limits::VARIANTS_PER_FLAG, "variants", problems) {
        return None;
    }
    let mut found: Vec<Variant> = Vec::with_capacity(members.len());
    for member in members {
        let name = &*member.name.value;
        let variant = problems.within(name, |problems| read_one(name, &member.value, kind, problems));
        match found.iter_mut().find(|variant| &*variant.name == name) {
            Some(earlier) => *earlier = variant,
            None => found.push(variant),
        }
    }
    Some(found)
}

fn read_one(name: &str, node: &Node<'_>, kind: Option<FlagType>, problems: &mut Problems) -> Variant {
    if !read::is_key(name) {
        problems.push(
            IssueCode::InvalidKey,
            "a variant's name is 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or digit",
        );
    }
    read::plain(node, problems);
    let (found, value) = match &node.kind {
        Kind::Bool(value) => (Some(FlagType::Boolean), Payload::Bool(*value)),
        Kind::Number(value) => (Some(FlagType::Number), Payload::Number(*value)),
        Kind::Text(text) => (Some(FlagType::String), Payload::Text((&*text.value).into())),
        Kind::Object(_) => (Some(FlagType::Object), Payload::Json),
        Kind::Array(_) | Kind::Null => (None, Payload::Json),
    };
    if let Some(kind) = kind
        && found != Some(kind)
    {
        let detail = format!("the flag's type is {kind}, but this value is {}", node.noun());
        problems.push(IssueCode::WrongType, detail);
    } else if found.is_none() {
        problems.push(IssueCode::WrongType, format!("a variant's value may not be {}", node.noun()));
    }
    let bytes = text::compact_length(node);
    if found == Some(FlagType::Object) && bytes > limits::OBJECT_VALUE_BYTES {
        let detail =
            format!("the value takes {bytes} bytes; at most {} are allowed", limits::OBJECT_VALUE_BYTES);
        problems.push(IssueCode::LimitExceeded, detail);
    }
    Variant { name: name.into(), json: text::compact(node.raw), value }
}
