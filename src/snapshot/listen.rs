//! Turns the hints of other nodes into wake-ups. Loses nothing by being late or away: the poll is the truth.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::sync::{Sync, jittered};
use crate::store::listen::{Hint, Listener};
use crate::store::{Db, StoreError};

/// First and longest pause before the listener connects again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// After so long without a hint the connection is made anew: one that died without a word looks just the same.
const SILENCE: Duration = Duration::from_mins(5);

/// Why listening ended.
enum Ended {
    /// There is nobody to listen to.
    Alone,
    /// The connection was lost, or was silent for too long.
    Lost,
}

/// Listens until cancelled.
pub async fn run(db: Db, sync: Sync, stop: CancellationToken) {
    let mut pause = BACKOFF.0;
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = listen(&db, &sync) => ended,
        };
        match ended {
            Ok(Ended::Alone) => return,
            Ok(Ended::Lost) => pause = BACKOFF.0,
            Err(error) => debug!(error = %error, "the listener could not connect; polling goes on"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(BACKOFF.1);
    }
}

async fn listen(db: &Db, sync: &Sync) -> Result<Ended, StoreError> {
    let Some(mut listener) = Listener::connect(db).await? else { return Ok(Ended::Alone) };
    // Subscribe first, then look: what came in between is seen by one of the two.
    sync.wake();
    loop {
        match tokio::time::timeout(SILENCE, listener.next()).await {
            Ok(Ok(Hint::Changed(_))) => sync.wake(),
            // Not connected anew behind our back: what is announced before it listens again would be lost unseen.
            Ok(Ok(Hint::Resync)) | Err(_) => return Ok(Ended::Lost),
            Ok(Err(error)) => {
                debug!(error = %error, "the listener was lost; polling goes on");
                return Ok(Ended::Lost);
            }
        }
    }
}
