//! Keeps the disk image behind memory, in a loop of its own: what is served never waits for a disk. Changes that come
//! faster than the disk are written together; what could not be written is tried again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::disk::{Disk, DiskError};
use super::registry::Registry;

/// Least time between two writes: an image is written whole, and only read when the database is away.
const EVERY: Duration = Duration::from_secs(1);
/// Pause after a write that failed (a full disk): it may pass.
const AGAIN: Duration = Duration::from_secs(10);

/// Writes images to disk.
#[derive(Debug, Clone)]
pub struct Keeper {
    disk: Disk,
    registry: Arc<Registry>,
    due: Arc<Mutex<Due>>,
    wake: Arc<Notify>,
}

/// What is to be written.
#[derive(Debug, Default)]
struct Due {
    environments: HashSet<String>,
    gone: HashSet<String>,
    keys: bool,
}

impl Keeper {
    /// A keeper whose loop does not run yet.
    #[must_use]
    pub fn new(disk: Disk, registry: Arc<Registry>) -> Keeper {
        Keeper { disk, registry, due: Arc::default(), wake: Arc::default() }
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Notes that an environment has changed.
    pub fn changed(&self, id: &str) {
        self.note(|due| {
            due.gone.remove(id);
            due.environments.insert(id.to_owned());
        });
    }

    /// Notes that an environment is gone.
    pub fn gone(&self, id: &str) {
        self.note(|due| {
            due.environments.remove(id);
            due.gone.insert(id.to_owned());
        });
    }

    /// Notes that keys have changed.
    pub fn keys_changed(&self) {
        self.note(|due| due.keys = true);
    }

    /// Runs until cancelled; what is due by then is still written.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.wake.notified() => {}
            }
            let pause = if self.write().await { EVERY } else { AGAIN };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.write().await;
    }

    fn note(&self, note: impl FnOnce(&mut Due)) {
        note(&mut self.due.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// Writes what is due; false when some of it could not be written, and is due again.
    async fn write(&self) -> bool {
        let keeper = self.clone();
        let written = tokio::task::spawn_blocking(move || keeper.write_now()).await;
        match written {
            Ok(failed) => failed.is_none_or(|error| {
                metrics::counter!(crate::telemetry::DISK_ERRORS).increment(1);
                warn!(error = %error, "the disk image could not be written: a start without the database would lack it");
                false
            }),
            Err(error) => {
                warn!(error = %error, "the disk image was not written");
                false
            }
        }
    }

    /// The last error, if there was one.
    fn write_now(&self) -> Option<DiskError> {
        let due = std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failed = None;
        for id in &due.environments {
            if let Some(Err(error)) = self.registry.cell(id).map(|cell| self.disk.write(&cell)) {
                self.changed(id);
                failed = Some(error);
            } else {
                metrics::counter!(crate::telemetry::DISK_WRITES).increment(1);
            }
        }
        for id in &due.gone {
            self.disk.remove(id);
        }
        if due.keys
            && let Err(error) =
                self.disk.write_keys(&self.registry.identity(), &self.registry.verifiers.stored())
        {
            self.keys_changed();
            failed = Some(error);
        }
        failed
    }
}
