//! One environment as memory holds it at one revision. Immutable; everything a request reads comes from one of these.

use std::sync::{Arc, OnceLock};

use pennon_engine::{Change, Snapshot};

use super::answer::Answer;
use crate::domain::images::Head;

/// One environment at one revision.
#[derive(Debug)]
pub struct Image {
    /// Where its history stands.
    pub head: Head,
    /// The compiled snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Answers by flag, sorted by key.
    answers: Vec<(Box<str>, Arc<Answer>)>,
    json: OnceLock<bytes::Bytes>,
}

impl Image {
    /// Prepares the answers of a snapshot.
    #[must_use]
    pub fn new(head: Head, snapshot: Snapshot) -> Image {
        let mut answers: Vec<(Box<str>, Arc<Answer>)> = snapshot
            .flags()
            .map(|flag| (flag.flag().key().into(), Arc::new(Answer::new(flag.flag()))))
            .collect();
        answers.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Image { head, snapshot: Arc::new(snapshot), answers, json: OnceLock::new() }
    }

    /// The next image: what did not change is shared.
    #[must_use]
    pub fn next(&self, head: Head, change: Change) -> Image {
        let mut answers = self.answers.clone();
        for (key, flag) in &change.flags {
            let place = answers.binary_search_by(|(own, _)| (**own).cmp(key.as_str()));
            match (place, flag) {
                (Ok(at), None) => {
                    answers.remove(at);
                }
                (Ok(at), Some(flag)) => {
                    if let Some(slot) = answers.get_mut(at) {
                        slot.1 = Arc::new(Answer::new(flag));
                    }
                }
                (Err(at), Some(flag)) => {
                    answers.insert(at, (key.as_str().into(), Arc::new(Answer::new(flag))));
                }
                (Err(_), None) => {}
            }
        }
        let old = self.snapshot.meta();
        let meta = pennon_engine::Meta {
            epoch: head.epoch,
            revision: head.revision,
            project: old.project.clone(),
            environment: old.environment.clone(),
        };
        let snapshot = Arc::new(self.snapshot.with(meta, change));
        Image { head, snapshot, answers, json: OnceLock::new() }
    }

    /// The prepared answer of a flag.
    #[must_use]
    pub fn answer(&self, key: &str) -> Option<&Answer> {
        let at = self.answers.binary_search_by(|(own, _)| (**own).cmp(key)).ok()?;
        self.answers.get(at).map(|(_, answer)| &**answer)
    }

    /// All prepared answers, by key.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &Answer)> {
        self.answers.iter().map(|(key, answer)| (&**key, &**answer))
    }

    /// The snapshot document, serialised once.
    pub fn json(&self) -> &bytes::Bytes {
        self.json.get_or_init(|| bytes::Bytes::from(self.snapshot.to_json()))
    }
}
