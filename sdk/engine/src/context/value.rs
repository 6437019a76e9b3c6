//! [`Value`] and [`Object`]: what a context is made of.
//!
//! Must not hold a number that is not finite once it is inside a context.

use std::borrow::Cow;

use crate::mark::Mark;

/// A value of a context.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Counts as absent.
    #[default]
    Null,
    /// Never a number.
    Bool(bool),
    /// A finite double; -0 is 0.
    Number(f64),
    /// Not normalised.
    String(Cow<'a, str>),
    /// Matched element by element.
    Array(Vec<Value<'a>>),
    /// Reached into by pointers.
    Object(Object<'a>),
}

impl Value<'_> {
    /// The same value with every number that is not finite replaced by null.
    pub(crate) fn finite(self) -> Self {
        match self {
            Self::Number(number) if !number.is_finite() => Self::Null,
            Self::Number(number) => Self::Number(number + 0.0),
            Self::Array(items) => Self::Array(items.into_iter().map(Self::finite).collect()),
            Self::Object(object) => Self::Object(object.finite()),
            other => other,
        }
    }
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(value) => Value::Number(value),
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(object) => Value::Object(object.into_owned()),
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value + 0.0)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<i64> for Value<'_> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an integer beyond 2^53 is the nearest double, by contract"
    )]
    fn from(value: i64) -> Self {
        Self::Number(value as f64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::String(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::String(Cow::Owned(value))
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Self::Array(items)
    }
}

impl<'a> From<Object<'a>> for Value<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

/// Up to this many members are searched one after another, which is quicker than by halves.
const LINEAR: usize = 16;

/// The members of an object, each name once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a> {
    /// Sorted by name.
    members: Vec<Member<'a>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Member<'a> {
    mark: Mark,
    name: Cow<'a, str>,
    value: Value<'a>,
}

impl<'a> Member<'a> {
    fn new(name: Cow<'a, str>, value: Value<'a>) -> Self {
        Self { mark: Mark::of(&name), name, value }
    }
}

impl<'a> Object<'a> {
    /// Keeps the last of members that share a name.
    pub(crate) fn from_members(members: impl DoubleEndedIterator<Item = (Cow<'a, str>, Value<'a>)>) -> Self {
        // Reversed before the stable sort: of equal names the last written comes first, and the first is kept.
        let mut members: Vec<Member<'a>> =
            members.rev().map(|(name, value)| Member::new(name, value)).collect();
        members.sort_by(|left, right| left.name.cmp(&right.name));
        members.dedup_by(|later, earlier| later.name == earlier.name);
        Self { members }
    }

    /// The member of this name.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.marked(name, Mark::of(name))
    }

    /// As `get`, with the name's mark made before.
    #[inline]
    pub(crate) fn marked(&self, name: &str, mark: Mark) -> Option<&Value<'a>> {
        if self.members.len() > LINEAR {
            let at = self.position(name).ok()?;
            return self.members.get(at).map(|member| &member.value);
        }
        let same = |member: &&Member<'a>| member.mark == mark && (mark.is_whole() || member.name == name);
        self.members.iter().find(same).map(|member| &member.value)
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|member| (*member.name).cmp(name))
    }

    /// Adds a member, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        let member = Member::new(name.into(), value.into());
        match self.position(&member.name) {
            Ok(at) => {
                if let Some(slot) = self.members.get_mut(at) {
                    *slot = member;
                }
            }
            Err(at) => self.members.insert(at, member),
        }
    }

    /// The members by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.members.iter().map(|member| (&*member.name, &member.value))
    }

    /// The same object, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Object<'static> {
        let owned = |member: Member<'a>| Member {
            mark: member.mark,
            name: Cow::Owned(member.name.into_owned()),
            value: member.value.into_owned(),
        };
        Object { members: self.members.into_iter().map(owned).collect() }
    }

    /// The same object with every number that is not finite replaced by null.
    fn finite(self) -> Self {
        let members = self.members.into_iter();
        Self { members: members.map(|member| Member { value: member.value.finite(), ..member }).collect() }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.position(name).ok()?;
        Some(self.members.remove(at).value)
    }

    /// Drops members whose names begin with `$`: only the evaluator sets those.
    pub(crate) fn remove_special(&mut self) {
        self.members.retain(|member| !member.name.starts_with('$'));
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: I) -> Self {
        let members: Vec<_> = members.into_iter().collect();
        Self::from_members(members.into_iter())
    }
}
