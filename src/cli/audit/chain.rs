//! The hash chain itself: `hash = hex(sha256(hash before as hex text, then the entry's exact text))`.
//! Pure: it reads lines and knows neither HTTP nor the server's code, so it checks the server.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// Where a chain stands, or stood when somebody wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The number of the last entry; 0 before the first.
    pub seq: u64,
    /// The hash of that entry; "" before the first.
    pub hash: String,
}

/// What is wrong with a chain.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The download or the file ended badly.
    #[error("the chain can't be read after entry {after}: {cause}")]
    Unreadable {
        /// The last entry that could be read.
        after: u64,
        /// What happened.
        cause: String,
    },
    /// A line is no entry.
    #[error("the line after entry {after} is no entry: {cause}")]
    NoEntry {
        /// The last entry that could be read.
        after: u64,
        /// What is wrong.
        cause: String,
    },
    /// An entry is missing, doubled or in the wrong place.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// An entry's own number is not the one it is filed under.
    #[error("entry {seq} says of itself that it is another one")]
    Renumbered {
        /// The number it is filed under.
        seq: u64,
    },
    /// An entry, or one before it, was changed.
    #[error("entry {seq} was changed, or one before it was: its hash is {stored}, computed is {computed}")]
    Changed {
        /// Its number.
        seq: u64,
        /// The hash stored with it.
        stored: String,
        /// The hash of what it says.
        computed: String,
    },
    /// The end was cut off.
    #[error("the chain ends at entry {last}, but entry {known} was known")]
    Cut {
        /// The last entry.
        last: u64,
        /// The entry that should be there.
        known: u64,
    },
    /// The chain was written anew.
    #[error("entry {seq} has another hash than the one that was known ({known}): the chain was written anew")]
    Rewritten {
        /// Its number.
        seq: u64,
        /// The hash that was known.
        known: String,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    seq: u64,
    hash: String,
    #[serde(borrow)]
    entry: &'a RawValue,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// Recomputes a whole chain, oldest first, and answers its last entry. Every head in `known` must lie on it.
pub fn verify(mut lines: impl BufRead, known: &[Head]) -> Result<Head, Broken> {
    let mut head = Head { seq: 0, hash: String::new() };
    let mut text = String::new();
    loop {
        text.clear();
        let read = lines.read_line(&mut text);
        let read = read.map_err(|error| Broken::Unreadable { after: head.seq, cause: error.to_string() })?;
        if read == 0 {
            break;
        }
        head = next(&head, text.trim_end())?;
        if let Some(known) = known.iter().find(|known| known.seq == head.seq && known.hash != head.hash) {
            return Err(Broken::Rewritten { seq: head.seq, known: known.hash.clone() });
        }
    }
    match known.iter().find(|known| known.seq > head.seq) {
        Some(known) => Err(Broken::Cut { last: head.seq, known: known.seq }),
        None => Ok(head),
    }
}

fn next(before: &Head, text: &str) -> Result<Head, Broken> {
    let no_entry = |error: serde_json::Error| Broken::NoEntry { after: before.seq, cause: error.to_string() };
    let line: Line<'_> = serde_json::from_str(text).map_err(no_entry)?;
    let expected = before.seq.saturating_add(1);
    if line.seq != expected {
        return Err(Broken::Gap { expected, found: line.seq });
    }
    let computed = hash(&before.hash, line.entry.get());
    if computed != line.hash {
        return Err(Broken::Changed { seq: line.seq, stored: line.hash, computed });
    }
    let own: Numbered = serde_json::from_str(line.entry.get()).map_err(no_entry)?;
    if own.seq != line.seq {
        return Err(Broken::Renumbered { seq: line.seq });
    }
    Ok(Head { seq: line.seq, hash: computed })
}

fn hash(before: &str, entry: &str) -> String {
    let digest = Sha256::new().chain_update(before.as_bytes()).chain_update(entry.as_bytes()).finalize();
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of entries whose text has spaces and escapes that a parser would not write again.
    fn chain(length: u64) -> Vec<String> {
        let mut before = String::new();
        let line = |seq: u64| {
            let entry = format!("{{\"seq\": {seq},  \"name\":\"\\u00e9 {seq}\", \"n\":1.0}}");
            before = hash(&before, &entry);
            format!("{{\"seq\":{seq},\"hash\":\"{before}\",\"entry\":{entry}}}")
        };
        (1..=length).map(line).collect()
    }

    fn check(lines: &[String], known: &[Head]) -> Result<Head, Broken> {
        verify(lines.join("\n").as_bytes(), known)
    }

    fn hash_of(line: &str) -> String {
        serde_json::from_str::<Head>(line).unwrap().hash
    }

    #[test]
    fn the_hash_is_of_the_text_and_the_one_before_it() {
        assert_eq!(hash("", "a"), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        assert_eq!(hash("a", "b"), hash("", "ab"));
    }

    #[test]
    fn a_good_chain_ends_at_its_head_and_holds_every_known_one() {
        let lines = chain(5);
        let known = [Head { seq: 0, hash: String::new() }, Head { seq: 3, hash: hash_of(&lines[2]) }];
        assert_eq!(check(&lines, &known).unwrap(), Head { seq: 5, hash: hash_of(&lines[4]) });
        assert_eq!(check(&[], &[]).unwrap().seq, 0);
    }

    #[test]
    fn a_changed_entry_is_found_even_if_only_a_space_changed() {
        let mut lines = chain(3);
        lines[1] = lines[1].replace(",  \"name\"", ", \"name\"");
        assert!(matches!(check(&lines, &[]), Err(Broken::Changed { seq: 2, .. })));
    }

    #[test]
    fn a_missing_a_doubled_and_a_swapped_entry_are_found() {
        let lines = chain(4);
        let pick = |order: &[usize]| order.iter().map(|index| lines[*index].clone()).collect::<Vec<_>>();
        assert!(matches!(check(&pick(&[0, 2, 3]), &[]), Err(Broken::Gap { expected: 2, found: 3 })));
        assert!(matches!(check(&pick(&[0, 0, 1]), &[]), Err(Broken::Gap { expected: 2, found: 1 })));
        assert!(matches!(check(&pick(&[1]), &[]), Err(Broken::Gap { expected: 1, found: 2 })));
    }

    #[test]
    fn a_cut_end_and_a_chain_written_anew_are_found_by_the_known_head() {
        let lines = chain(4);
        let head = Head { seq: 4, hash: hash_of(&lines[3]) };
        assert!(matches!(
            check(&lines[..3], std::slice::from_ref(&head)),
            Err(Broken::Cut { last: 3, known: 4 })
        ));
        let other = Head { hash: "00".to_owned(), ..head };
        assert!(matches!(check(&lines, &[other]), Err(Broken::Rewritten { seq: 4, .. })));
    }

    #[test]
    fn an_entry_filed_under_another_number_is_found() {
        let entry = "{\"seq\":7}";
        let line = format!("{{\"seq\":1,\"hash\":\"{}\",\"entry\":{entry}}}", hash("", entry));
        assert!(matches!(check(&[line], &[]), Err(Broken::Renumbered { seq: 1 })));
    }

    #[test]
    fn what_is_no_entry_is_told_with_its_place() {
        let mut lines = chain(2);
        lines.push("{\"seq\":3".to_owned());
        assert!(matches!(check(&lines, &[]), Err(Broken::NoEntry { after: 2, .. })));
    }
}
