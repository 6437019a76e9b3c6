//! [`Item`]: one event as it goes over the wire, and what is lost when it is dropped.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::summary::Line;
use super::tally::Dropped;
use crate::moment::rfc3339;

/// The lines of one summary event: a batch of the largest ones holds two thousand in four.
const LINES: usize = 500;

/// A unit met an arm of a run for the first time.
#[derive(Debug)]
pub(crate) struct Exposure {
    pub(crate) at_ms: i64,
    pub(crate) flag: String,
    pub(crate) variant: Option<String>,
    pub(crate) run: String,
    pub(crate) arm: Option<String>,
    pub(crate) unit: String,
}

/// A measurement of a unit.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) at_ms: i64,
    pub(crate) metric: String,
    pub(crate) unit: String,
    pub(crate) value: f64,
}

/// The heartbeat, with which every batch begins.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Heartbeat<'a> {
    pub(crate) kind: &'static str,
    pub(crate) at: String,
    pub(crate) sdk: &'static str,
    pub(crate) sdk_version: &'static str,
    pub(crate) started_at: String,
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    pub(crate) healthy: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) dropped: Lost,
}

/// What is lost with an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Lost {
    pub(crate) exposures: u64,
    pub(crate) tracks: u64,
    pub(crate) evaluations: u64,
}

impl Dropped {
    pub(crate) fn add(&self, lost: Lost) {
        self.exposures.fetch_add(lost.exposures, Ordering::Relaxed);
        self.tracks.fetch_add(lost.tracks, Ordering::Relaxed);
        self.evaluations.fetch_add(lost.evaluations, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> Lost {
        Lost {
            exposures: self.exposures.load(Ordering::Relaxed),
            tracks: self.tracks.load(Ordering::Relaxed),
            evaluations: self.evaluations.load(Ordering::Relaxed),
        }
    }
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) json: Box<str>,
    pub(crate) lost: Lost,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
enum Event<'a> {
    Exposure {
        at: String,
        flag: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        variant: Option<&'a str>,
        run: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        arm: Option<&'a str>,
        unit: &'a str,
    },
    Track {
        at: String,
        metric: &'a str,
        unit: &'a str,
        value: f64,
    },
    Summary {
        from: &'a str,
        to: &'a str,
        evaluations: &'a [Line],
    },
}

impl Item {
    fn new(event: &Event<'_>, lost: Lost) -> Self {
        // Writing text and finite numbers to memory does not fail.
        Self { json: serde_json::to_string(event).unwrap_or_default().into(), lost }
    }

    pub(crate) fn exposure(one: &Exposure) -> Self {
        let event = Event::Exposure {
            at: rfc3339(one.at_ms),
            flag: &one.flag,
            variant: one.variant.as_deref(),
            run: &one.run,
            arm: one.arm.as_deref(),
            unit: &one.unit,
        };
        Self::new(&event, Lost { exposures: 1, ..Lost::default() })
    }

    pub(crate) fn track(one: &Measured) -> Self {
        let event =
            Event::Track { at: rfc3339(one.at_ms), metric: &one.metric, unit: &one.unit, value: one.value };
        Self::new(&event, Lost { tracks: 1, ..Lost::default() })
    }

    /// What was counted between two times, as one event or more.
    pub(crate) fn summaries(from_ms: i64, to_ms: i64, lines: &[Line]) -> Vec<Self> {
        let (from, to) = (rfc3339(from_ms), rfc3339(to_ms));
        let one = |evaluations: &[Line]| {
            let evaluations_lost = evaluations.iter().map(|line| line.count).sum();
            let event = Event::Summary { from: &from, to: &to, evaluations };
            Self::new(&event, Lost { evaluations: evaluations_lost, ..Lost::default() })
        };
        lines.chunks(LINES).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::details::ErrorCode;
    use crate::events::summary::Summary;

    #[test]
    fn events_are_written_as_the_servers_contract_says() {
        let exposure = Exposure {
            at_ms: 1_795_611_612_345,
            flag: "f".into(),
            variant: Some("on".into()),
            run: "r-1".into(),
            arm: Some("candidate".into()),
            unit: "user-1".into(),
        };
        assert_eq!(
            &*Item::exposure(&exposure).json,
            r#"{"kind":"exposure","at":"2026-11-25T13:00:12.345Z","flag":"f","variant":"on","run":"r-1","arm":"candidate","unit":"user-1"}"#
        );
        let measured = Measured { at_ms: 0, metric: "m".into(), unit: "u".into(), value: 1.0 };
        assert_eq!(
            &*Item::track(&measured).json,
            r#"{"kind":"track","at":"1970-01-01T00:00:00.000Z","metric":"m","unit":"u","value":1.0}"#
        );
    }

    #[test]
    fn a_large_summary_is_more_than_one_event() {
        let mut summary = Summary::new(2_000);
        for number in 0..=LINES {
            assert_eq!(summary.add_error(&format!("f{number}"), ErrorCode::FlagNotFound), 0);
        }
        let items = Item::summaries(0, 1, &summary.take());
        let lost: Vec<u64> = items.iter().map(|item| item.lost.evaluations).collect();
        assert_eq!(lost, [500, 1]);
        assert!(items[1].json.starts_with(
            r#"{"kind":"summary","from":"1970-01-01T00:00:00.000Z","to":"1970-01-01T00:00:00.001Z","evaluations":[{"flag":"#
        ));
    }
}
