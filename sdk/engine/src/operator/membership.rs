//! [`Membership`]: the values of `in`, as hash sets.
//!
//! Must not compare across JSON types: `"1"` is not `1`, and `true` is no number.

use std::hash::{Hash, Hasher};

use hashbrown::{Equivalent, HashSet};

use super::{Atom, Case, fold::folded};
use crate::json::text;
use crate::texts::Texts;

/// What an `in` lists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Membership {
    strings: Strings,
    /// The bits of finite doubles; -0 was made 0 when it was read, so equal numbers have equal bits.
    numbers: HashSet<u64>,
    yes: bool,
    no: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Strings {
    Exact(Texts),
    Ignored(HashSet<Folded>),
}

/// A lower-cased string, hashed code point by code point so that a text can be sought without being copied.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folded(Box<str>);

impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.chars().for_each(|letter| letter.hash(state));
    }
}

/// A text to be sought by its lower case.
struct Folding<'a>(&'a str);

impl Hash for Folding<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        folded(self.0).for_each(|letter| letter.hash(state));
    }
}

impl Equivalent<Folded> for Folding<'_> {
    fn equivalent(&self, key: &Folded) -> bool {
        folded(self.0).eq(key.0.chars())
    }
}

impl Membership {
    pub(crate) fn new(case: Case) -> Self {
        let strings = match case {
            Case::Exact => Strings::Exact(Texts::default()),
            Case::Ignored => Strings::Ignored(HashSet::new()),
        };
        Self { strings, numbers: HashSet::new(), yes: false, no: false }
    }

    pub(crate) fn insert(&mut self, atom: Atom<'_>) {
        match atom {
            Atom::Text(text) => match &mut self.strings {
                Strings::Exact(set) => set.insert(text.into()),
                Strings::Ignored(set) => drop(set.insert(Folded(folded(text).collect::<String>().into()))),
            },
            Atom::Number(number) => drop(self.numbers.insert(number.to_bits())),
            Atom::Bool(true) => self.yes = true,
            Atom::Bool(false) => self.no = true,
            Atom::Other => {}
        }
    }

    #[inline]
    pub(super) fn holds(&self, atom: Atom<'_>) -> bool {
        match atom {
            Atom::Text(text) => match &self.strings {
                Strings::Exact(set) => set.contains(text),
                Strings::Ignored(set) => set.contains(&Folding(text)),
            },
            Atom::Number(number) => self.numbers.contains(&number.to_bits()),
            Atom::Bool(value) => (value && self.yes) || (!value && self.no),
            Atom::Other => false,
        }
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.numbers.iter().map(|bits| f64::from_bits(*bits))
    }

    /// Appends the values, sorted, and gives the case.
    pub(super) fn print(&self, out: &mut String) -> Case {
        let (mut strings, case): (Vec<&str>, Case) = match &self.strings {
            Strings::Exact(set) => (set.sorted(), Case::Exact),
            Strings::Ignored(set) => (set.iter().map(|text| &*text.0).collect(), Case::Ignored),
        };
        strings.sort_unstable();
        let mut numbers: Vec<f64> = self.numbers().collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let flags = [(self.no, "false"), (self.yes, "true")];
        let flags = flags.into_iter().filter(|flag| flag.0).map(|flag| flag.1.to_owned());
        let numbers = numbers.into_iter().map(|number| {
            let mut out = String::new();
            text::number(&mut out, number);
            out
        });
        let strings = strings.into_iter().map(|string| {
            let mut out = String::new();
            text::quote(&mut out, string);
            out
        });
        text::list(out, flags.chain(numbers).chain(strings), |out, value| out.push_str(&value));
        case
    }
}
