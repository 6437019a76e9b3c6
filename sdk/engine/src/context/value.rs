//! [`Value`] and [`Object`]: what a context is made of.
//!
//! Must not hold a number that is not finite once it is inside a context.

use std::borrow::Cow;

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
            Self::Object(object) => {
                let members =
                    object.members.into_iter().map(|(name, value)| (name, value.finite())).collect();
                Self::Object(Object { members })
            }
            other => other,
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
const LINEAR: usize = 12;

/// The members of an object, each name once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a> {
    /// Sorted by name.
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// Keeps the last of members that share a name.
    pub(crate) fn from_members(mut members: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        // The sort is stable: of equal names the last written stands last, and dedup keeps the first.
        members.reverse();
        members.sort_by(|left, right| left.0.cmp(&right.0));
        members.dedup_by(|later, earlier| later.0 == earlier.0);
        Self { members }
    }

    /// The member of this name.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        if self.members.len() <= LINEAR {
            return self.members.iter().find(|member| member.0 == name).map(|member| &member.1);
        }
        let at = self.members.binary_search_by(|member| (*member.0).cmp(name)).ok()?;
        self.members.get(at).map(|member| &member.1)
    }

    /// Adds a member, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        let name = name.into();
        let value = value.into();
        match self.members.binary_search_by(|member| member.0.cmp(&name)) {
            Ok(at) => {
                if let Some(member) = self.members.get_mut(at) {
                    member.1 = value;
                }
            }
            Err(at) => self.members.insert(at, (name, value)),
        }
    }

    /// The members by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.members.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.members.iter().position(|member| member.0 == name)?;
        Some(self.members.remove(at).1)
    }

    /// Drops members whose names begin with `$`: only the evaluator sets those.
    pub(crate) fn remove_special(&mut self) {
        self.members.retain(|member| !member.0.starts_with('$'));
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: I) -> Self {
        Self::from_members(members.into_iter().collect())
    }
}
