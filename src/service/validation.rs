//! Whether an environment is still whole after a change. Validates the whole of it, under the locks, since two
//! edits that are fine alone can be wrong together. Starts from memory where memory is current, else from the database.

use std::collections::HashSet;
use std::sync::Arc;

use pennon_engine::{Broken, Change, Flag, Layer, Reading, Segment, Snapshot};

use super::Service;
use super::error::ServiceError;
use super::work::Work;
use crate::domain::issue::Issue;
use crate::store::Tx;
use crate::store::compiled::{load, meta};
use crate::store::environment::{self, Environment};

pub use crate::domain::flag::{SHARED_FOR_PEOPLE, served_document};
pub use crate::store::compiled::stored;

/// What one environment is about to hold instead.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Flags by key; None leaves the snapshot.
    pub flags: Vec<(String, Option<Arc<Flag>>)>,
    /// Segments by key.
    pub segments: Vec<(String, Option<Arc<Segment>>)>,
    /// Layers by key.
    pub layers: Vec<(String, Option<Arc<Layer>>)>,
}

impl Edit {
    /// One flag.
    #[must_use]
    pub fn flag(key: &str, flag: Option<Arc<Flag>>) -> Edit {
        Edit { flags: vec![(key.to_owned(), flag)], ..Edit::default() }
    }
}

/// Parses a flag as it was written by a person: everything wrong with it is told at once.
pub fn parse_flag(key: &str, text: &str) -> Result<Arc<Flag>, ServiceError> {
    let flag = Flag::parse(key, text, Reading::Strict);
    refuse(flag.issues())?;
    Ok(Arc::new(flag))
}

/// Refuses a document with issues.
pub fn refuse(issues: &[pennon_engine::Issue]) -> Result<(), ServiceError> {
    if issues.is_empty() {
        return Ok(());
    }
    Err(ServiceError::Invalid(issues.iter().map(Issue::from).collect()))
}

impl Service {
    /// Refuses an edit that would break anything that is whole now. Call before the environment is numbered.
    pub async fn validate(
        &self,
        work: &mut Work,
        target: &Environment,
        edit: Edit,
    ) -> Result<(), ServiceError> {
        let base = self.base(&mut work.tx, target).await?;
        let before: HashSet<(&str, String)> =
            base.broken().map(|broken| (kind_of(&broken), broken.key.to_owned())).collect();
        let own: HashSet<String> = edit.keys();
        let next = meta(&target.project_key, &target.key, target.epoch, target.revision + 1);
        let after = base.with(next, edit.into_change());
        let mut issues = Vec::new();
        for broken in after.broken() {
            let place = (kind_of(&broken), broken.key.to_owned());
            let is_own = own.contains(&format!("{}/{}", place.0, place.1));
            if is_own {
                issues.extend(broken.issues.iter().map(Issue::from));
            } else if !before.contains(&place) {
                issues.extend(broken.issues.iter().map(|issue| {
                    let at = format!("{} \"{}\"{}", place.0, place.1, in_place(&issue.pointer));
                    Issue::new("", issue.code.as_str(), format!("{at} in {}: {}", target.key, issue.detail))
                }));
            }
        }
        if issues.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(issues)) }
    }

    /// The snapshot as it is stored now: memory's, when memory is current, else read under the locks.
    async fn base(&self, tx: &mut Tx, target: &Environment) -> Result<Arc<Snapshot>, ServiceError> {
        if let Some((head, snapshot)) = self.images.image(&target.id)
            && (head.epoch, head.revision) == (target.epoch, target.revision)
            && environment::position(tx, &target.id).await?.and_then(|position| position.head)
                == Some(head.change)
        {
            return Ok(snapshot);
        }
        let position = environment::position(tx, &target.id).await?;
        match position {
            Some(position) => Ok(Arc::new(load(tx, &position).await?)),
            None => Err(ServiceError::Store(crate::store::StoreError::Missing)),
        }
    }
}

impl Edit {
    fn keys(&self) -> HashSet<String> {
        let flags = self.flags.iter().map(|(key, _)| format!("flag/{key}"));
        let segments = self.segments.iter().map(|(key, _)| format!("segment/{key}"));
        let layers = self.layers.iter().map(|(key, _)| format!("layer/{key}"));
        flags.chain(segments).chain(layers).collect()
    }

    fn into_change(self) -> Change {
        Change { flags: self.flags, segments: self.segments, layers: self.layers }
    }
}

fn kind_of(broken: &Broken<'_>) -> &'static str {
    match broken.kind {
        pennon_engine::DocumentKind::Flag => "flag",
        pennon_engine::DocumentKind::Segment => "segment",
        pennon_engine::DocumentKind::Layer => "layer",
    }
}

fn in_place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}
