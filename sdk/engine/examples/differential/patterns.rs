//! Random regular expressions of the dialect, sometimes just outside it, and texts that they may match.

use crate::generate::Source;

const ATOMS: [&str; 44] = [
    "a",
    "b",
    "k",
    "A",
    "1",
    "_",
    " ",
    "-",
    ".",
    "\\.",
    "\\-",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\A",
    "\\z",
    "\\n",
    "[ab]",
    "[^ab]",
    "[a-k]",
    "[\\d_]",
    "[^\\w]",
    "[\\W]",
    "[\\]a]",
    "[a\\-z]",
    "\\p{L}",
    "\\p{Lu}",
    "\\P{Ll}",
    "[\\p{Greek}a]",
    "\\p{Greek}",
    "\u{e9}",
    "\u{17f}",
    "\u{212a}",
    "\u{3c3}",
    "\u{1f600}",
    "[\u{e0}-\u{ff}]",
    "\u{3c2}",
];
/// Not in the dialect, or easily misread.
const ODD: [&str; 18] = [
    "\\1",
    "(?=a)",
    "(?!a)",
    "(?<n>a)",
    "(?P<n>a)",
    "a**",
    "a+?",
    "a{2}{3}",
    "[[:alpha:]]",
    "[a&&b]",
    "\\Z",
    "\\u0041",
    "\\x41",
    "\\/",
    "{",
    "}",
    "]",
    "(?x)",
];
const REPEATS: [&str; 11] = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "??", "{1,2}?", "{2,}?"];
const LETTERS: [&str; 28] = [
    "a",
    "b",
    "k",
    "A",
    "B",
    "K",
    "1",
    "9",
    "_",
    " ",
    "-",
    ".",
    "\n",
    "\r",
    "\t",
    "\u{e9}",
    "\u{c9}",
    "\u{17f}",
    "\u{212a}",
    "\u{3c3}",
    "\u{3c2}",
    "\u{3a3}",
    "\u{1f600}",
    "\u{85}",
    "\u{2028}",
    "\u{a0}",
    "s",
    "\u{130}",
];

/// A pattern.
pub fn pattern(source: &mut Source<'_>) -> String {
    let flags = if source.chance(5) {
        source.pick(&["(?i)", "(?s)", "(?m)", "(?im)", "(?-s)", "(?i-m)"])
    } else {
        ""
    };
    format!("{flags}{}", alternatives(source, 2))
}

/// A text for a pattern to look at.
pub fn subject(source: &mut Source<'_>) -> String {
    (0..source.below(8)).map(|_| source.pick(&LETTERS)).collect()
}

fn alternatives(source: &mut Source<'_>, depth: usize) -> String {
    let count = if source.chance(4) { 2 } else { 1 };
    let all: Vec<String> = (0..count).map(|_| sequence(source, depth)).collect();
    all.join("|")
}

fn sequence(source: &mut Source<'_>, depth: usize) -> String {
    (0..=source.below(3)).map(|_| piece(source, depth)).collect()
}

fn piece(source: &mut Source<'_>, depth: usize) -> String {
    if source.chance(60) {
        return source.pick(&ODD).into();
    }
    let grouped = depth > 0 && source.chance(4);
    let atom = if grouped {
        let open = source.pick(&["(", "(?:", "(?i:", "(?s-i:"]);
        format!("{open}{})", alternatives(source, depth - 1))
    } else {
        source.pick(&ATOMS).into()
    };
    // Of a repeated `^` or `\b` no rule says anything.
    let place = matches!(atom.as_str(), "^" | "$" | "\\b" | "\\B" | "\\A" | "\\z");
    if !place && source.chance(3) { atom + source.pick(&REPEATS) } else { atom }
}
