//! [`Texts`]: a set of strings, sought by hash.
//!
//! A table of its own rather than a `HashSet<Box<str>>`, since the standard hash of a string feeds a second, needless
//! part, and looking texts up is most of what a big target list costs.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::mark::Mark;

/// Up to this many texts are compared one after another by their marks, which is quicker than hashing.
const FEW: usize = 16;

/// A set of strings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    /// While there are few: their marks, and they themselves at the same places.
    marks: Vec<Mark>,
    few: Vec<Box<str>>,
    /// Once there are many: all of them.
    hasher: DefaultHashBuilder,
    many: HashTable<Box<str>>,
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
        if self.contains(&text) {
            return;
        }
        if self.many.is_empty() && self.few.len() < FEW {
            self.marks.push(Mark::of(&text));
            self.few.push(text);
            return;
        }
        self.marks.clear();
        let hasher = &self.hasher;
        for text in self.few.drain(..).chain([text]) {
            self.many.insert_unique(hash(hasher, &text), text, |text| hash(hasher, text));
        }
    }

    #[inline]
    pub(crate) fn contains(&self, text: &str) -> bool {
        if self.many.is_empty() {
            let mark = Mark::of(text);
            let mut marked = self.marks.iter().zip(&self.few).filter(|(found, _)| **found == mark);
            return marked.any(|(_, found)| mark.is_whole() || **found == *text);
        }
        self.many.find(hash(&self.hasher, text), |found| **found == *text).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.few.iter().chain(&self.many).map(|text| &**text)
    }

    /// The texts, sorted.
    pub(crate) fn sorted(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.iter().collect();
        texts.sort_unstable();
        texts
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count() && self.iter().all(|text| other.contains(text))
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
    fn a_set_that_grows_keeps_what_it_holds() {
        let text = |number: usize| Box::from(format!("user-{number}"));
        let mut set = Texts::default();
        for count in 0..100 {
            assert_eq!(set.sorted().len(), count);
            assert!(!set.contains(&text(count)), "{count}");
            set.insert(text(count));
            set.insert(text(count / 2));
            assert!((0..=count).all(|number| set.contains(&text(number))), "{count}");
        }
    }

    #[test]
    fn a_set_holds_each_text_once() {
        let set: Texts = ["b", "a", "b", ""].map(Box::from).into_iter().collect();
        assert_eq!(set.sorted(), ["", "a", "b"]);
        assert!(set.contains("a") && set.contains("") && !set.contains("c"));
        assert!(!Texts::default().contains(""));
        let alike: Texts = [Box::from("abc1defg")].into_iter().collect();
        assert!(alike.contains("abc1defg") && !alike.contains("abc2defg"));
        let same: Texts = ["", "a", "b"].map(Box::from).into_iter().collect();
        assert_eq!(set, same);
        assert_ne!(set, Texts::default());
        assert_ne!(Texts::default(), set);
    }
}
