//! [`Target`]: units that are served one variant, whatever the rules say.

use super::read::variant_index;
use super::units::Units;
use super::variant::Variant;
use crate::issue::{IssueCode, Problems};
use crate::json::node::Node;
use crate::json::text;
use crate::read::{self, Shape};
use crate::reference::{self, Place, Reference};

const SHAPE: Shape =
    Shape { noun: "a target", known: &["by", "values", "variant"], closed: false, nullable: false };

/// One list of units and what they are served.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) by: Reference,
    pub(crate) units: Units,
    pub(crate) variant: u32,
}

impl Target {
    pub(super) fn read(node: &Node<'_>, variants: &[Variant], problems: &mut Problems) -> Option<Self> {
        let members = read::members(node, &SHAPE, problems)?;
        let by = match members.get("by") {
            None => Some(Reference::TargetingKey),
            Some(_) => members
                .read("by", problems, |node, problems| reference::read_one(node, Place::List, problems)),
        };
        let units = members.need("values", problems, Units::read);
        if units.as_ref().is_some_and(Units::is_empty) {
            problems.push_at("values", IssueCode::Empty, "a target lists at least one unit");
        }
        let variant =
            members.need("variant", problems, |node, problems| variant_index(node, variants, problems));
        Some(Self { by: by?, units: units?, variant: variant? })
    }

    pub(super) fn print(&self, out: &mut String, variant: &str) {
        out.push_str("{\"by\":");
        text::quote(out, self.by.as_str());
        out.push_str(",\"values\":");
        self.units.print(out);
        out.push_str(",\"variant\":");
        text::quote(out, variant);
        out.push('}');
    }
}
