//! Generates documents, contexts and damage from bytes, for the property tests and for the fuzz targets alike.
//!
//! Bytes, so that a fuzzer steers it and proptest shrinks it. The alphabets are small, so that conditions match often
//! and references meet.

mod context;
mod documents;

pub use context::context;
pub use documents::{flag, layer, segment, snapshot};

/// Choices, taken from bytes; all zero when they run out, which always chooses the simplest.
pub struct Source<'b> {
    bytes: &'b [u8],
}

impl<'b> Source<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// A number below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % end.max(1)
    }

    /// A number of any size up to 65 535.
    pub fn wide(&mut self) -> u32 {
        let high = u32::try_from(self.below(256)).unwrap_or(0);
        let low = u32::try_from(self.below(256)).unwrap_or(0);
        high * 256 + low
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    pub fn pick<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        let at = self.below(choices.len());
        choices.get(at).copied().unwrap_or("")
    }

    /// Some of `make`, joined with commas.
    pub fn list(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> String) -> String {
        let count = least + self.below(most - least + 1);
        let items: Vec<String> = (0..count).map(|_| make(self)).collect();
        items.join(",")
    }
}

/// The text with a few bytes changed, dropped or doubled; still UTF-8.
pub fn damaged(text: &str, source: &mut Source<'_>) -> String {
    const PIECES: [&str; 16] = [
        "null",
        "1e400",
        "\"\\ud800\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "-1",
        "0.5",
        "\"x\"",
        "true",
        "{}",
        "[]",
        "\\u0000",
    ];
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=source.below(4) {
        if letters.is_empty() {
            break;
        }
        let at = source.wide() as usize % letters.len();
        let end = (at + source.below(12)).min(letters.len());
        let piece: Vec<char> = match source.below(3) {
            0 => Vec::new(),
            1 => letters.get(at..end).map(|cut| [cut, cut].concat()).unwrap_or_default(),
            _ => source.pick(&PIECES).chars().collect(),
        };
        letters.splice(at..end, piece);
    }
    letters.into_iter().collect()
}
