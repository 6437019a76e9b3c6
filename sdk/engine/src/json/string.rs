//! Strings: escapes, surrogate pairs, and telling lone surrogates.
//!
//! Must not refuse a lone surrogate: whether it matters depends on where it stands.

use std::borrow::Cow;

use super::{Cursor, Fault, Text};

impl<'a> Cursor<'a> {
    /// Takes a string, borrowed where it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Fault> {
        if self.byte() != Some(b'"') {
            return Err(self.fault("expected a string"));
        }
        self.at += 1;
        let start = self.at;
        self.plain()?;
        if self.byte() == Some(b'"') {
            let value = Cow::Borrowed(self.slice(start, self.at));
            self.at += 1;
            return Ok(Text { value, sound: true });
        }
        self.escaped_string(start)
    }

    /// Moves to the next quote or backslash.
    fn plain(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let Some(offset) = rest.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < 0x20)
        else {
            self.at = self.text.len();
            return Err(self.fault("the string does not end"));
        };
        self.at += offset;
        match self.byte() {
            Some(b'"' | b'\\') => Ok(()),
            _ => Err(self.fault("a control character stands unescaped in a string")),
        }
    }

    fn escaped_string(&mut self, start: usize) -> Result<Text<'a>, Fault> {
        let mut value = String::from(self.slice(start, self.at));
        let mut sound = true;
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text { value: Cow::Owned(value), sound });
                }
                Some(b'\\') => {
                    self.at += 1;
                    let letter = self.escape()?;
                    sound &= letter.is_some();
                    value.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => {
                    let from = self.at;
                    self.plain()?;
                    value.push_str(self.slice(from, self.at));
                }
            }
        }
    }

    /// Takes what follows a backslash; `None` is a lone surrogate.
    fn escape(&mut self) -> Result<Option<char>, Fault> {
        let letter = match self.byte() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.fault("no such escape in a string")),
        };
        self.at += 1;
        Ok(Some(letter))
    }

    fn unicode(&mut self) -> Result<Option<char>, Fault> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first));
        }
        if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
            return Ok(None);
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = back;
            return Ok(None);
        }
        Ok(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.fault("expected four hexadecimal digits")) };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}
