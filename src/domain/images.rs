//! A view of the memory image for those who may not depend on it: validation starts from what memory already holds.

use std::sync::Arc;

/// Where an environment's history stands: epochs order before revisions, and the change's id tells two histories apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Milliseconds at which this line of history began.
    pub epoch: i64,
    /// Grows by one with every committed change.
    pub revision: i64,
    /// The id of the last change that was applied.
    pub change: String,
}

/// Gives the compiled snapshot of an environment, if this node holds one.
pub trait Images: Send + Sync {
    /// The snapshot of the environment with this id, and the head it was built at.
    fn image(&self, environment_id: &str) -> Option<(Head, Arc<pennon_engine::Snapshot>)>;
}

/// A node without memory: everything is read from the database.
#[derive(Debug, Clone, Copy)]
pub struct NoImages;

impl Images for NoImages {
    fn image(&self, _: &str) -> Option<(Head, Arc<pennon_engine::Snapshot>)> {
        None
    }
}
