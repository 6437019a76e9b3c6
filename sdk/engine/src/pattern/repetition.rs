//! Repetitions: `*`, `+`, `?` and counts, each optionally lazy, never stacked.
//!
//! Must not let counts multiply beyond the limit: the compiled pattern grows with their product.

use std::fmt::Write as _;

use super::PatternError;
use super::grammar::Parser;
use crate::limits::PATTERN_REPETITION;

impl Parser<'_> {
    /// A repetition of the atom just written, if there is one; gives the new product of counts.
    pub(super) fn repetition(&mut self, inner: u32) -> Result<u32, PatternError> {
        let product = match self.peek() {
            Some(letter @ ('*' | '+' | '?')) => {
                self.at += 1;
                self.out.push(letter);
                inner
            }
            Some('{') => {
                self.at += 1;
                inner.saturating_mul(self.counts()?.max(1))
            }
            _ => return Ok(inner),
        };
        if product > PATTERN_REPETITION {
            return Err(self.refuse("nested repetition counts may multiply to at most 1000"));
        }
        if self.take('?') {
            self.out.push('?');
        }
        match self.peek() {
            Some('*' | '+' | '?' | '{') => {
                Err(self.refuse("a repetition may not be repeated; put it in a group"))
            }
            _ => Ok(product),
        }
    }

    /// `n}`, `n,}` or `n,m}`; gives the larger count.
    fn counts(&mut self) -> Result<u32, PatternError> {
        let least = self.count()?;
        let mut most = Some(least);
        if self.take(',') {
            most = if self.peek() == Some('}') { None } else { Some(self.count()?) };
        }
        if !self.take('}') {
            return Err(
                self.refuse("a repetition is written {n}, {n,} or {n,m}; a literal { must be escaped")
            );
        }
        if most.is_some_and(|most| most < least) {
            return Err(self.refuse("the first count of a repetition may not exceed the second"));
        }
        let _ = match most {
            Some(most) => write!(self.out, "{{{least},{most}}}"),
            None => write!(self.out, "{{{least},}}"),
        };
        Ok(most.unwrap_or(least))
    }

    fn count(&mut self) -> Result<u32, PatternError> {
        let start = self.at;
        let mut value: u32 = 0;
        while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(10)) {
            value = value.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        let leading_zero = self.letters.get(start) == Some(&'0') && self.at > start + 1;
        if self.at == start || leading_zero || value > PATTERN_REPETITION {
            return Err(self.refuse("a count is a number from 0 to 1000 without leading zeros"));
        }
        Ok(value)
    }
}
