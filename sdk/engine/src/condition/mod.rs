//! [`Condition`]: the compiled tree of a `when`, which can be printed, explained and compared.
//!
//! Must not evaluate; `evaluate` walks it.

mod print;
mod read;

use crate::operator::Test;
use crate::reference::{By, Reference};

pub(crate) use print::{print, print_draw, print_range};
pub(crate) use read::{read, read_draw, read_percentage};

/// Which of a document's mentions of flags, segments and layers.
pub(crate) type MentionIndex = u32;

/// A condition with parsed operands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
    Attribute {
        attribute: Reference,
        test: Test,
    },
    Segment(MentionIndex),
    /// Which flag; its variants stand with the mention.
    Flag(MentionIndex),
    Percentage(Gate),
}

/// A range of buckets, and what draws the bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gate {
    pub(crate) range: Range,
    pub(crate) draw: Draw,
}

/// A half-open range of buckets, in thousandths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// Where unit and salt come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Draw {
    /// The salt of the flag or segment, and these attributes.
    Own(By),
    /// Both from a layer.
    Layer(MentionIndex),
}

impl Condition {
    /// The conditions of the tree that are no `all`, `any` or `not`.
    pub(crate) fn each_leaf<'c>(&'c self, visit: &mut impl FnMut(&'c Self)) {
        match self {
            Self::All(inner) | Self::Any(inner) => {
                inner.iter().for_each(|condition| condition.each_leaf(visit));
            }
            Self::Not(inner) => inner.each_leaf(visit),
            leaf => visit(leaf),
        }
    }

    /// Whether a percentage stands in the tree itself, segments not expanded.
    pub(crate) fn has_percentage(&self) -> bool {
        let mut found = false;
        self.each_leaf(&mut |leaf| found |= matches!(leaf, Self::Percentage(_)));
        found
    }

    /// The segments that the tree names.
    pub(crate) fn segments(&self) -> Box<[MentionIndex]> {
        let mut found = Vec::new();
        self.each_leaf(&mut |leaf| {
            if let Self::Segment(mention) = leaf {
                found.push(*mention);
            }
        });
        found.into()
    }

    /// Appends the milliseconds at which the tree may begin to answer otherwise.
    pub(crate) fn borders(&self, out: &mut Vec<i64>) {
        self.each_leaf(&mut |leaf| {
            if let Self::Attribute { attribute: Reference::Now, test } = leaf {
                test.borders(out);
            }
        });
    }
}
