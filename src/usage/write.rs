//! Batches written in one transaction: which of them are new, and what those come to. Together or not at all, so that what was
//! acknowledged is there once.

use super::batch::Batch;
use super::merged::Merged;
use crate::store::event_session::{self, Place};
use crate::store::{Db, StoreError};

/// From so many rows on, aggregating takes long enough to keep others waiting for the thread.
const LARGE: usize = 1_000;

/// Writes batches, of which no two are of one session; answers for each whether it is new.
pub async fn write(db: &Db, batches: &[&Batch]) -> Result<Vec<bool>, StoreError> {
    let mut tx = db.begin().await?;
    let now = tx.now().await?;
    let places: Vec<Place<'_>> = batches
        .iter()
        .map(|batch| Place(&batch.environment_id, batch.trust.stored(), &batch.session, batch.sequence))
        .collect();
    let is_new = event_session::take(&mut tx, &places, now).await?;
    let new: Vec<&Batch> =
        batches.iter().zip(&is_new).filter(|(_, is_new)| **is_new).map(|(batch, _)| *batch).collect();
    if new.is_empty() {
        tx.rollback().await?;
        return Ok(is_new);
    }
    let rows: usize = new.iter().map(|batch| batch.weight()).sum();
    let merge = || Merged::of(&new, now);
    let merged = if rows > LARGE { tokio::task::block_in_place(merge) } else { merge() };
    merged.store(&mut tx, now).await?;
    tx.commit().await?;
    Ok(is_new)
}
