//! Reading JSON text: tokens ([`Cursor`]), a tree that keeps each value's text ([`node`]), and writing ([`text`]).
//!
//! Our own reader, because numbers must be correctly rounded, must keep the form they were written in, and
//! duplicates, overflow and lone surrogates must be told apart and reported where they stand.
//! Must not know anything of flags.

pub(crate) mod node;
mod string;
pub(crate) mod text;

use std::borrow::Cow;

/// Where and why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offset.
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

/// A decoded string. It is not sound when it holds a lone surrogate (then U+FFFD stands in its place).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) value: Cow<'a, str>,
    pub(crate) sound: bool,
}

/// Takes one JSON token after another from a text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }

    /// The text between two byte offsets.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips white space and looks at the next byte.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Skips white space and takes `wanted` when it is next.
    pub(crate) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += 1;
        }
        found
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("more text follows the value")),
        }
    }

    /// Takes `true`, `false` or `null`.
    pub(crate) fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) == Some(word) {
            self.at = end;
            Ok(())
        } else {
            Err(self.fault("expected a JSON value"))
        }
    }

    /// Takes a number and gives it as it was written.
    pub(crate) fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.fault("expected a digit")),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.slice(start, self.at))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(self.fault("expected a digit")) } else { Ok(()) }
    }

    /// Skips one whole value of any depth, checking the grammar only, and gives its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Fault> {
        self.peek();
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            if !self.skip_one(&mut open)? {
                continue;
            }
            loop {
                match open.last() {
                    None => return Ok(self.slice(start, self.at)),
                    Some(_) if self.take(b',') => {
                        if open.last() == Some(&b'{') {
                            self.name()?;
                        }
                        break;
                    }
                    Some(kind) => {
                        let close = if *kind == b'{' { b'}' } else { b']' };
                        if !self.take(close) {
                            return Err(self.fault("expected a comma or the end of a list or an object"));
                        }
                        open.pop();
                    }
                }
            }
        }
    }

    /// Skips a scalar or opens a list or object; true when a value has ended.
    fn skip_one(&mut self, open: &mut Vec<u8>) -> Result<bool, Fault> {
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                if self.take(b'}') {
                    return Ok(true);
                }
                open.push(b'{');
                self.name()?;
                return Ok(false);
            }
            Some(b'[') => {
                self.at += 1;
                if self.take(b']') {
                    return Ok(true);
                }
                open.push(b'[');
                return Ok(false);
            }
            Some(b'"') => self.string().map(|_| ())?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| ())?,
            _ => return Err(self.fault("expected a JSON value")),
        }
        Ok(true)
    }

    /// Takes a member's name and the colon after it.
    pub(crate) fn name(&mut self) -> Result<Text<'a>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("expected a member's name"));
        }
        let name = self.string()?;
        if self.take(b':') { Ok(name) } else { Err(self.fault("expected a colon")) }
    }
}

/// A number's text as the nearest double; -0 is 0. Infinite when it overflows.
pub(crate) fn double(text: &str) -> f64 {
    text.parse::<f64>().map_or(f64::NAN, |number| number + 0.0)
}
