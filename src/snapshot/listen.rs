//! Turns the hints of other nodes into wake-ups. Loses nothing by being late or away: the poll is the truth.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::sync::{Sync, jittered};
use crate::store::listen::{Hint, Listener};
use crate::store::{Db, StoreError};

/// First and longest pause before the listener connects again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Listens until cancelled.
pub async fn run(db: Db, sync: Sync, stop: CancellationToken) {
    let mut pause = BACKOFF.0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            outcome = listen(&db, &sync, &mut pause) => match outcome {
                Ok(()) => return,
                Err(error) => debug!(error = %error, "the listener was lost; polling goes on"),
            },
        }
        // Whatever was announced meanwhile is lost: look now.
        sync.wake();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(BACKOFF.1);
    }
}

/// Ok where there is nobody to listen to.
async fn listen(db: &Db, sync: &Sync, pause: &mut Duration) -> Result<(), StoreError> {
    let Some(mut listener) = Listener::connect(db).await? else { return Ok(()) };
    *pause = BACKOFF.0;
    // Subscribe first, then resync: what came in between is seen by one of the two.
    sync.wake();
    loop {
        match listener.next().await? {
            Hint::Changed(_) => sync.wake(),
            Hint::Resync => {
                warn!("the listener reconnected; reading everything again");
                sync.wake();
            }
        }
    }
}
