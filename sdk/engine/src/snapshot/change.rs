//! [`Change`]: what differs between one snapshot and the next.

use std::sync::Arc;

use super::{Meta, Snapshot};
use crate::document::{Flag, Layer, Segment};

/// Documents by key: put in, replaced, or (none) taken out. A document under another key than its own is ignored.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Flags.
    pub flags: Vec<(String, Option<Arc<Flag>>)>,
    /// Segments.
    pub segments: Vec<(String, Option<Arc<Segment>>)>,
    /// Layers.
    pub layers: Vec<(String, Option<Arc<Layer>>)>,
}

impl Snapshot {
    /// The next snapshot. What did not change is shared: the cost is parsing what changed, and linking again.
    #[must_use]
    pub fn with(&self, meta: Meta, change: Change) -> Self {
        Self::link_up(
            meta,
            self.flags.with(change.flags),
            self.segments.with(change.segments),
            self.layers.with(change.layers),
        )
    }
}
