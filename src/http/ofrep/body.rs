//! The body of an evaluation request: `{"context": {…}}`. Unknown members are ignored, the last of duplicates wins.

use std::fmt;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use pennon_engine::{Context, ContextError, Value};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::failure::Failure;
use crate::http::intake;

/// Reads a body of at most so many bytes.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<bytes::Bytes, Failure> {
    intake::read(headers, body, limit).await.map_err(Failure::from)
}

/// The context of a request; an absent one is empty.
pub fn context(body: &[u8]) -> Result<Context<'_>, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::parse("the body is empty: send {\"context\": {\"targetingKey\": …}}"));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| {
        let said = if error.is_data() { "the body is no JSON object".to_owned() } else { error.to_string() };
        Failure::parse(format!("{said}; send {{\"context\": {{\"targetingKey\": …}}}}"))
    })?;
    let Some(raw) = envelope.0 else { return Ok(Context::empty()) };
    let context = Context::from_json(raw.get().as_bytes()).map_err(|error| match error {
        ContextError::NotAnObject => {
            Failure::new(StatusCode::BAD_REQUEST, "INVALID_CONTEXT", "the context is not an object")
        }
        ContextError::Malformed { what, .. } => Failure::parse(format!("the context cannot be read: {what}")),
        _ => Failure::parse("the context cannot be read"),
    })?;
    match context.targeting_key() {
        Value::Null | Value::String(_) => Ok(context),
        Value::Number(number) if number.fract() == 0.0 => Ok(context),
        _ => {
            let details = "the targetingKey is neither a string nor an integer";
            Err(Failure::new(StatusCode::BAD_REQUEST, "INVALID_CONTEXT", details))
        }
    }
}

struct Envelope<'a>(Option<&'a RawValue>);

impl<'de> serde::Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut context = None;
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if name == "context" {
                        context = Some(map.next_value::<&'de RawValue>()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Envelope(context))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::context;

    fn code(body: &str) -> String {
        let failure = context(body.as_bytes()).unwrap_err();
        serde_json::to_value(&failure).unwrap()["errorCode"].as_str().unwrap().to_owned()
    }

    #[test]
    fn an_absent_context_is_empty_and_unknown_members_are_ignored() {
        assert!(context(b"{}").is_ok());
        assert!(context(br#"{"more": [1], "context": {"targetingKey": "u", "a": 1}}"#).is_ok());
        assert!(context(br#"{"context": 1, "context": {"targetingKey": 7}}"#).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        for body in [
            "",
            " ",
            "{",
            "[]",
            "\"x\"",
            "null",
            r#"{"context": {"a": 1e400}}"#,
            r#"{"context": {"a": "\ud800"}}"#,
        ] {
            assert_eq!(code(body), "PARSE_ERROR", "{body}");
        }
        for body in [
            r#"{"context": null}"#,
            r#"{"context": []}"#,
            r#"{"context": {"targetingKey": 1.5}}"#,
            r#"{"context": {"targetingKey": true}}"#,
        ] {
            assert_eq!(code(body), "INVALID_CONTEXT", "{body}");
        }
    }
}
