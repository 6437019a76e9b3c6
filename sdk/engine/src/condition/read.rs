//! Reads conditions.
//!
//! Must not ignore an unknown member: dropped targeting would reach the wrong people.

use super::{Condition, Draw, Gate, Range};
use crate::document::draft::Draft;
use crate::document::mention::Kind;
use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind as JsonKind, Node};
use crate::limits;
use crate::operator;
use crate::read::{self, Members, Shape};
use crate::reference::{self, Place};

const FORMS: [(&str, Shape); 7] = [
    ("all", shape(&["all"])),
    ("any", shape(&["any"])),
    ("not", shape(&["not"])),
    ("attribute", shape(&["attribute", "op", "values", "ignoreCase"])),
    ("segment", shape(&["segment"])),
    ("flag", shape(&["flag", "variants"])),
    ("percentage", shape(&["percentage", "by", "layer"])),
];

const fn shape(known: &'static [&'static str]) -> Shape {
    Shape { noun: "a condition", known, closed: true, nullable: false }
}

/// Reads one condition and all below it.
pub(crate) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<Condition> {
    at_depth(node, 1, draft)
}

fn at_depth(node: &Node<'_>, depth: usize, draft: &mut Draft) -> Option<Condition> {
    if depth > limits::CONDITION_DEPTH {
        let detail = format!("conditions may be nested at most {} deep", limits::CONDITION_DEPTH);
        draft.problems.push(IssueCode::TooDeep, detail);
        return None;
    }
    let Some(present) = node.members() else {
        read::wrong_type(node, "a condition", &mut draft.problems);
        return None;
    };
    let form = FORMS.iter().find(|form| present.iter().any(|member| member.name.value == form.0));
    let Some((form, shape)) = form else {
        let detail =
            "a condition has one of the members all, any, not, attribute, segment, flag and percentage";
        draft.problems.push(IssueCode::MissingMember, detail);
        return None;
    };
    let members = read::members(node, shape, &mut draft.problems)?;
    match *form {
        "all" => branches(&members, "all", depth, draft).map(Condition::All),
        "any" => branches(&members, "any", depth, draft).map(Condition::Any),
        "not" => {
            let inner = members.get("not")?;
            draft
                .within("not", |draft| at_depth(inner, depth + 1, draft))
                .map(|inner| Condition::Not(Box::new(inner)))
        }
        "attribute" => attribute(&members, draft),
        "segment" => segment(&members, draft),
        "flag" => flag(&members, draft),
        _ => percentage(&members, draft),
    }
}

fn branches(
    members: &Members<'_, '_>,
    name: &str,
    depth: usize,
    draft: &mut Draft,
) -> Option<Box<[Condition]>> {
    let node = members.get(name)?;
    draft.within(name, |draft| {
        let items = read::list(node, &mut draft.problems)?;
        let mut found = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            found.extend(draft.within(at, |draft| at_depth(item, depth + 1, draft)));
        }
        Some(found.into())
    })
}

fn attribute(members: &Members<'_, '_>, draft: &mut Draft) -> Option<Condition> {
    let problems = &mut draft.problems;
    let attribute = members
        .need("attribute", problems, |node, problems| reference::read_one(node, Place::Condition, problems));
    let test = operator::read(members, problems);
    Some(Condition::Attribute { attribute: attribute?, test: test? })
}

fn segment(members: &Members<'_, '_>, draft: &mut Draft) -> Option<Condition> {
    let key = members.need("segment", &mut draft.problems, read::string)?;
    Some(Condition::Segment(draft.mention(Kind::Segment, "segment", key, Box::default())))
}

fn flag(members: &Members<'_, '_>, draft: &mut Draft) -> Option<Condition> {
    draft.flag_reference(members).map(Condition::Flag)
}

fn percentage(members: &Members<'_, '_>, draft: &mut Draft) -> Option<Condition> {
    let range = members.need("percentage", &mut draft.problems, range);
    let draw = read_draw(members, draft);
    Some(Condition::Percentage(Gate { range: range?, draw: draw? }))
}

/// Reads `by` or `layer`, beside a percentage or a split.
pub(crate) fn read_draw(members: &Members<'_, '_>, draft: &mut Draft) -> Option<Draw> {
    let Some(layer) = members.get("layer") else {
        if members.get("by").is_none() {
            return Some(Draw::Own(reference::default_by()));
        }
        let read = |node: &Node<'_>, problems: &mut Problems| reference::read_by(node, Place::Draw, problems);
        return members.read("by", &mut draft.problems, read).map(Draw::Own);
    };
    if members.get("by").is_some() {
        draft.problems.push_at(
            "layer",
            IssueCode::Conflict,
            "a layer brings its own by; leave one of the two out",
        );
    }
    let key = draft.within("layer", |draft| read::string(layer, &mut draft.problems))?;
    Some(Draw::Layer(draft.mention(Kind::Layer, "layer", key, Box::default())))
}

fn range(node: &Node<'_>, problems: &mut Problems) -> Option<Range> {
    let JsonKind::Array(items) = &node.kind else {
        return read_percentage(node, problems).map(|to| Range { from: 0, to });
    };
    let [from, to] = items.as_slice() else {
        problems.push(IssueCode::InvalidPercentage, "a range of percentages is written [from, to]");
        return None;
    };
    let from = problems.within(0, |problems| read_percentage(from, problems));
    let to = problems.within(1, |problems| read_percentage(to, problems));
    let range = Range { from: from?, to: to? };
    if range.from > range.to {
        problems.push(IssueCode::InvalidPercentage, "a range of percentages may not end before it begins");
        return None;
    }
    Some(range)
}

/// Reads a percentage as thousandths of a percent.
pub(crate) fn read_percentage(node: &Node<'_>, problems: &mut Problems) -> Option<u32> {
    const TOLERANCE: f64 = 1e-6;
    let percent = read::number(node, problems)?;
    let exact = percent * 1_000.0;
    let rounded = (exact + 0.5).floor();
    let found = read::exact(rounded).and_then(|value| u32::try_from(value).ok());
    let found = found.filter(|value| {
        (0.0..=100.0).contains(&percent) && *value <= limits::WHOLE && (exact - rounded).abs() <= TOLERANCE
    });
    if found.is_none() {
        let detail = "a percentage is a number from 0 to 100 with at most three decimals";
        problems.push(IssueCode::InvalidPercentage, detail);
    }
    found
}
