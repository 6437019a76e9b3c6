//! [`Override`]: a tripped kill switch, compiled into the flags it covers.

use super::read::{list_by, variant_index};
use super::variant::Variant;
use crate::bucket::Salt;
use crate::condition::{Range, print_range, read_percentage};
use crate::issue::Problems;
use crate::json::node::Node;
use crate::json::text;
use crate::read::{self, Shape};
use crate::reference::{By, print_by};

const SHAPE: Shape = Shape {
    noun: "an override",
    known: &["variant", "percentage", "salt", "by", "cause"],
    closed: true,
    nullable: false,
};

/// A gate with the switch's own salt, before anything else of an enabled flag.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Override {
    pub(crate) variant: u32,
    pub(crate) range: Range,
    pub(crate) salt: Salt,
    pub(crate) by: By,
    pub(crate) cause: Box<str>,
}

impl Override {
    pub(super) fn read(node: &Node<'_>, variants: &[Variant], problems: &mut Problems) -> Option<Self> {
        let members = read::members(node, &SHAPE, problems)?;
        let variant =
            members.need("variant", problems, |node, problems| variant_index(node, variants, problems));
        let to = members.need("percentage", problems, read_percentage);
        let salt = members.need("salt", problems, read::string);
        let cause = members.need("cause", problems, read::string);
        let by = list_by(&members, problems);
        let range = Range { from: 0, to: to? };
        Some(Self { variant: variant?, range, salt: Salt::new(salt?), by: by?, cause: cause?.into() })
    }

    pub(super) fn print(&self, out: &mut String, variant: &str) {
        out.push_str("{\"variant\":");
        text::quote(out, variant);
        out.push_str(",\"percentage\":");
        print_range(out, self.range);
        out.push_str(",\"salt\":");
        text::quote(out, self.salt.as_str());
        print_by(out, &self.by);
        out.push_str(",\"cause\":");
        text::quote(out, &self.cause);
        out.push('}');
    }
}
