//! Substrings, with or without case.
//!
//! Must not normalise: each code point is lower-cased on its own by Unicode's full mapping (no final sigma), and
//! nothing is allocated.

use super::{Case, Part};

/// The lower case of a text, code point by code point.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether `text` has `value` in that part; for an ignored case `value` is folded already.
#[inline]
pub(super) fn part(text: &str, value: &str, part: Part, case: Case) -> bool {
    match (case, part) {
        (Case::Exact, Part::Start) => text.starts_with(value),
        (Case::Exact, Part::End) => text.ends_with(value),
        (Case::Exact, Part::Anywhere) => text.contains(value),
        (Case::Ignored, Part::Start) => begins(folded(text), value.chars()),
        (Case::Ignored, Part::End) => {
            let backwards = text.chars().rev().flat_map(|letter| letter.to_lowercase().rev());
            begins(backwards, value.chars().rev())
        }
        (Case::Ignored, Part::Anywhere) => {
            let mut rest = folded(text);
            loop {
                if begins(rest.clone(), value.chars()) {
                    return true;
                }
                if rest.next().is_none() {
                    return false;
                }
            }
        }
    }
}

fn begins(mut text: impl Iterator<Item = char>, mut value: impl Iterator<Item = char>) -> bool {
    value.all(|letter| text.next() == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignoring(text: &str, value: &str, place: Part) -> bool {
        let value: String = folded(value).collect();
        part(text, &value, place, Case::Ignored)
    }

    #[test]
    fn case_is_ignored_by_full_lower_case_mapping() {
        assert!(ignoring("ÄPFEL", "äp", Part::Start));
        assert!(ignoring("x@EXAMPLE.com", "@Example.COM", Part::End));
        assert!(ignoring("İstanbul", "i\u{307}s", Part::Start));
        assert!(ignoring("Xİ", "i\u{307}", Part::End));
        assert!(ignoring("aİb", "\u{307}B", Part::Anywhere));
        assert!(ignoring("ΑΣ", "ασ", Part::End));
        assert!(!ignoring("ΑΣ", "ας", Part::End));
        assert!(!ignoring("straße", "STRASSE", Part::Anywhere));
        assert!(ignoring("\u{212a}elvin", "kel", Part::Start));
        assert!(ignoring("anything", "", Part::Anywhere));
        assert!(!ignoring("ab", "abc", Part::Anywhere));
    }
}
