//! Everything an environment serves, read in one transaction and compiled: what memory starts from.

use std::sync::Arc;

use pennon_engine::{Flag, Layer, Meta, Reading, Segment, Snapshot};

use super::environment::Position;
use super::shared::Kind;
use super::{StoreError, Tx, flag, shared};
use crate::domain::flag::{combined, served_document};
use crate::domain::json::Members;

/// Reads and compiles an environment at the position it has in this transaction.
pub async fn load(tx: &mut Tx, at: &Position) -> Result<Snapshot, StoreError> {
    let served = flag::served(tx, &at.id).await?;
    let segments = documents(tx, &at.project_id, Kind::Segment).await?;
    let layers = documents(tx, &at.project_id, Kind::Layer).await?;
    let meta = meta(&at.project, &at.key, at.epoch, at.revision);
    // Ten thousand flags take long enough to keep others waiting.
    let compiled = tokio::task::spawn_blocking(move || compile(meta, &served, segments, layers));
    compiled.await.map_err(|error| StoreError::Corrupt(error.to_string()))?
}

fn compile(
    meta: Meta,
    served: &[flag::Served],
    segment_texts: Vec<(String, String)>,
    layer_texts: Vec<(String, String)>,
) -> Result<Snapshot, StoreError> {
    let mut flags = Vec::with_capacity(served.len());
    for served in served {
        let definition = stored(&served.definition)?;
        let configuration = stored(&served.configuration)?;
        let text = combined(&served.key, served.version, &definition, &configuration);
        flags.push(Arc::new(Flag::parse(&served.key, &text, Reading::Lenient)));
    }
    let mut segments = Vec::new();
    for (key, text) in segment_texts {
        segments.push(Arc::new(Segment::parse(&key, &text, Reading::Lenient)));
    }
    let mut layers = Vec::new();
    for (key, text) in layer_texts {
        layers.push(Arc::new(Layer::parse(&key, &text, Reading::Lenient)));
    }
    Ok(Snapshot::build(meta, flags, segments, layers))
}

/// Reads a stored document.
pub fn stored(text: &str) -> Result<Members, StoreError> {
    Members::parse_shallow(text).map_err(|issue| StoreError::Corrupt(issue.detail))
}

/// Where a snapshot stands.
#[must_use]
pub fn meta(project: &str, environment: &str, epoch: i64, revision: i64) -> Meta {
    Meta { epoch, project: project.to_owned(), environment: environment.to_owned(), revision }
}

async fn documents(tx: &mut Tx, project_id: &str, kind: Kind) -> Result<Vec<(String, String)>, StoreError> {
    let rows = shared::all(tx, project_id, kind).await?;
    rows.into_iter().map(|row| Ok((row.key, served_document(&stored(&row.document)?).to_text()))).collect()
}
