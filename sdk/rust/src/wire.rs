//! What the stream's events say: `patch` and `goodbye`. A `put` is a whole snapshot, which the engine reads.
//!
//! Must not judge whether a change fits; `order` does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pennon_engine::{Change, Flag, Layer, Meta, Reading, Segment, Snapshot};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::order::Revision;

type Documents<'a> = HashMap<Cow<'a, str>, Option<&'a RawValue>>;

/// Documents that changed since the revision `from`; one that is gone is null.
#[derive(Debug, Deserialize)]
pub(crate) struct Patch<'a> {
    epoch: i64,
    pub(crate) from: i64,
    revision: i64,
    #[serde(borrow, default)]
    flags: Documents<'a>,
    #[serde(borrow, default)]
    segments: Documents<'a>,
    #[serde(borrow, default)]
    layers: Documents<'a>,
}

impl Patch<'_> {
    pub(crate) fn revision(&self) -> Revision {
        Revision { epoch: self.epoch, number: self.revision }
    }

    /// What the snapshot becomes.
    pub(crate) fn apply(&self, held: &Snapshot) -> Snapshot {
        let change = Change {
            flags: parsed(&self.flags, |key, text| Flag::parse(key, text, Reading::Lenient)),
            segments: parsed(&self.segments, |key, text| Segment::parse(key, text, Reading::Lenient)),
            layers: parsed(&self.layers, |key, text| Layer::parse(key, text, Reading::Lenient)),
        };
        held.with(Meta { epoch: self.epoch, revision: self.revision, ..held.meta().clone() }, change)
    }
}

fn parsed<T>(documents: &Documents<'_>, parse: impl Fn(&str, &str) -> T) -> Vec<(String, Option<Arc<T>>)> {
    let one = |(key, text): (&Cow<'_, str>, Option<&RawValue>)| {
        (key.clone().into_owned(), text.map(|text| Arc::new(parse(key, text.get()))))
    };
    documents.iter().map(|(key, text)| one((key, *text))).collect()
}

/// The server closes the stream, and says when to come back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Goodbye {
    reconnect_after_ms: Option<f64>,
}

impl Goodbye {
    /// None when the server does not say, or not in a way that can be used.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.reconnect_after_ms.and_then(|millis| Duration::try_from_secs_f64(millis / 1_000.0).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot::from_json(
            br#"{"schemaVersion":1,"epoch":1,"project":"p","environment":"e","revision":3,"segments":{"s":{}},"layers":{},
            "flags":{"a":{"key":"a","type":"boolean","enabled":true,"variants":{"on":true},"fallthrough":{"variant":"on"}},
            "b":{"key":"b","type":"boolean","enabled":true,"variants":{"on":true},"fallthrough":{"variant":"on"}}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_change_puts_in_replaces_and_takes_out() {
        let text = r#"{"epoch":1,"from":3,"revision":5,"flags":{"a":null,"c":{"key":"c","type":"boolean","enabled":false,
            "variants":{"on":true},"fallthrough":{"variant":"on"}}},"segments":{"s":null},"layers":{"l":{}},"more":1}"#;
        let patch: Patch<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((patch.from, patch.revision()), (3, Revision { epoch: 1, number: 5 }));
        let next = patch.apply(&snapshot());
        let keys: Vec<&str> = next.flags().map(|flag| flag.flag().key()).collect();
        assert_eq!(keys, ["b", "c"]);
        assert!(next.segment("s").is_none() && next.layer("l").is_some());
        assert_eq!((next.meta().revision, next.meta().project.as_str()), (5, "p"));
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"epoch":1,"from":1,"revision":"2"}"#,
            r#"{"epoch":1,"from":1,"revision":2,"flags":[]}"#,
        ] {
            assert!(serde_json::from_str::<Patch<'_>>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_goodbye_says_when_to_come_back() {
        let pause = |text: &str| serde_json::from_str::<Goodbye>(text).unwrap().pause();
        assert_eq!(
            pause(r#"{"reconnectAfterMs":1242,"reason":"draining"}"#),
            Some(Duration::from_millis(1_242))
        );
        assert_eq!(pause(r#"{"reconnectAfterMs":12.5}"#), Some(Duration::from_micros(12_500)));
        for none in [
            "{}",
            r#"{"reconnectAfterMs":null}"#,
            r#"{"reconnectAfterMs":-1}"#,
            r#"{"reconnectAfterMs":1e300}"#,
        ] {
            assert_eq!(pause(none), None, "{none}");
        }
    }
}
