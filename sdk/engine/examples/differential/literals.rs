//! Random literals of each kind that an operator reads, and texts that are nearly one.
//!
//! Must not leave the characters of Unicode 13, nor JSON that every language's parser reads alike.

use serde_json::{Value, json};

use crate::generate::Source;
use crate::patterns;

/// What a condition compares with, or a context holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Date,
    Version,
    Network,
    Pattern,
    Any,
}

const TEXTS: [&str; 26] = [
    "pro",
    "PRO",
    "Pro",
    "p",
    "",
    " ",
    "u-1",
    "4711",
    "true",
    "null",
    "\u{e9}",
    "e\u{301}",
    "\u{c9}",
    "\u{130}",
    "i\u{307}",
    "I",
    "i",
    "\u{131}",
    "\u{df}",
    "ss",
    "SS",
    "\u{3a3}",
    "\u{3c3}",
    "\u{3c2}",
    "\u{1f600}\u{65e5}",
    "\u{1e9e}",
];
const NUMBERS: [&str; 25] = [
    "0",
    "-0",
    "0.0",
    "1",
    "1.0",
    "-1",
    "3",
    "3.5",
    "0.1",
    "0.30000000000000004",
    "1e3",
    "1E3",
    "1e-7",
    "123456789",
    "4711",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740991",
    "-9007199254740993",
    "18446744073709551616",
    "1e21",
    "1e300",
    "5e-324",
    "1767225600000",
];
const ANY: [&str; 14] = [
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[null]",
    "[[\"pro\"]]",
    "[\"pro\",1,true,null]",
    "{\"plan\":\"pro\"}",
    "[{\"a\":1}]",
    "\"\"",
    "0",
    "[4711,\"2.3.0\"]",
    "{\"plan\":{\"deep\":\"pro\",\"\":1}}",
];

/// A value of the kind; `rough` is one in how many that is nearly one.
pub fn value(kind: Kind, source: &mut Source<'_>, rough: usize) -> Value {
    match kind {
        Kind::Any => parsed(source.pick(&ANY)),
        Kind::Number if source.chance(2) => parsed(source.pick(&NUMBERS)),
        Kind::Date if source.chance(4) => {
            parsed(source.pick(&["0", "-1", "1767225600000", "1767225600001.0", "1e15"]))
        }
        _ => {
            let exact = text(kind, source);
            let text = if source.chance(rough) { near(&exact, source) } else { exact };
            json!(text)
        }
    }
}

/// JSON that a table here holds.
pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn text(kind: Kind, source: &mut Source<'_>) -> String {
    match kind {
        Kind::Number => source.pick(&NUMBERS).into(),
        Kind::Date => date(source),
        Kind::Version => version(source),
        Kind::Network => network(source),
        Kind::Pattern => patterns::subject(source),
        Kind::Text | Kind::Any => {
            let (first, second) = (source.pick(&TEXTS), source.pick(&TEXTS));
            if source.chance(3) { format!("{first}{second}") } else { first.into() }
        }
    }
}

/// The text with one character dropped, doubled, or another put in.
fn near(text: &str, source: &mut Source<'_>) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = source.below(letters.len() + 1);
    let put = source
        .pick(&["0", "1", "-", "+", ".", ":", "/", " ", "v", "e", "Z", "t", "\u{661}", "\u{ff10}", "%"]);
    match (source.below(3), letters.get(at).copied()) {
        (0, Some(_)) => {
            letters.remove(at);
        }
        (1, Some(letter)) => letters.insert(at, letter),
        _ => letters.splice(at..at, put.chars()).for_each(drop),
    }
    letters.into_iter().collect()
}

/// Around the change of the year, where days, zones and fractions count.
fn date(source: &mut Source<'_>) -> String {
    let day = source.pick(&[
        "2025-12-31",
        "2026-01-01",
        "2026-01-02",
        "2024-02-29",
        "2026-02-29",
        "0001-01-01",
        "9999-12-31",
        "1970-01-01",
        "1969-12-31",
        "2025-11-31",
        "0000-01-01",
        "1900-02-29",
        "2000-02-29",
    ]);
    let time =
        source.pick(&["00:00:00", "23:59:59", "23:59:60", "12:30:15", "24:00:00", "01:00:00", "00:59:59"]);
    let fraction = source.pick(&["", "", "", ".5", ".000", ".999999999", ".0004", ".1234567890"]);
    let zone = source
        .pick(&["Z", "Z", "Z", "+00:00", "-00:00", "+01:00", "-01:00", "+23:59", "-12:30", "+24:00", ""]);
    format!("{day}T{time}{fraction}{zone}")
}

fn version(source: &mut Source<'_>) -> String {
    let part = |source: &mut Source<'_>| {
        source.pick(&["0", "1", "2", "3", "10", "11", "9007199254740991", "9007199254740992", "01"])
    };
    let core = if source.chance(3) {
        format!("{}.{}.{}", part(source), part(source), part(source))
    } else {
        source.pick(&["2.3.0", "2.3.1", "1.0.0", "10.0.0", "0.0.0"]).into()
    };
    let before = source.pick(&[
        "",
        "",
        "",
        "-rc.1",
        "-rc.2",
        "-rc.10",
        "-rc",
        "-1",
        "-0",
        "-01",
        "-a.b",
        "-alpha-1",
        "-1a",
        "--",
        "-rc.1.0",
        "-9007199254740992",
    ]);
    let build = source.pick(&["", "", "", "+b", "+001", "+a.b-c", "+"]);
    format!("{core}{before}{build}")
}

fn network(source: &mut Source<'_>) -> String {
    let address = source.pick(&[
        "10.1.2.3",
        "10.0.0.0",
        "192.168.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "10.1.2.03",
        "10.1.2",
        "256.1.1.1",
        "2001:db8::7",
        "2001:db8::",
        "::",
        "::1",
        "::ffff:10.1.2.3",
        "::ffff:0a01:203",
        "::10.1.2.3",
        "2001:DB8:0:0::7",
        "1:2:3:4:5:6:7:8",
        "1::2::3",
        "fe80::1%eth0",
        "2001:db8:0:0:0:0:10.1.2.3",
        "12345::",
        "::ffff:0:0",
    ]);
    let prefix =
        source.pick(&["", "", "", "", "/8", "/0", "/32", "/33", "/96", "/104", "/128", "/129", "/08", "/24"]);
    format!("{address}{prefix}")
}
