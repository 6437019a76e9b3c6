//! All environments that this node holds, and the verifiers of all keys.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use tokio::sync::{Notify, watch};

use super::cell::Cell;
use super::image::Image;
use crate::auth::verifiers::Verifiers;
use crate::domain::images::{Head, Images};
use crate::domain::tally::{Count, Tallies};
use crate::store::access_key::AccessKey;

/// Everything in memory.
#[derive(Debug)]
pub struct Registry {
    cells: DashMap<String, Arc<Cell>>,
    names: DashMap<(String, String), String>,
    /// The verifiers of all keys.
    pub verifiers: Verifiers,
    installation: watch::Sender<i64>,
    identity: ArcSwap<Identity>,
    swapped: Notify,
    changes: watch::Sender<u64>,
}

/// Whose environments and keys are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The installation's own key; "" for none yet.
    pub key: String,
    /// Its secret, under which the addresses of event streams are signed; "" when it is not known yet.
    pub secret: String,
}

impl Default for Registry {
    fn default() -> Self {
        let (installation, _) = watch::channel(0);
        Registry {
            identity: ArcSwap::default(),
            cells: DashMap::new(),
            names: DashMap::new(),
            verifiers: Verifiers::default(),
            installation,
            swapped: Notify::new(),
            changes: watch::channel(0).0,
        }
    }
}

impl Registry {
    /// The cell of an environment, by its id.
    #[must_use]
    pub fn cell(&self, id: &str) -> Option<Arc<Cell>> {
        self.cells.get(id).map(|entry| Arc::clone(entry.value()))
    }

    /// The cell of an environment, by the keys of its project and its own.
    #[must_use]
    pub fn named(&self, project: &str, environment: &str) -> Option<Arc<Cell>> {
        let id = self
            .names
            .get(&(project.to_owned(), environment.to_owned()))
            .map(|entry| entry.value().clone())?;
        self.cell(&id)
    }

    /// All cells, in no order.
    #[must_use]
    pub fn cells(&self) -> Vec<Arc<Cell>> {
        self.cells.iter().map(|entry| Arc::clone(entry.value())).collect()
    }

    /// Whether nothing is held at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Puts an image in place: of a new environment, or a later one of an environment that is held.
    pub(super) fn put(&self, id: &str, project: &str, environment: &str, image: Image) {
        match self.cell(id) {
            Some(cell) => cell.swap(image),
            None => {
                self.cells.insert(id.to_owned(), Arc::new(Cell::new(id, project, environment, image)));
                self.names.insert((project.to_owned(), environment.to_owned()), id.to_owned());
            }
        }
        self.swapped.notify_one();
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells when anything has changed: an environment, a key, a project.
    #[must_use]
    pub fn watch_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Completes after an image was put in place; for one waiter.
    pub async fn swapped(&self) {
        self.swapped.notified().await;
    }

    /// Takes over all keys, and has those who were let in by one looked at again.
    pub(super) fn replace_keys(&self, keys: Vec<AccessKey>) {
        self.verifiers.replace(keys);
        for cell in self.cells() {
            cell.keys_changed();
        }
    }

    /// Forgets environments that are gone; answers their ids.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) -> Vec<String> {
        let gone: Vec<Arc<Cell>> = self.cells().into_iter().filter(|cell| !keep(&cell.id)).collect();
        for cell in &gone {
            self.cells.remove(&cell.id);
            self.names.remove_if(&(cell.project.clone(), cell.environment.clone()), |_, id| *id == cell.id);
            cell.close();
        }
        gone.iter().map(|cell| cell.id.clone()).collect()
    }

    /// The identity of the installation that is held.
    #[must_use]
    pub fn identity(&self) -> Arc<Identity> {
        self.identity.load_full()
    }

    /// Notes whose environments and keys these are.
    pub(super) fn set_identity(&self, identity: Identity) {
        self.identity.store(Arc::new(identity));
    }

    /// The installation revision whose keys and environments are held.
    #[must_use]
    pub fn installation(&self) -> i64 {
        *self.installation.borrow()
    }

    /// Notes that keys and environments are held as of a revision.
    pub(super) fn set_installation(&self, revision: i64) {
        if self.installation.send_replace(revision) != revision {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Waits until an environment is held at a head or later; false when that takes too long.
    pub async fn wait_for(&self, id: &str, head: &Head, at_most: Duration) -> bool {
        // A new environment has no cell yet; it comes with the installation's revision, for which the caller waits first.
        let Some(cell) = self.cell(id) else { return false };
        let mut watch = cell.head();
        let reached = watch.wait_for(|now| (now.epoch, now.revision) >= (head.epoch, head.revision));
        let Ok(Ok(now)) = tokio::time::timeout(at_most, reached).await else { return false };
        // The same revision of another history is not what was waited for.
        (now.epoch, now.revision) != (head.epoch, head.revision) || now.change == head.change
    }

    /// Waits until keys and environments are held as of a revision or later; false when that takes too long.
    pub async fn wait_for_installation(&self, revision: i64, at_most: Duration) -> bool {
        let mut watch = self.installation.subscribe();
        matches!(tokio::time::timeout(at_most, watch.wait_for(|now| *now >= revision)).await, Ok(Ok(_)))
    }
}

impl Images for Registry {
    fn image(&self, environment_id: &str) -> Option<(Head, Arc<pennon_engine::Snapshot>)> {
        let image = self.cell(environment_id)?.image();
        Some((image.head.clone(), Arc::clone(&image.snapshot)))
    }
}

impl Tallies for Registry {
    fn drain(&self, take: &mut dyn FnMut(Count<'_>)) {
        for cell in self.cells() {
            cell.drain(take);
        }
    }
}
