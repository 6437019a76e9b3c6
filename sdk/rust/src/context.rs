//! [`Context`]: whom a flag is decided for, and [`Value`]: what its attributes may be.
//!
//! Is never logged and never stored, but for the unit of an exposure and of a track.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use pennon_engine::Value as EngineValue;

/// Whom a flag is decided for: a targeting key and attributes. Made once, used many times.
///
/// ```
/// use pennon_sdk::Context;
///
/// let context = Context::new("user-1")
///     .with("plan", "pro")
///     .with("seats", 25)
///     .with("groups", ["beta", "staff"]);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Context(pennon_engine::Context<'static>);

impl Context {
    /// The user, the organisation or whatever else flags are decided for, by its id: a string, or an integer, whose
    /// decimal text is taken.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "so that both `user.id` and `&user.id` can be given")]
    pub fn new(targeting_key: impl ToString) -> Self {
        Self(pennon_engine::Context::empty().with_targeting_key(targeting_key.to_string()))
    }

    /// Nobody in particular: flags that decide by a unit fall through, or serve the caller's default.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Reads a context from JSON text: an object, with the targeting key as its member `targetingKey`.
    ///
    /// # Errors
    ///
    /// When the text is no JSON object, holds a lone surrogate or a number too large for a double, or is nested too deeply.
    ///
    /// ```
    /// use pennon_sdk::Context;
    ///
    /// let read = Context::from_json(r#"{"targetingKey": "user-1", "plan": "pro"}"#)?;
    /// assert_eq!(read, Context::new("user-1").with("plan", "pro"));
    /// # Ok::<(), pennon_sdk::ContextError>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, crate::ContextError> {
        Ok(Self(pennon_engine::Context::from_json(text.as_bytes())?.into_owned()))
    }

    /// The same context with this attribute; one that is `None`, or no finite number, counts as absent. Names that begin with
    /// `$` are ignored, since only the evaluator sets those.
    #[must_use]
    pub fn with(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.with(name.into(), value.into().0))
    }

    /// The text by which a measurement counts: the targeting key, if there is one.
    pub(crate) fn unit(&self) -> Option<String> {
        /// Integral numbers are exact below it.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.0.targeting_key() {
            EngineValue::String(text) if !text.is_empty() => Some(text.clone().into_owned()),
            EngineValue::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                Some(format!("{number:.0}"))
            }
            _ => None,
        }
    }

    pub(crate) fn engine(&self) -> &pennon_engine::Context<'static> {
        &self.0
    }
}

/// Shows that it is one, and nothing of what it holds: contexts are never logged.
impl fmt::Debug for Context {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Context(..)")
    }
}

/// The value of an attribute. Made by `into()` from booleans, numbers, text, times, options, lists and JSON.
///
/// Numbers are doubles: an integer beyond 2^53 becomes the nearest one.
#[derive(Clone, Default, PartialEq)]
pub struct Value(EngineValue<'static>);

/// Shows that it is one, and nothing of what it holds.
impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Value(..)")
    }
}

macro_rules! from_number {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            #[allow(
                clippy::cast_lossless,
                clippy::cast_precision_loss,
                reason = "an integer beyond 2^53 is the nearest double, by contract"
            )]
            fn from(value: $kind) -> Self {
                Self(EngineValue::from(value as f64))
            }
        }
    )*};
}

from_number!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(EngineValue::Bool(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self(EngineValue::from(value.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self(EngineValue::from(value.clone()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self(EngineValue::from(value))
    }
}

/// Epoch milliseconds, which `before` and `after` compare.
impl From<SystemTime> for Value {
    fn from(value: SystemTime) -> Self {
        let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match value.duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after).into(),
            Err(before) => (-millis(before.duration())).into(),
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::default, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(EngineValue::Array(items.into_iter().map(|item| item.into().0).collect()))
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self(engine_value(value))
    }
}

fn engine_value(value: serde_json::Value) -> EngineValue<'static> {
    use serde_json::Value as Json;
    match value {
        Json::Null => EngineValue::Null,
        Json::Bool(value) => EngineValue::Bool(value),
        Json::Number(number) => number.as_f64().map_or(EngineValue::Null, EngineValue::from),
        Json::String(text) => EngineValue::from(text),
        Json::Array(items) => EngineValue::Array(items.into_iter().map(engine_value).collect()),
        Json::Object(members) => EngineValue::Object(
            members.into_iter().map(|(name, value)| (name.into(), engine_value(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_built_equals_what_is_read() {
        let built = Context::new(4_711_u64)
            .with("plan", "pro")
            .with("seats", 25_u8)
            .with("ratio", 0.5)
            .with("beta", true)
            .with("groups", vec!["a".to_owned()])
            .with("flat", [1, 2])
            .with("org", serde_json::json!({"plan": "team", "ids": [1, null]}))
            .with("gone", None::<&str>)
            .with("since", UNIX_EPOCH + Duration::from_millis(1_500))
            .with("born", UNIX_EPOCH - Duration::from_millis(1_500));
        let read = Context::from_json(
            r#"{"targetingKey":"4711","plan":"pro","seats":25,"ratio":0.5,"beta":true,"groups":["a"],"flat":[1,2],
            "org":{"plan":"team","ids":[1,null]},"gone":null,"since":1500,"born":-1500}"#,
        );
        assert_eq!(Ok(built), read);
    }

    #[test]
    fn a_context_does_not_show_what_it_holds() {
        let context = Context::new("secret-user").with("email", "secret@example.org");
        assert_eq!(format!("{context:?}{:?}", Value::from("secret")), "Context(..)Value(..)");
    }

    #[test]
    fn the_unit_is_the_targeting_key_as_text() {
        assert_eq!(Context::new("u").unit().as_deref(), Some("u"));
        assert_eq!(Context::anonymous().with("targetingKey", 4_711).unit().as_deref(), Some("4711"));
        assert_eq!(Context::anonymous().with("targetingKey", -0.0).unit().as_deref(), Some("0"));
        for nobody in [Value::default(), "".into(), 0.5.into(), true.into(), 9_007_199_254_740_992_i64.into()]
        {
            assert_eq!(Context::anonymous().with("targetingKey", nobody).unit(), None);
        }
    }
}
