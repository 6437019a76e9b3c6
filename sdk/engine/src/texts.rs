//! [`Texts`]: a set of strings, sought by hash.
//!
//! A table of its own rather than a `HashSet<Box<str>>`, since the standard hash of a string feeds a second, needless
//! part, and looking texts up is most of what a big target list costs.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of strings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    hasher: DefaultHashBuilder,
    table: HashTable<Box<str>>,
}

/// The hash of a text.
#[inline]
pub(crate) fn hash(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text.as_bytes());
    state.finish()
}

impl Texts {
    pub(crate) fn insert(&mut self, text: Box<str>) {
        let place = hash(&self.hasher, &text);
        if self.table.find(place, |found| **found == *text).is_none() {
            let hasher = &self.hasher;
            self.table.insert_unique(place, text, |text| hash(hasher, text));
        }
    }

    #[inline]
    pub(crate) fn contains(&self, text: &str) -> bool {
        // An empty table needs no hash.
        !self.table.is_empty()
            && self.table.find(hash(&self.hasher, text), |found| **found == *text).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The texts, sorted.
    pub(crate) fn sorted(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.table.iter().map(|text| &**text).collect();
        texts.sort_unstable();
        texts
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.table.len() == other.table.len() && self.table.iter().all(|text| other.contains(text))
    }
}

impl FromIterator<Box<str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Box<str>>>(texts: I) -> Self {
        let mut set = Self::default();
        texts.into_iter().for_each(|text| set.insert(text));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_each_text_once() {
        let set: Texts = ["b", "a", "b", ""].map(Box::from).into_iter().collect();
        assert_eq!(set.sorted(), ["", "a", "b"]);
        assert!(set.contains("a") && set.contains("") && !set.contains("c"));
        assert!(!Texts::default().contains(""));
        let same: Texts = ["", "a", "b"].map(Box::from).into_iter().collect();
        assert_eq!(set, same);
        assert_ne!(set, Texts::default());
        assert_ne!(Texts::default(), set);
    }
}
