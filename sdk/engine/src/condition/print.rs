//! Prints conditions in canonical form: defaults left out, operands as they were understood.

use super::{Condition, Draw, Range};
use crate::document::mention::Mention;
use crate::json::text;
use crate::reference::print_by;

/// Appends a condition; `mentions` are those of its document.
pub(crate) fn print(out: &mut String, condition: &Condition, mentions: &[Mention]) {
    match condition {
        Condition::All(inner) => branches(out, "all", inner, mentions),
        Condition::Any(inner) => branches(out, "any", inner, mentions),
        Condition::Not(inner) => {
            out.push_str("{\"not\":");
            print(out, inner, mentions);
            out.push('}');
        }
        Condition::Attribute { attribute, test } => {
            out.push_str("{\"attribute\":");
            text::quote(out, attribute.as_str());
            out.push(',');
            test.print(out);
            out.push('}');
        }
        Condition::Segment(mention) => {
            out.push_str("{\"segment\":");
            text::quote(out, key(mentions, *mention));
            out.push('}');
        }
        Condition::Flag(mention) => {
            if let Some(mention) = mentions.get(*mention as usize) {
                mention.print_flag(out);
            }
        }
        Condition::Percentage(gate) => {
            out.push_str("{\"percentage\":");
            print_range(out, gate.range);
            print_draw(out, &gate.draw, mentions);
            out.push('}');
        }
    }
}

fn branches(out: &mut String, name: &str, inner: &[Condition], mentions: &[Mention]) {
    out.push('{');
    text::quote(out, name);
    out.push(':');
    text::list(out, inner, |out, condition| print(out, condition, mentions));
    out.push('}');
}

fn key(mentions: &[Mention], mention: u32) -> &str {
    mentions.get(mention as usize).map_or("", |mention| &mention.key)
}

/// Appends a range: one number when it begins at 0.
pub(crate) fn print_range(out: &mut String, range: Range) {
    if range.from == 0 {
        percent(out, range.to);
    } else {
        text::list(out, [range.from, range.to], percent);
    }
}

/// Appends `,"by":…` or `,"layer":…`.
pub(crate) fn print_draw(out: &mut String, draw: &Draw, mentions: &[Mention]) {
    match draw {
        Draw::Own(by) => print_by(out, by),
        Draw::Layer(mention) => {
            out.push_str(",\"layer\":");
            text::quote(out, key(mentions, *mention));
        }
    }
}

fn percent(out: &mut String, thousandths: u32) {
    text::number(out, f64::from(thousandths) / 1_000.0);
}
