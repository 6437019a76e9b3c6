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
    compiled.await.map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn compile(
    meta: Meta,
    served: &[flag::Served],
    segment_texts: Vec<(String, String)>,
    layer_texts: Vec<(String, String)>,
) -> Snapshot {
    let mut flags = Vec::with_capacity(served.len());
    for served in served {
        let text = flag_text(served);
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
    Snapshot::build(meta, flags, segments, layers)
}

/// What a snapshot carries of a flag. A row that cannot be read breaks its own flag alone: the unreadable text goes
/// to the engine as it is, which tells what is wrong with it.
fn flag_text(served: &flag::Served) -> String {
    match (stored(&served.definition), stored(&served.configuration)) {
        (Ok(definition), Ok(configuration)) => {
            combined(&served.key, served.version, &definition, &configuration)
        }
        (Err(_), _) => served.definition.clone(),
        (_, Err(_)) => served.configuration.clone(),
    }
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
    // One that cannot be read is given to the engine as it is, and breaks alone.
    let text = |row: &shared::Shared| {
        stored(&row.document)
            .map_or_else(|_| row.document.clone(), |document| served_document(&document).to_text())
    };
    Ok(rows.into_iter().map(|row| (row.key.clone(), text(&row))).collect())
}

#[cfg(test)]
mod tests {
    use super::{compile, flag, meta};

    #[test]
    fn a_row_that_cannot_be_read_breaks_itself_alone() {
        let served = |key: &str, definition: &str, configuration: &str| flag::Served {
            key: key.to_owned(),
            version: 1,
            definition: definition.to_owned(),
            configuration: configuration.to_owned(),
        };
        let definition = r#"{"type":"boolean","variants":{"on":true,"off":false},"salt":"s"}"#;
        let configuration = r#"{"enabled":false,"offVariant":"off","fallthrough":{"variant":"on"}}"#;
        let rows = [
            served("good", definition, configuration),
            served("one", "", configuration),
            served("two", definition, "[1,"),
            served("three", definition, r#"{"enabled":true,"enabled":false}"#),
        ];
        let segments = vec![("torn".to_owned(), "{\"inc".to_owned())];
        let snapshot = compile(meta("p", "e", 1, 1), &rows, segments, Vec::new());
        let broken: Vec<&str> = snapshot.broken().map(|broken| broken.key).collect();
        assert_eq!(snapshot.flags().len(), 4);
        for key in ["one", "two", "three", "torn"] {
            assert!(broken.contains(&key), "{key}: {broken:?}");
        }
        assert!(!broken.contains(&"good"), "{broken:?}");
    }
}
