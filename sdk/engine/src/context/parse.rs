//! Parses the JSON of a context straight into values.
//!
//! Must not accept what cannot be evaluated the same in every language: overflow, lone surrogates.

use std::borrow::Cow;

use super::{ContextError, Object, Value};
use crate::json::{Cursor, Fault, double};
use crate::limits;

/// Parses one whole text.
pub(super) fn value(json: &[u8]) -> Result<Value<'_>, ContextError> {
    let text = std::str::from_utf8(json).map_err(|error| ContextError::Malformed {
        at: error.valid_up_to(),
        what: "the text is not UTF-8",
    })?;
    let mut cursor = Cursor::new(text);
    let found = one(&mut cursor, limits::JSON_DEPTH).and_then(|value| cursor.finish().map(|()| value));
    found.map_err(|fault| ContextError::Malformed { at: fault.at, what: fault.what })
}

fn one<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Value<'a>, Fault> {
    match cursor.peek() {
        Some(b'{') => object(cursor, deeper(cursor, depth)?),
        Some(b'[') => array(cursor, deeper(cursor, depth)?),
        Some(b'"') => {
            let text = cursor.string()?;
            sound(cursor, text.sound).map(|()| Value::String(text.value))
        }
        Some(b't') => cursor.word("true").map(|()| Value::Bool(true)),
        Some(b'f') => cursor.word("false").map(|()| Value::Bool(false)),
        Some(b'n') => cursor.word("null").map(|()| Value::Null),
        Some(b'-' | b'0'..=b'9') => {
            let number = double(cursor.number()?);
            if number.is_finite() {
                Ok(Value::Number(number))
            } else {
                Err(cursor.fault("a number is too large for a double"))
            }
        }
        _ => Err(cursor.fault("expected a JSON value")),
    }
}

fn deeper(cursor: &Cursor<'_>, depth: usize) -> Result<usize, Fault> {
    depth.checked_sub(1).ok_or_else(|| cursor.fault("lists and objects are nested too deeply"))
}

fn sound(cursor: &Cursor<'_>, sound: bool) -> Result<(), Fault> {
    if sound { Ok(()) } else { Err(cursor.fault("a string holds a lone surrogate")) }
}

fn array<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Value<'a>, Fault> {
    cursor.take(b'[');
    let mut items = Vec::new();
    if cursor.take(b']') {
        return Ok(Value::Array(items));
    }
    loop {
        items.push(one(cursor, depth)?);
        if cursor.take(b']') {
            return Ok(Value::Array(items));
        }
        if !cursor.take(b',') {
            return Err(cursor.fault("expected a comma or the end of a list"));
        }
    }
}

fn object<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Value<'a>, Fault> {
    cursor.take(b'{');
    let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
    if !cursor.take(b'}') {
        loop {
            let name = cursor.name()?;
            sound(cursor, name.sound)?;
            members.push((name.value, one(cursor, depth)?));
            if cursor.take(b'}') {
                break;
            }
            if !cursor.take(b',') {
                return Err(cursor.fault("expected a comma or the end of an object"));
            }
        }
    }
    Ok(Value::Object(Object::from_members(members.into_iter())))
}
