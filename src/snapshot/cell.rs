//! The place of one environment in memory: read without a lock, replaced whole, and watched.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::answer::Answer;
use super::image::Image;
use crate::domain::images::Head;
use crate::domain::tally::Count;

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
    /// Answers that were replaced, by their flags' keys, as long as a request may still count on them.
    retired: Mutex<Vec<(Box<str>, Arc<Answer>)>>,
    /// For who has written and waits to see it served: told before the many who listen, whose answers would come first.
    head: watch::Sender<Head>,
    news: watch::Sender<News>,
}

/// What those who watch an environment are told: never what changed, only that it did. Who is slow misses nothing by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Where the image stands.
    pub head: Head,
    /// The millisecond of the last border that time has passed: answers may differ although no revision does. 0 for none.
    pub border: i64,
    /// How often keys have changed.
    pub keys: u64,
    /// The environment has left this node.
    pub gone: bool,
}

impl Cell {
    /// A cell with its first image.
    #[must_use]
    pub fn new(id: &str, project: &str, environment: &str, image: Image) -> Cell {
        let (head, _) = watch::channel(image.head.clone());
        let (news, _) = watch::channel(News { head: image.head.clone(), border: 0, keys: 0, gone: false });
        Cell {
            id: id.to_owned(),
            project: project.to_owned(),
            environment: environment.to_owned(),
            image: ArcSwap::from_pointee(image),
            retired: Mutex::default(),
            head,
            news,
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

    /// News of every swap and of whatever else listeners need to look at. Subscribe first, then load the image.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Where the image stands, told before anything else is.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Tells that time has passed a border, at a millisecond.
    pub fn pass(&self, border: i64) {
        self.news.send_modify(|news| news.border = border);
    }

    /// Puts a later image in place, then tells those who watch.
    pub(super) fn swap(&self, image: Image) {
        let head = image.head.clone();
        let image = Arc::new(image);
        let old = self.image.swap(Arc::clone(&image));
        self.retire(&old, &image);
        self.head.send_replace(head.clone());
        self.news.send_modify(|news| news.head = head);
    }

    /// Keeps what only the old image has until what was counted there is taken away.
    fn retire(&self, old: &Image, new: &Image) {
        let is_shared = |key: &str, answer: &Arc<Answer>| {
            new.answer(key).is_some_and(|own| std::ptr::eq(own, Arc::as_ptr(answer)))
        };
        let gone = old.answers().filter(|(key, answer)| !is_shared(key, answer));
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.extend(gone.map(|(key, answer)| (Box::from(key), Arc::clone(answer))));
    }

    /// Gives away what was evaluated since the last time.
    pub(super) fn drain(&self, take: &mut dyn FnMut(Count<'_>)) {
        let mut give = |flag: &str, answer: &Answer| {
            answer.drain(|source, variant, outcome, count| {
                let environment_id = self.id.as_str();
                take(Count { environment_id, flag, variant, outcome, source, count: count.into() });
            });
        };
        let image = self.image();
        image.answers().for_each(|(key, answer)| give(key, answer));
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.retain(|(key, answer)| {
            // Looked at first: who let go of it before has counted before.
            let is_held = Arc::strong_count(answer) > 1;
            fence(Ordering::Acquire);
            give(key, answer);
            is_held
        });
    }

    /// Tells that keys have changed: whoever was let in by one looks again.
    pub(super) fn keys_changed(&self) {
        self.news.send_modify(|news| news.keys += 1);
    }

    /// Tells that the environment has left.
    pub(super) fn close(&self) {
        self.news.send_modify(|news| news.gone = true);
    }
}
