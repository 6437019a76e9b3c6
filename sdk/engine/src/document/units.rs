//! [`Units`]: a list of units, sought by hash.

use crate::issue::Problems;
use crate::json::node::Node;
use crate::json::text;
use crate::read;
use crate::texts::Texts;
use crate::unit;

/// Units of a target or of a segment's list.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Units(Texts);

impl Units {
    pub(crate) fn contains(&self, unit: &str) -> bool {
        self.0.contains(unit)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let items = read::values(node, problems)?;
        Some(Self(read::each(items, problems, unit::read_unit).into_iter().collect()))
    }

    /// Appends the list, sorted.
    pub(super) fn print(&self, out: &mut String) {
        text::list(out, self.0.sorted(), text::quote);
    }
}
