//! [`Image`]: one snapshot as it is served, with its counters.
//!
//! Must not change once it is made, but for the counters.

use std::collections::HashSet;

use pennon_engine::{FlagRef, Snapshot};

use crate::counts::Counts;
use crate::order::Revision;

/// One snapshot as it is served.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) snapshot: Snapshot,
    pub(crate) counts: Counts,
    /// For each flag whether its answer may depend on the time.
    timed: Box<[bool]>,
}

impl Image {
    pub(crate) fn new(snapshot: Snapshot, threads: usize) -> Self {
        let counts = Counts::new(&snapshot, threads);
        let segments = snapshot.segments().any(|segment| tells_time(segment.text()));
        let mut timed: Box<[bool]> = snapshot.flags().map(|flag| tells_time(flag.flag().text())).collect();
        if segments || timed.contains(&true) {
            timed = snapshot.flags().map(|flag| reach(&snapshot, flag.flag().key()).tells_time()).collect();
        }
        Self { snapshot, counts, timed }
    }

    pub(crate) fn revision(&self) -> Revision {
        self.snapshot.meta().into()
    }

    /// Whether the flag's answer may depend on the time; if not, nobody needs to ask for it.
    #[inline]
    pub(crate) fn is_timed(&self, flag: &FlagRef<'_>) -> bool {
        self.timed.get(flag.position()).copied().unwrap_or(true)
    }
}

/// Whether a document may name `$now`. The dollar may be written as an escape.
fn tells_time(text: &str) -> bool {
    text.contains("$now") || text.contains("\\u")
}

/// A flag and everything that it depends on.
#[derive(Debug)]
pub(crate) struct Reach<'s> {
    /// The texts of the documents that are there.
    documents: Vec<(&'static str, &'s str, &'s str)>,
    /// The dates that conditions among them compare `$now` with.
    borders: Vec<i64>,
}

/// Everything that a flag depends on, through other flags and segments.
pub(crate) fn reach<'s>(snapshot: &'s Snapshot, key: &'s str) -> Reach<'s> {
    let (mut flags, mut segments, mut layers) = (vec![key], Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    let mut reach = Reach { documents: Vec::new(), borders: Vec::new() };
    loop {
        if let Some(key) = flags.pop() {
            let Some(flag) = snapshot.flag(key).filter(|_| seen.insert(("flag", key))) else { continue };
            let flag = flag.flag();
            reach.documents.push(("flag", flag.key(), flag.text()));
            reach.borders.extend(flag.borders());
            flags.extend(flag.flag_references());
            segments.extend(flag.segment_references());
            layers.extend(flag.layer_references());
        } else if let Some(key) = segments.pop() {
            let Some(segment) = snapshot.segment(key).filter(|_| seen.insert(("segment", key))) else {
                continue;
            };
            reach.documents.push(("segment", segment.key(), segment.text()));
            reach.borders.extend(segment.borders());
            flags.extend(segment.flag_references());
            segments.extend(segment.segment_references());
            layers.extend(segment.layer_references());
        } else if let Some(key) = layers.pop() {
            let Some(layer) = snapshot.layer(key).filter(|_| seen.insert(("layer", key))) else { continue };
            reach.documents.push(("layer", layer.key(), layer.text()));
        } else {
            reach.documents.sort_unstable();
            return reach;
        }
    }
}

impl Reach<'_> {
    fn tells_time(&self) -> bool {
        self.documents.iter().any(|(_, _, text)| tells_time(text))
    }

    /// Whether the flag may answer otherwise now.
    pub(crate) fn differs(&self, other: &Reach<'_>) -> bool {
        self.documents != other.documents
    }

    /// Whether a date lies after `from`, and not after `to`.
    pub(crate) fn passes(&self, from: i64, to: i64) -> bool {
        self.borders.iter().any(|border| from < *border && *border <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(date: &str, plan: &str) -> Snapshot {
        let flag = |key: &str, when: &str| {
            format!(
                r#""{key}":{{"key":"{key}","type":"boolean","enabled":true,"variants":{{"on":true,"off":false}},
                "rules":[{{"id":"r","when":{when},"serve":{{"variant":"on"}}}}],"fallthrough":{{"variant":"off"}}}}"#
            )
        };
        let text = format!(
            r#"{{"flags":{{{},{},{}}},"segments":{{
                "outer":{{"when":{{"segment":"inner"}}}},
                "inner":{{"when":{{"attribute":"$now","op":"after","values":["{date}"]}}}}}},"layers":{{"l":{{}}}}}}"#,
            flag("far", r#"{"flag":"near","variants":["on"]}"#),
            flag("near", r#"{"all":[{"segment":"outer"},{"percentage":50,"layer":"l"}]}"#),
            flag("other", &format!(r#"{{"attribute":"plan","op":"in","values":["{plan}"]}}"#)),
        );
        Snapshot::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_flags_that_reach_a_date_need_the_time() {
        let image = Image::new(snapshot("2026-01-01T00:00:00Z", "pro"), 1);
        let timed: Vec<(String, bool)> = image
            .snapshot
            .flags()
            .map(|flag| (flag.flag().key().to_owned(), image.is_timed(&flag)))
            .collect();
        assert_eq!(timed, [("far".into(), true), ("near".into(), true), ("other".into(), false)]);
    }

    #[test]
    fn a_change_reaches_who_depends_on_it() {
        let old = snapshot("2026-01-01T00:00:00Z", "pro");
        let later = snapshot("2027-01-01T00:00:00Z", "pro");
        let differ = |key: &str, old: &Snapshot, new: &Snapshot| reach(old, key).differs(&reach(new, key));
        assert!(
            differ("far", &old, &later) && differ("near", &old, &later) && !differ("other", &old, &later)
        );
        let team = snapshot("2026-01-01T00:00:00Z", "team");
        assert!(!differ("far", &old, &team) && differ("other", &old, &team));
        let none = Snapshot::from_json(br#"{"flags":{}}"#).unwrap();
        assert!(differ("other", &old, &none) && !differ("absent", &old, &none));
    }

    #[test]
    fn a_date_passes_once() {
        let snapshot = snapshot("2026-01-01T00:00:00Z", "pro");
        let (reach, date) = (reach(&snapshot, "far"), 1_767_225_600_000);
        // `after` is strict: the answer differs from one millisecond later.
        assert!(reach.passes(date, date + 1));
        assert!(!reach.passes(date + 1, date + 2) && !reach.passes(date - 2, date - 1));
    }
}
