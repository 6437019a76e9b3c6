//! [`Mark`]: a text's length and some of its bytes in one word, by which most texts are told apart without reading
//! them.
//!
//! Must not decide alone but where [`is_whole`](Mark::is_whole) says that it may.

/// A text's length and some of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Up to this many bytes the mark is the whole text.
    const BYTES: usize = 7;

    /// All bytes of a short text; of a longer one the first three and the last four, since ids differ at the end.
    #[inline]
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                let (first, last) =
                    (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
                if bytes.len() <= Self::BYTES {
                    // Where the two overlap they agree.
                    first | (last << ((bytes.len() - 4) * 8))
                } else {
                    (first & 0x00ff_ffff) | (last << 24)
                }
            }
            _ => bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
        };
        Self((word << 8) | u64::from(length))
    }

    /// Texts with this mark are equal.
    #[inline]
    pub(crate) fn is_whole(self) -> bool {
        self.0 & 0xff <= Self::BYTES as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_have_marks_of_their_own() {
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer: Vec<String> = texts
                .iter()
                .flat_map(|text| ["\0", "a", "é"].map(|letter| format!("{text}{letter}")))
                .collect();
            texts.extend(longer);
            texts.sort();
            texts.dedup();
        }
        for left in &texts {
            for right in texts.iter().filter(|right| *right != left) {
                let (left_mark, right_mark) = (Mark::of(left), Mark::of(right));
                assert!(left_mark != right_mark || !left_mark.is_whole(), "{left:?} {right:?}");
            }
        }
        assert!(Mark::of("abcdefg").is_whole() && !Mark::of("abcdefgh").is_whole());
        assert!(!Mark::of(&"x".repeat(300)).is_whole());
    }
}
