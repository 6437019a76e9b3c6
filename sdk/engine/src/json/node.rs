//! A JSON tree in which every value keeps the text it was written as.
//!
//! Must not drop duplicates, round away overflow or judge: the readers of documents do.

use super::{Cursor, Fault, Text, double};
use crate::limits;

/// One value.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    /// As it was written.
    pub(crate) raw: &'a str,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// Infinite when what was written overflows.
    Number(f64),
    Text(Text<'a>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) value: Node<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What the value is, in words.
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    /// The members of an object.
    pub(crate) fn members(&self) -> Option<&[Member<'a>]> {
        if let Kind::Object(members) = &self.kind { Some(members) } else { None }
    }
}

/// Parses one whole text.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    let node = value(&mut cursor, limits::JSON_DEPTH)?;
    cursor.finish()?;
    Ok(node)
}

fn value<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Node<'a>, Fault> {
    let next = cursor.peek();
    let start = cursor.at();
    let kind = match next {
        Some(b'{') => object(cursor, depth)?,
        Some(b'[') => array(cursor, depth)?,
        Some(b'"') => Kind::Text(cursor.string()?),
        Some(b't') => cursor.word("true").map(|()| Kind::Bool(true))?,
        Some(b'f') => cursor.word("false").map(|()| Kind::Bool(false))?,
        Some(b'n') => cursor.word("null").map(|()| Kind::Null)?,
        Some(b'-' | b'0'..=b'9') => Kind::Number(double(cursor.number()?)),
        _ => return Err(cursor.fault("expected a JSON value")),
    };
    Ok(Node { raw: cursor.slice(start, cursor.at()), kind })
}

fn deeper(cursor: &Cursor<'_>, depth: usize) -> Result<usize, Fault> {
    depth.checked_sub(1).ok_or_else(|| cursor.fault("lists and objects are nested too deeply"))
}

fn array<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Kind<'a>, Fault> {
    let depth = deeper(cursor, depth)?;
    cursor.take(b'[');
    let mut items = Vec::new();
    if cursor.take(b']') {
        return Ok(Kind::Array(items));
    }
    loop {
        items.push(value(cursor, depth)?);
        if cursor.take(b']') {
            return Ok(Kind::Array(items));
        }
        if !cursor.take(b',') {
            return Err(cursor.fault("expected a comma or the end of a list"));
        }
    }
}

fn object<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Kind<'a>, Fault> {
    let depth = deeper(cursor, depth)?;
    cursor.take(b'{');
    let mut members = Vec::new();
    if cursor.take(b'}') {
        return Ok(Kind::Object(members));
    }
    loop {
        let name = cursor.name()?;
        members.push(Member { name, value: value(cursor, depth)? });
        if cursor.take(b'}') {
            return Ok(Kind::Object(members));
        }
        if !cursor.take(b',') {
            return Err(cursor.fault("expected a comma or the end of an object"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> (String, bool) {
        match parse(json).unwrap().kind {
            Kind::Text(text) => (text.value.into_owned(), text.sound),
            _ => panic!("no string"),
        }
    }

    #[test]
    fn strings_are_decoded_and_lone_surrogates_are_told() {
        assert_eq!(text(r#""a\n\u00e9\ud83d\ude00\/""#), ("a\né😀/".into(), true));
        assert_eq!(text(r#""\ud800""#), ("\u{fffd}".into(), false));
        assert_eq!(text(r#""\ud800\u0041""#), ("\u{fffd}A".into(), false));
        assert_eq!(text(r#""\udc00x""#), ("\u{fffd}x".into(), false));
        assert_eq!(text("\"日本\""), ("日本".into(), true));
    }

    #[test]
    fn the_grammar_is_kept() {
        for good in ["1", " -0.5e+10 ", "[]", "[1,{}]", "{\"a\":[null,true,false]}", "\"\"", "0", "1E5"] {
            assert!(parse(good).is_ok(), "{good}");
            assert!(Cursor::new(good).skip().is_ok(), "{good}");
        }
        let bad = [
            "",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "nul",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"",
            "[",
            "{",
            "{\"a\"}",
            "[1 2]",
            "\u{feff}1",
            "NaN",
            "'a'",
            "\"\\u12\"",
        ];
        for bad in bad {
            assert!(parse(bad).is_err(), "{bad}");
            assert!(Cursor::new(bad).skip().is_err() || bad == "01", "{bad}");
        }
    }

    #[test]
    fn numbers_are_correctly_rounded_and_keep_their_text() {
        let node = parse("[9007199254740993, 3.0, 1e400, -0]").unwrap();
        let Kind::Array(items) = &node.kind else { panic!() };
        let raw: Vec<&str> = items.iter().map(|item| item.raw).collect();
        assert_eq!(raw, ["9007199254740993", "3.0", "1e400", "-0"]);
        let numbers: Vec<u64> = items
            .iter()
            .map(|item| if let Kind::Number(number) = item.kind { number.to_bits() } else { 0 })
            .collect();
        let expected = [9_007_199_254_740_992.0, 3.0, f64::INFINITY, 0.0].map(f64::to_bits);
        assert_eq!(numbers, expected);
    }

    #[test]
    fn nesting_is_bounded_here_and_not_when_skipping() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).is_err());
        assert_eq!(Cursor::new(&deep).skip().unwrap(), deep);
        let fine = format!("{}{}", "[".repeat(limits::JSON_DEPTH), "]".repeat(limits::JSON_DEPTH));
        assert!(parse(&fine).is_ok());
    }
}
