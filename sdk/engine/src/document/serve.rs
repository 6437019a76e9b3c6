//! [`Serve`]: one variant, or a split of several.

use super::draft::Draft;
use super::mention::Mention;
use super::read::variant_index;
use super::variant::Variant;
use crate::condition::{Draw, print_draw, read_draw};
use crate::issue::{IssueCode, Problems};
use crate::json::node::Node;
use crate::json::text;
use crate::limits;
use crate::read::{self, Members, Shape};

const SHAPE: Shape = Shape {
    noun: "what is served",
    known: &["variant", "split", "by", "layer"],
    closed: true,
    nullable: false,
};
const SLOT: Shape =
    Shape { noun: "a slot of a split", known: &["variant", "weight"], closed: true, nullable: false };

/// What a rule or the fallthrough serves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Serve {
    Variant(u32),
    Split(Split),
}

/// Shares of the bucket range, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Split {
    pub(crate) shares: Box<[Share]>,
    pub(crate) draw: Draw,
}

/// A variant, and the bucket at which its share ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) variant: u32,
    pub(crate) end: u32,
}

impl Split {
    /// The variant whose share holds the bucket.
    #[inline]
    pub(crate) fn at(&self, bucket: u32) -> Option<u32> {
        self.shares.iter().find(|share| share.end > bucket).map(|share| share.variant)
    }
}

impl Serve {
    pub(super) fn read(node: &Node<'_>, variants: &[Variant], draft: &mut Draft) -> Option<Self> {
        let members = read::members(node, &SHAPE, &mut draft.problems)?;
        let problems = &mut draft.problems;
        match (members.get("variant"), members.get("split")) {
            (Some(_), None) => {
                for name in ["by", "layer"] {
                    if members.get(name).is_some() {
                        problems.push_at(name, IssueCode::Conflict, "only a split has a by or a layer");
                    }
                }
                let read = |node: &Node<'_>, problems: &mut Problems| variant_index(node, variants, problems);
                members.read("variant", problems, read).map(Self::Variant)
            }
            (None, Some(_)) => split(&members, variants, draft).map(Self::Split),
            (Some(_), Some(_)) => {
                problems.push(IssueCode::Conflict, "either one variant is served or a split, not both");
                None
            }
            (None, None) => {
                problems.push(IssueCode::MissingMember, "either a variant or a split is required");
                None
            }
        }
    }

    pub(super) fn print(&self, out: &mut String, variants: &[Variant], mentions: &[Mention]) {
        let name = |at: u32| variants.get(at as usize).map_or("", Variant::name);
        match self {
            Self::Variant(variant) => {
                out.push_str("{\"variant\":");
                text::quote(out, name(*variant));
            }
            Self::Split(split) => {
                out.push_str("{\"split\":");
                let mut before = 0;
                text::list(out, &split.shares, |out, share| {
                    out.push_str("{\"variant\":");
                    text::quote(out, name(share.variant));
                    out.push_str(",\"weight\":");
                    text::number(out, f64::from(share.end - before));
                    out.push('}');
                    before = share.end;
                });
                print_draw(out, &split.draw, mentions);
            }
        }
        out.push('}');
    }
}

fn split(members: &Members<'_, '_>, variants: &[Variant], draft: &mut Draft) -> Option<Split> {
    let shares =
        members.read("split", &mut draft.problems, |node, problems| shares(node, variants, problems));
    let draw = read_draw(members, draft);
    Some(Split { shares: shares?, draw: draw? })
}

fn shares(node: &Node<'_>, variants: &[Variant], problems: &mut Problems) -> Option<Box<[Share]>> {
    let slots = read::list(node, problems)?;
    if !read::within_limit(slots.len(), limits::SLOTS_PER_SPLIT, "slots", problems) {
        return None;
    }
    let before = problems.len();
    let mut end: u64 = 0;
    let shares = read::each(slots, problems, |node, problems| {
        let members = read::members(node, &SLOT, problems)?;
        let variant =
            members.need("variant", problems, |node, problems| variant_index(node, variants, problems));
        let weight = members.need("weight", problems, read::count)?;
        end = end.saturating_add(weight);
        Some(Share { variant: variant?, end: u32::try_from(end).unwrap_or(u32::MAX) })
    });
    if problems.len() == before && end != u64::from(limits::WHOLE) {
        let detail = format!("the weights sum to {end}; they must sum to {}", limits::WHOLE);
        problems.push(IssueCode::WeightsSum, detail);
    }
    Some(shares.into())
}
