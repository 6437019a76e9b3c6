//! One environment as memory holds it at one revision. Immutable; everything a request reads comes from one of these.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use pennon_engine::{Change, Snapshot};

use super::answer::Answer;
use super::trail::{Step, Trail};
use super::wire::Wire;
use crate::domain::images::Head;

/// One environment at one revision.
#[derive(Debug)]
pub struct Image {
    /// Where its history stands.
    pub head: Head,
    /// The compiled snapshot.
    pub snapshot: Arc<Snapshot>,
    /// When its last change was committed, microseconds by the database's clock.
    pub changed_at: i64,
    /// When it was made.
    pub made: Instant,
    /// The keys of its flags, sorted; the same ones as long as no flag comes or goes.
    keys: Arc<[Box<str>]>,
    /// The answers of its flags, in the order of the keys.
    answers: Vec<Arc<Answer>>,
    /// None: nobody has looked for what led here.
    trail: Option<Trail>,
    wire: Wire,
    json: OnceLock<Bytes>,
}

impl Image {
    /// Prepares the answers of a snapshot, of which nothing is known but what it is now.
    #[must_use]
    pub fn new(head: Head, snapshot: Snapshot) -> Image {
        let keys = snapshot.flags().map(|flag| flag.flag().key().into()).collect();
        let answers = snapshot.flags().map(|flag| Arc::new(Answer::new(flag.flag()))).collect();
        Image {
            // No change is older than the line of history that it belongs to.
            changed_at: head.epoch.saturating_mul(1_000),
            wire: Wire::after(head.revision - 1),
            head,
            snapshot: Arc::new(snapshot),
            made: Instant::now(),
            keys,
            answers,
            trail: None,
            json: OnceLock::new(),
        }
    }

    /// The same image, with what led to it and when that was.
    #[must_use]
    pub fn with_past(self, trail: Trail, changed_at: i64) -> Image {
        Image { trail: Some(trail), changed_at: changed_at.max(self.changed_at), ..self }
    }

    /// Another image of the same revision, with what led to it and when that was.
    #[must_use]
    pub fn knowing(&self, trail: Trail, changed_at: i64) -> Image {
        let same = Image {
            head: self.head.clone(),
            snapshot: Arc::clone(&self.snapshot),
            changed_at: self.changed_at,
            made: self.made,
            keys: Arc::clone(&self.keys),
            answers: self.answers.clone(),
            trail: None,
            wire: Wire::after(self.head.revision - 1),
            json: self.json.clone(),
        };
        same.with_past(trail, changed_at)
    }

    /// Whether somebody has looked for what led here: a disk image does not tell.
    #[must_use]
    pub fn knows_its_past(&self) -> bool {
        self.trail.is_some()
    }

    /// The next image: what did not change is shared.
    #[must_use]
    pub fn next(&self, head: Head, change: Change, steps: Vec<Step>, changed_at: i64) -> Image {
        let old = self.snapshot.meta();
        let meta = pennon_engine::Meta {
            epoch: head.epoch,
            revision: head.revision,
            project: old.project.clone(),
            environment: old.environment.clone(),
        };
        let mut fresh: Vec<(&str, Option<Arc<Answer>>)> = change
            .flags
            .iter()
            .map(|(key, flag)| (key.as_str(), flag.as_ref().map(|flag| Arc::new(Answer::new(flag)))))
            .collect();
        fresh.sort_unstable_by_key(|(key, _)| *key);
        let (keys, answers) = self.answered(&fresh);
        let snapshot = Arc::new(self.snapshot.with(meta, change));
        Image {
            head,
            snapshot,
            changed_at,
            made: Instant::now(),
            keys,
            answers,
            trail: self.trail.as_ref().map(|trail| trail.then(steps)),
            wire: Wire::after(self.head.revision),
            json: OnceLock::new(),
        }
    }

    /// The keys and answers after a change, which is sorted by key.
    fn answered(&self, fresh: &[(&str, Option<Arc<Answer>>)]) -> (Arc<[Box<str>]>, Vec<Arc<Answer>>) {
        let place = |key: &str| self.keys.binary_search_by(|own| (**own).cmp(key));
        if fresh.iter().all(|(key, answer)| place(key).is_ok() == answer.is_some()) {
            let mut answers = self.answers.clone();
            for (key, answer) in fresh {
                if let (Ok(at), Some(answer)) = (place(key), answer)
                    && let Some(slot) = answers.get_mut(at)
                {
                    *slot = Arc::clone(answer);
                }
            }
            return (Arc::clone(&self.keys), answers);
        }
        let is_fresh = |key: &str| fresh.binary_search_by(|(own, _)| (*own).cmp(key)).is_ok();
        let kept = self.answers().filter(|(key, _)| !is_fresh(key));
        let kept = kept.map(|(key, answer)| (Box::from(key), Arc::clone(answer)));
        let new =
            fresh.iter().filter_map(|(key, answer)| Some((Box::from(*key), Arc::clone(answer.as_ref()?))));
        let mut all: Vec<(Box<str>, Arc<Answer>)> = kept.chain(new).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (keys, answers): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        (keys.into(), answers)
    }

    /// The keys of the flags, sorted.
    #[must_use]
    pub fn keys(&self) -> &Arc<[Box<str>]> {
        &self.keys
    }

    /// The prepared answer of a flag.
    #[must_use]
    pub fn answer(&self, key: &str) -> Option<&Answer> {
        let at = self.keys.binary_search_by(|own| (**own).cmp(key)).ok()?;
        self.answers.get(at).map(|answer| &**answer)
    }

    /// All prepared answers, by key.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &Arc<Answer>)> {
        self.keys.iter().map(|key| &**key).zip(&self.answers)
    }

    /// The snapshot document, serialised once.
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| Bytes::from(self.snapshot.to_json()))
    }

    /// The same, compressed once; None when that failed.
    pub fn gzip(&self) -> Option<&Bytes> {
        self.wire.gzip(self.json())
    }

    /// The event that carries the whole document, in parts.
    pub fn put(&self) -> &[Bytes; 3] {
        self.wire.put(&self.snapshot, self.json())
    }

    /// The event that carries what changed since a revision; None when that is too long ago.
    #[must_use]
    pub fn patch(&self, from: i64) -> Option<Bytes> {
        self.wire.patch(&self.snapshot, from, || self.trail.as_ref()?.since(from))
    }

    /// The event that tells OFREP's clients to ask again.
    pub fn message(&self) -> &Bytes {
        self.wire.message(&self.snapshot, self.changed_at)
    }
}
