//! [`Watchers`]: who is told when a flag may answer otherwise, because it or what it depends on changed, or a date passed.
//!
//! Must not evaluate: for whom the answer is another one is the listener's to find out.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, Ordering};

use pennon_engine::Snapshot;

use crate::image::{Image, Reach, reach};
use crate::listeners::{Listeners, Subscription};
use crate::order::Revision;

/// A flag may answer otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// The flag's key.
    pub flag: String,
    /// Of the snapshot that is served now.
    pub revision: Revision,
}

/// Who is told of flags.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    flags: Mutex<Vec<(String, Listeners<Changed>)>>,
    /// Up to when dates were told.
    told_until: AtomicI64,
}

impl Watchers {
    pub(crate) fn new(now_ms: i64) -> Self {
        Self { told_until: AtomicI64::new(now_ms), ..Self::default() }
    }

    pub(crate) fn add(&self, key: &str, call: impl Fn(&Changed) + Send + Sync + 'static) -> Subscription {
        let mut flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listeners)) = flags.iter().find(|(own, _)| own == key) {
            return listeners.add(call);
        }
        // Keys that nobody watches any more.
        flags.retain(|(_, listeners)| !listeners.is_empty());
        let listeners = Listeners::default();
        let subscription = listeners.add(call);
        flags.push((key.into(), listeners));
        subscription
    }

    /// Another snapshot is served.
    pub(crate) fn replaced(&self, old: Option<&Image>, new: &Image) {
        let changed = |key: &str| {
            let now = reach(&new.snapshot, key);
            match old {
                Some(old) => now.differs(&reach(&old.snapshot, key)),
                None => new.snapshot.flag(key).is_some(),
            }
        };
        self.tell(new, changed);
    }

    /// It is later: dates may have passed.
    pub(crate) fn passed(&self, image: &Image, now_ms: i64) {
        let from = self.told_until.fetch_max(now_ms, Ordering::Relaxed);
        if passes(&image.snapshot, from, now_ms) {
            self.tell(image, |key| {
                let reach: Reach<'_> = reach(&image.snapshot, key);
                reach.passes(from, now_ms)
            });
        }
    }

    /// The next date that may make a difference.
    pub(crate) fn next(&self, image: &Image) -> Option<i64> {
        let from = self.told_until.load(Ordering::Relaxed);
        let borders = image.snapshot.borders();
        borders.get(borders.partition_point(|border| *border <= from)).copied()
    }

    fn tell(&self, image: &Image, concerns: impl Fn(&str) -> bool) {
        let keys: Vec<String> = {
            let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
            flags.iter().map(|(key, _)| key.clone()).collect()
        };
        for key in keys.into_iter().filter(|key| concerns(key)) {
            let listeners = {
                let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
                flags.iter().find(|(own, _)| *own == key).map(|(_, listeners)| listeners.clone())
            };
            if let Some(listeners) = listeners {
                listeners.tell(&Changed { flag: key, revision: image.revision() });
            }
        }
    }
}

fn passes(snapshot: &Snapshot, from: i64, to: i64) -> bool {
    let borders = snapshot.borders();
    borders.get(borders.partition_point(|border| *border <= from)).is_some_and(|border| *border <= to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const DATE: i64 = 1_767_225_600_000;

    fn image(revision: i64, plan: &str) -> Image {
        let text = format!(
            r#"{{"epoch":1,"revision":{revision},"flags":{{
            "dated":{{"key":"dated","type":"boolean","enabled":true,"variants":{{"on":true}},"fallthrough":{{"variant":"on"}},
                "rules":[{{"id":"r","when":{{"attribute":"$now","op":"after","values":["2026-01-01T00:00:00Z"]}},"serve":{{"variant":"on"}}}}]}},
            "plan":{{"key":"plan","type":"string","enabled":true,"variants":{{"x":"{plan}"}},"fallthrough":{{"variant":"x"}}}}}}}}"#
        );
        Image::new(Snapshot::from_json(text.as_bytes()).unwrap(), 1)
    }

    fn watched() -> (Watchers, mpsc::Receiver<String>, Vec<Subscription>) {
        let (watchers, (send, told)) = (Watchers::new(DATE - 10), mpsc::channel());
        let subscriptions = ["dated", "plan", "absent"].map(|key| {
            let send = send.clone();
            watchers.add(key, move |change| drop(send.send(format!("{} {}", change.flag, change.revision))))
        });
        (watchers, told, subscriptions.into())
    }

    #[test]
    fn who_watches_a_flag_is_told_when_it_changes() {
        let (watchers, told, _subscriptions) = watched();
        watchers.replaced(None, &image(1, "pro"));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["dated 1-1", "plan 1-1"]);
        watchers.replaced(Some(&image(1, "pro")), &image(2, "pro"));
        watchers.replaced(Some(&image(2, "pro")), &image(3, "team"));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["plan 1-3"]);
    }

    #[test]
    fn who_watches_a_flag_is_told_once_when_its_date_passes() {
        let (watchers, told, _subscriptions) = watched();
        let image = image(1, "pro");
        assert_eq!(watchers.next(&image), Some(DATE + 1));
        watchers.passed(&image, DATE);
        assert_eq!(told.try_iter().count(), 0);
        watchers.passed(&image, DATE + 5);
        watchers.passed(&image, DATE + 6);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["dated 1-1"]);
        assert_eq!(watchers.next(&image), None);
    }
}
