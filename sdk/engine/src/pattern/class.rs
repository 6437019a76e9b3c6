//! Character classes: brackets, and the escapes that stand for a set.
//!
//! Under `i` everything folds but `\w` and `\W`; a class that mixes both is computed here as a set of code points.

use std::fmt::Write as _;

use regex_syntax::hir::{Class as HirClass, ClassUnicode, ClassUnicodeRange, HirKind};

use super::PatternError;
use super::grammar::{DIGIT, Parser, SPACE, WORD};
use super::property::Property;

/// What a backslash and its letter mean.
pub(super) enum Escaped {
    Letter(char),
    Set(Set),
}

/// A set that an escape stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Set {
    Digit { negated: bool },
    Space { negated: bool },
    Word { negated: bool },
    Property { property: Property, negated: bool },
}

/// A class: literals, ranges and sets.
#[derive(Debug, Default)]
pub(super) struct Class {
    negated: bool,
    /// What folds under `i`, written for the inside of brackets.
    folding: String,
    /// `\w` is in it, `\W` is in it.
    word: bool,
    not_word: bool,
}

const DOUBLED: &str = "&&, -- and ~~ are not allowed inside a class; escape one of the two";

/// Takes what follows a backslash, where it stands for a letter or a set.
pub(super) fn escape(parser: &mut Parser<'_>) -> Result<Escaped, PatternError> {
    let Some(letter) = parser.next() else { return Err(parser.refuse("the pattern ends in a backslash")) };
    let negated = letter.is_ascii_uppercase();
    Ok(match letter {
        'n' => Escaped::Letter('\n'),
        'r' => Escaped::Letter('\r'),
        't' => Escaped::Letter('\t'),
        'f' => Escaped::Letter('\u{c}'),
        'd' | 'D' => Escaped::Set(Set::Digit { negated }),
        's' | 'S' => Escaped::Set(Set::Space { negated }),
        'w' | 'W' => Escaped::Set(Set::Word { negated }),
        'p' | 'P' => Escaped::Set(Set::Property { property: parser.property()?, negated }),
        punctuation if punctuation.is_ascii_punctuation() => Escaped::Letter(punctuation),
        _ => return Err(parser.refuse("there is no such escape in this dialect")),
    })
}

/// Reads a class after its opening bracket.
pub(super) fn read(parser: &mut Parser<'_>) -> Result<Class, PatternError> {
    let mut class = Class { negated: parser.take('^'), ..Class::default() };
    let mut empty = true;
    while !parser.take(']') {
        let first = member(parser)?;
        empty = false;
        let is_range = parser.peek() == Some('-') && parser.peek_second().is_some_and(|next| next != ']');
        match first {
            Escaped::Letter(from) if is_range => {
                parser.next();
                if parser.peek() == Some('-') {
                    return Err(parser.refuse(DOUBLED));
                }
                let Escaped::Letter(to) = member(parser)? else {
                    return Err(parser.refuse("a range ends in a letter, not in a set"));
                };
                if from > to {
                    return Err(parser.refuse("a range may not end before it begins"));
                }
                class.add_range(from, to);
            }
            Escaped::Letter(letter) => class.add_range(letter, letter),
            Escaped::Set(_) if is_range => {
                return Err(parser.refuse("a range begins with a letter, not with a set"));
            }
            Escaped::Set(set) => class.add(set),
        }
    }
    if empty { Err(parser.refuse("a class may not be empty; a literal ] is escaped")) } else { Ok(class) }
}

/// One letter or set inside brackets.
fn member(parser: &mut Parser<'_>) -> Result<Escaped, PatternError> {
    let Some(letter) = parser.next() else { return Err(parser.refuse("the class is not closed")) };
    match letter {
        '\\' => escape(parser),
        '[' => Err(parser.refuse("a [ inside a class must be escaped")),
        ']' => Err(parser.refuse("a ] inside a class must be escaped")),
        '&' | '-' | '~' if parser.peek() == Some(letter) => Err(parser.refuse(DOUBLED)),
        other => Ok(Escaped::Letter(other)),
    }
}

impl Class {
    pub(super) fn of(set: Set) -> Self {
        let mut class = Self::default();
        class.add(set);
        class
    }

    fn add_range(&mut self, from: char, to: char) {
        write_letter(&mut self.folding, from);
        if from != to {
            self.folding.push('-');
            write_letter(&mut self.folding, to);
        }
    }

    fn add(&mut self, set: Set) {
        let mut push = |inside: &str, negated: bool| {
            let _ =
                if negated { write!(self.folding, "[^{inside}]") } else { write!(self.folding, "{inside}") };
        };
        match set {
            Set::Digit { negated } => push(DIGIT, negated),
            Set::Space { negated } => push(SPACE, negated),
            Set::Word { negated: false } => self.word = true,
            Set::Word { negated: true } => self.not_word = true,
            Set::Property { property, negated } => push(property.inside(), negated),
        }
    }

    /// The class for the `regex` crate.
    pub(super) fn write(&self, ignore_case: bool) -> String {
        if ignore_case && (self.word || self.not_word) {
            return self.computed();
        }
        let hat = if self.negated { "^" } else { "" };
        let word = if self.word { WORD } else { "" };
        let not_word = if self.not_word { "[^0-9A-Za-z_]" } else { "" };
        let class = format!("[{hat}{}{word}{not_word}]", self.folding);
        if ignore_case { format!("(?i:{class})") } else { class }
    }

    /// The class as ranges: what folds is folded, then joined with `\w` or `\W` as they are.
    fn computed(&self) -> String {
        let mut set = if self.folding.is_empty() {
            ClassUnicode::empty()
        } else {
            parsed(&format!("(?i:[{}])", self.folding))
        };
        if self.word {
            set.union(&word());
        }
        if self.not_word {
            let mut others = word();
            others.negate();
            set.union(&others);
        }
        if self.negated {
            set.negate();
        }
        if set.ranges().is_empty() {
            return NOTHING.into();
        }
        let mut out = String::from("[");
        for range in set.ranges() {
            let _ = write!(out, r"\x{{{:x}}}-\x{{{:x}}}", u32::from(range.start()), u32::from(range.end()));
        }
        out.push(']');
        out
    }
}

/// A class that matches nothing.
pub(super) const NOTHING: &str = r"[a&&b]";

fn word() -> ClassUnicode {
    let range = |(from, to)| ClassUnicodeRange::new(from, to);
    ClassUnicode::new([('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')].map(range))
}

/// The code points of a class in the `regex` crate's own syntax.
fn parsed(class: &str) -> ClassUnicode {
    let hir = regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind);
    match hir {
        Ok(HirKind::Class(HirClass::Unicode(set))) => set,
        // A class of one code point is simplified to a literal.
        Ok(HirKind::Literal(literal)) => {
            let letter = std::str::from_utf8(&literal.0).ok().and_then(|text| text.chars().next());
            ClassUnicode::new(letter.map(|letter| ClassUnicodeRange::new(letter, letter)))
        }
        // What is left is a class that holds bytes only.
        Ok(HirKind::Class(HirClass::Bytes(set))) => {
            set.to_unicode_class().unwrap_or_else(ClassUnicode::empty)
        }
        _ => ClassUnicode::empty(),
    }
}

/// Appends a literal in a form that means itself inside and outside of brackets.
pub(super) fn write_letter(out: &mut String, letter: char) {
    if letter.is_ascii_alphanumeric() {
        out.push(letter);
    } else {
        let _ = write!(out, r"\x{{{:x}}}", u32::from(letter));
    }
}
