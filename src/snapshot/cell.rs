//! The place of one environment in memory: read without a lock, replaced whole, and watched.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::image::Image;
use crate::domain::images::Head;

/// One environment's cell.
#[derive(Debug)]
pub struct Cell {
    /// The environment's id.
    pub id: String,
    /// Its project's key.
    pub project: String,
    /// Its key.
    pub environment: String,
    image: ArcSwap<Image>,
    head: watch::Sender<Head>,
}

impl Cell {
    /// A cell with its first image.
    #[must_use]
    pub fn new(id: &str, project: &str, environment: &str, image: Image) -> Cell {
        let (head, _) = watch::channel(image.head.clone());
        Cell {
            id: id.to_owned(),
            project: project.to_owned(),
            environment: environment.to_owned(),
            image: ArcSwap::from_pointee(image),
            head,
        }
    }

    /// `project/environment`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.project, self.environment)
    }

    /// The image now. Load once per request: two loads may straddle two revisions.
    #[must_use]
    pub fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }

    /// Where the image stands, with news of every swap.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Puts a later image in place, then tells those who watch.
    pub(super) fn swap(&self, image: Image) {
        let head = image.head.clone();
        self.image.store(Arc::new(image));
        self.head.send_replace(head);
    }
}
