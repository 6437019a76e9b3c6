//! The dialect's grammar: a recursive descent that checks a pattern and writes it for the `regex` crate.
//!
//! Flags never reach the crate as flags of the whole: each literal, class, dot and anchor is written with its own
//! meaning, so that nothing (`\w` under `i`, `$` before a newline) can mean more than the contract says.

use super::PatternError;
use super::class::{self, Class};
use super::property::Property;

/// The ASCII word characters, inside brackets.
pub(super) const WORD: &str = "0-9A-Za-z_";
/// The white space of `\s`, inside brackets.
pub(super) const SPACE: &str = r"\t\n\f\r\x20";
/// The digits of `\d`, inside brackets.
pub(super) const DIGIT: &str = "0-9";

/// Checks `pattern` and writes it for the `regex` crate.
pub(super) fn translate(pattern: &str, ignore_case: bool) -> Result<String, PatternError> {
    let letters: Vec<char> = pattern.chars().collect();
    let flags = Flags { ignore_case, multi_line: false, dot_all: false };
    let mut parser = Parser { letters: &letters, at: 0, out: String::new(), names: Vec::new() };
    parser.alternatives(flags)?;
    match parser.peek() {
        None => Ok(parser.out),
        Some(_) => Err(parser.refuse("the parenthesis closes no group")),
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
}

/// What an item was.
enum Item {
    /// Something that may be repeated, and the product of the counts inside it.
    Atom(u32),
    /// `(?flags)`, for what follows in the group.
    Flags(Flags),
}

pub(super) struct Parser<'p> {
    pub(super) letters: &'p [char],
    pub(super) at: usize,
    pub(super) out: String,
    names: Vec<String>,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.letters.get(self.at + 1).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.peek();
        self.at += usize::from(letter.is_some());
        letter
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn refuse(&self, what: &'static str) -> PatternError {
        PatternError::Refused { at: self.at, what }
    }

    /// Alternatives up to the end or a closing parenthesis; gives the largest product of nested counts.
    fn alternatives(&mut self, mut flags: Flags) -> Result<u32, PatternError> {
        let mut product = 1;
        loop {
            match self.peek() {
                None | Some(')') => return Ok(product),
                Some('|') => {
                    self.at += 1;
                    self.out.push('|');
                }
                Some(letter) => match self.item(letter, flags)? {
                    Item::Flags(new) => flags = new,
                    Item::Atom(inner) => product = product.max(self.repetition(inner)?),
                },
            }
        }
    }

    fn item(&mut self, letter: char, flags: Flags) -> Result<Item, PatternError> {
        self.at += 1;
        match letter {
            '(' => return self.group(flags),
            '[' => {
                let class = class::read(self)?;
                self.out.push_str(&class.write(flags.ignore_case));
            }
            '\\' => self.escape(flags)?,
            '.' => self.out.push_str(if flags.dot_all { "(?s:.)" } else { r"[^\n]" }),
            '^' => self.out.push_str(if flags.multi_line { "(?m:^)" } else { r"\A" }),
            '$' => self.out.push_str(if flags.multi_line { "(?m:$)" } else { r"\z" }),
            '*' | '+' | '?' | '{' => {
                self.at -= 1;
                return Err(self.refuse("there is nothing to repeat here, or a repetition is repeated"));
            }
            ']' | '}' => {
                self.at -= 1;
                return Err(self.refuse("a literal ] or } must be escaped"));
            }
            literal => self.literal(literal, flags),
        }
        Ok(Item::Atom(1))
    }

    fn literal(&mut self, letter: char, flags: Flags) {
        if flags.ignore_case {
            self.out.push_str("(?i:");
            class::write_letter(&mut self.out, letter);
            self.out.push(')');
        } else {
            class::write_letter(&mut self.out, letter);
        }
    }

    /// What follows a backslash outside a class.
    fn escape(&mut self, flags: Flags) -> Result<(), PatternError> {
        let simple = match self.peek() {
            Some('b') => r"(?-u:\b)",
            Some('B') => r"(?-u:\B)",
            Some('A') => r"\A",
            Some('z') => r"\z",
            _ => {
                match class::escape(self)? {
                    class::Escaped::Letter(letter) => self.literal(letter, flags),
                    class::Escaped::Set(set) => self.out.push_str(&Class::of(set).write(flags.ignore_case)),
                }
                return Ok(());
            }
        };
        self.at += 1;
        self.out.push_str(simple);
        Ok(())
    }

    /// What follows an opening parenthesis.
    fn group(&mut self, flags: Flags) -> Result<Item, PatternError> {
        let mut inner = flags;
        if self.take('?') {
            if self.peek() == Some('P') {
                self.group_name()?;
            } else {
                inner = self.flags(flags)?;
                if self.take(')') {
                    return Ok(Item::Flags(inner));
                }
                if !self.take(':') {
                    return Err(self.refuse("after (? only : P<name> or the flags i, m and s are known"));
                }
            }
        }
        self.out.push_str("(?:");
        let product = self.alternatives(inner)?;
        if !self.take(')') {
            return Err(self.refuse("the group is not closed"));
        }
        self.out.push(')');
        Ok(Item::Atom(product))
    }

    /// `P<name>`; the name is checked, and forgotten.
    fn group_name(&mut self) -> Result<(), PatternError> {
        self.at += 1;
        if !self.take('<') {
            return Err(self.refuse("a named group is written (?P<name> )"));
        }
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        {
            name.push(letter);
            self.at += 1;
        }
        let fine = name.starts_with(|letter: char| !letter.is_ascii_digit()) && !self.names.contains(&name);
        if !fine || !self.take('>') {
            return Err(self.refuse(
                "a group's name is letters, digits and _, does not begin with a digit, and is unique",
            ));
        }
        self.names.push(name);
        Ok(())
    }

    /// Flags up to `)` or `:`; `(?:` has none, and `(?)` is nothing.
    fn flags(&mut self, mut flags: Flags) -> Result<Flags, PatternError> {
        let mut on = true;
        let mut since_minus = 0;
        let mut count = 0;
        loop {
            let slot = match self.peek() {
                Some('i') => &mut flags.ignore_case,
                Some('m') => &mut flags.multi_line,
                Some('s') => &mut flags.dot_all,
                Some('-') if on => {
                    on = false;
                    since_minus = 0;
                    self.at += 1;
                    continue;
                }
                Some(')') if count == 0 => return Err(self.refuse("there are no flags here")),
                _ if !on && since_minus == 0 => return Err(self.refuse("a flag must follow the -")),
                _ => return Ok(flags),
            };
            *slot = on;
            since_minus += 1;
            count += 1;
            self.at += 1;
        }
    }

    /// `{name}` after `\p` or `\P`.
    pub(super) fn property(&mut self) -> Result<Property, PatternError> {
        if !self.take('{') {
            return Err(self.refuse("a property is written \\p{name}"));
        }
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(|letter| *letter != '}') {
            name.push(letter);
            self.at += 1;
        }
        let found = Property::named(&name);
        match found {
            Some(property) if self.take('}') => Ok(property),
            _ => {
                Err(self.refuse("a property is a category's short name (Lu) or a script's full name (Greek)"))
            }
        }
    }
}
