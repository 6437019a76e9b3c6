//! Writing JSON: quoted strings, numbers, and the compact form of a text.
//!
//! Must not reorder members or rewrite numbers: what a person wrote is what is sent.

use std::fmt::Write as _;

use super::node::{Kind, Node};

/// Appends a string with quotes and the fewest escapes.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a finite number in a form that reads back as the same double.
pub(crate) fn number(out: &mut String, number: f64) {
    const PLAIN: f64 = 1e15;
    let _ = if number.fract() == 0.0 && number.abs() < PLAIN {
        write!(out, "{number}")
    } else {
        write!(out, "{number:?}")
    };
}

/// A list of anything, comma-separated in brackets.
pub(crate) fn list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    let mut first = true;
    for item in items {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// The same JSON text without the white space between tokens; everything else as written.
pub(crate) fn compact(raw: &str) -> Box<str> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('"') {
        let (before, string) = rest.split_at(start);
        out.extend(before.chars().filter(|letter| !letter.is_ascii_whitespace()));
        let end = string_end(string);
        let (string, after) = string.split_at(end);
        out.push_str(string);
        rest = after;
    }
    out.extend(rest.chars().filter(|letter| !letter.is_ascii_whitespace()));
    out.into_boxed_str()
}

/// The length of the string literal that `text` begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The bytes of a value as compact UTF-8 JSON: strings with the fewest escapes, numbers as written.
pub(crate) fn compact_length(node: &Node<'_>) -> usize {
    let commas = |count: usize| count.saturating_sub(1) + 2;
    match &node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => node.raw.len(),
        Kind::Text(text) => quoted_length(&text.value),
        Kind::Array(items) => items.iter().map(compact_length).sum::<usize>() + commas(items.len()),
        Kind::Object(members) => {
            let inner: usize =
                members.iter().map(|m| quoted_length(&m.name.value) + 1 + compact_length(&m.value)).sum();
            inner + commas(members.len())
        }
    }
}

fn quoted_length(text: &str) -> usize {
    let extra: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
            0..0x20 => 5,
            _ => 0,
        })
        .sum();
    text.len() + extra + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::node::parse;

    #[test]
    fn the_compact_form_keeps_numbers_order_and_strings() {
        let raw = " { \"b\" : [ 3.0 , 1e2 ],\n\"a\": \"x \\\" y\\\\\" , \"é\" : null } ";
        assert_eq!(&*compact(raw), "{\"b\":[3.0,1e2],\"a\":\"x \\\" y\\\\\",\"é\":null}");
    }

    #[test]
    fn the_compact_length_is_that_of_the_least_escaped_text() {
        let node = parse(r#"{ "a" : [ 1, "\u00e9\u0001\n" ], "b": {} }"#).unwrap();
        assert_eq!(compact_length(&node), "{\"a\":[1,\"é\\u0001\\n\"],\"b\":{}}".len());
    }

    #[test]
    fn numbers_read_back_as_themselves() {
        for value in [0.0, 3.0, -1.5, 1e300, 1e-7, 9_007_199_254_740_993.0, 0.1, 1e15, 123_456_789.25] {
            let mut out = String::new();
            number(&mut out, value);
            let Kind::Number(back) = parse(&out).unwrap().kind else { panic!("{out}") };
            assert_eq!(back.to_bits(), f64::to_bits(value), "{out}");
        }
    }
}
