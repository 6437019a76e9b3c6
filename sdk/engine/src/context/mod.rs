//! [`Context`]: whom a flag is evaluated for. Parsed once per request, borrowed from the request where it can be.
//!
//! Must not outlive what it borrows, and is never logged or stored.

mod parse;
mod value;

use std::borrow::Cow;

use crate::mark::Mark;
use crate::outcome::ErrorCode;
use crate::reference::TARGETING_KEY;

pub use value::{Object, Value};

/// The attributes an evaluation may look at.
///
/// ```
/// use pennon_engine::{Context, Value};
///
/// let sent = Context::from_json(br#"{"targetingKey": "u-1", "plan": "pro"}"#)?;
/// let built = Context::empty().with_targeting_key("u-1").with("plan", Value::from("pro"));
/// assert_eq!(sent.get("plan"), built.get("plan"));
/// # Ok::<(), pennon_engine::ContextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context<'a> {
    targeting_key: Value<'a>,
    attributes: Object<'a>,
}

impl<'a> Context<'a> {
    /// A context that knows nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Parses a context: a JSON object, in which the last of duplicates wins and names that begin with `$` are
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`ContextError::Malformed`] when the text is no JSON, holds a lone surrogate or a number too large for a
    /// double, or is nested deeper than [`JSON_DEPTH`](crate::limits::JSON_DEPTH);
    /// [`ContextError::NotAnObject`] when it is another value, `null` too.
    pub fn from_json(json: &'a [u8]) -> Result<Self, ContextError> {
        match parse::value(json)? {
            Value::Object(attributes) => Ok(Self::from_object(attributes)),
            _ => Err(ContextError::NotAnObject),
        }
    }

    fn from_object(mut attributes: Object<'a>) -> Self {
        let targeting_key = attributes.remove(TARGETING_KEY).unwrap_or_default();
        attributes.remove_special();
        Self { targeting_key, attributes }
    }

    /// The same context with this targeting key.
    #[must_use]
    pub fn with_targeting_key(mut self, key: impl Into<Cow<'a, str>>) -> Self {
        self.targeting_key = Value::String(key.into());
        self
    }

    /// The same context with this top-level attribute. A number that is not finite counts as absent; a name that
    /// begins with `$` is ignored.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) -> Self {
        let name = name.into();
        let value = value.into().finite();
        if name == TARGETING_KEY {
            self.targeting_key = value;
        } else if !name.starts_with('$') {
            self.attributes.insert(name, value);
        }
        self
    }

    /// The same context, borrowing nothing: for whoever evaluates it again when a request is long gone.
    #[must_use]
    pub fn into_owned(self) -> Context<'static> {
        Context { targeting_key: self.targeting_key.into_owned(), attributes: self.attributes.into_owned() }
    }

    /// A top-level attribute, `targetingKey` among them.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        if name == TARGETING_KEY { Some(&self.targeting_key) } else { self.attributes.get(name) }
    }

    /// The targeting key; null when there is none.
    #[must_use]
    #[inline]
    pub fn targeting_key(&self) -> &Value<'a> {
        &self.targeting_key
    }

    /// Whether the targeting key is absent or of a type it may have.
    #[inline]
    pub(crate) fn is_valid(&self) -> bool {
        match &self.targeting_key {
            Value::Null | Value::String(_) => true,
            Value::Number(number) => number.fract() == 0.0,
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn attribute(&self, name: &str, mark: Mark) -> Option<&Value<'a>> {
        self.attributes.marked(name, mark)
    }
}

/// Why a context could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextError {
    /// The text is no JSON that a context may be made of.
    Malformed {
        /// Byte offset.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// The context is JSON, but no object.
    NotAnObject,
}

impl ContextError {
    /// The code to answer with.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed { .. } => ErrorCode::ParseError,
            Self::NotAnObject => ErrorCode::InvalidContext,
        }
    }
}

impl std::fmt::Display for ContextError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed { at, what } => write!(out, "the context cannot be read: {what} (at byte {at})"),
            Self::NotAnObject => out.write_str("the context must be an object"),
        }
    }
}

impl std::error::Error for ContextError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(json: &[u8]) -> ErrorCode {
        Context::from_json(json).unwrap_err().code()
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_object() {
        for bad in
            ["", "{", "{\"a\":1e400}", "{\"a\":\"\\ud800\"}", "{\"\\udc00\":1}", "{\"a\":[-1e999]}", "{} x"]
        {
            assert_eq!(code(bad.as_bytes()), ErrorCode::ParseError, "{bad}");
        }
        assert_eq!(code(b"{\"a\":\"\xff\"}"), ErrorCode::ParseError);
        for other in ["null", "[]", "1", "\"x\"", "true"] {
            assert_eq!(code(other.as_bytes()), ErrorCode::InvalidContext, "{other}");
        }
    }

    #[test]
    fn the_last_duplicate_wins_and_special_names_are_ignored() {
        let context = Context::from_json(
            br#"{"a":1,"b":{"x":1,"x":2},"a":2,"$now":5,"targetingKey":"p","targetingKey":"q"}"#,
        )
        .unwrap();
        assert_eq!(context.get("a"), Some(&Value::Number(2.0)));
        let Some(Value::Object(inner)) = context.get("b") else { panic!() };
        assert_eq!(inner.get("x"), Some(&Value::Number(2.0)));
        assert_eq!(context.get("$now"), None);
        assert_eq!(context.targeting_key(), &Value::from("q"));
    }

    #[test]
    fn a_context_may_outlive_its_text() {
        let text = String::from(r#"{"targetingKey":"u","a":["x",{"b":"y"}],"n":1,"t":true,"z":null}"#);
        let borrowed = Context::from_json(text.as_bytes()).unwrap();
        let owned: Context<'static> = borrowed.clone().into_owned();
        assert_eq!(owned, borrowed);
        drop(text);
        assert_eq!(owned.targeting_key(), &Value::from("u"));
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let names = ["", "a", "ab", "abcdefg", "abcdefgh", "abcdefgi", "abcdefg\0", "abc1defg", "abc2defg"];
        let mut context = Context::empty();
        for name in names {
            context = context.with(name, name);
        }
        for name in names {
            assert_eq!(context.get(name), Some(&Value::from(name)));
        }
        assert_eq!(context.get("abcdefgj"), None);
    }

    #[test]
    fn many_attributes_are_found_too() {
        let mut context = Context::empty();
        for number in (0..100_i64).rev() {
            context = context.with(format!("a{number}"), number);
        }
        for number in 0..100_i64 {
            assert_eq!(context.get(&format!("a{number}")), Some(&Value::from(number)));
        }
        assert_eq!(context.get("a100"), None);
        assert_eq!(context.with("a7", "new").get("a7"), Some(&Value::from("new")));
    }

    #[test]
    fn numbers_that_are_not_finite_count_as_absent() {
        let context =
            Context::empty().with("a", f64::NAN).with("b", Value::Array(vec![Value::Number(f64::INFINITY)]));
        assert_eq!(context.get("a"), Some(&Value::Null));
        assert_eq!(context.get("b"), Some(&Value::Array(vec![Value::Null])));
    }
}
