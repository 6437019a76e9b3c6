//! One event as it comes over the wire, and what each word of it may be. Unknown kinds and members are ignored: a newer SDK may
//! send them. sdk/README.md describes the members.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Entries of one summary: as many as an SDK tells apart.
pub const EVALUATIONS_LIMIT: usize = 2_000;
/// Evaluations of one entry: more than a process makes between two batches, and few enough to be added up.
pub const COUNT_LIMIT: i64 = 1_000_000_000;
/// Labels of an instance.
pub const LABELS_LIMIT: usize = 16;
/// Characters of a label's key.
pub const LABEL_KEY_LIMIT: usize = 64;
/// Characters of a label's value.
pub const LABEL_VALUE_LIMIT: usize = 128;
/// Characters of an SDK's name, of a version, of a state, of a revision.
pub const WORD_LIMIT: usize = 64;
/// Characters of a run, an arm, a metric, and of a flag that is asked for.
pub const NAME_LIMIT: usize = 100;
/// Characters of a unit.
pub const UNIT_LIMIT: usize = 1_000;
/// A tracked value is at most this far from 0: its square can still be summed.
pub const VALUE_LIMIT: f64 = 1e15;

/// Why an event is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `invalid_event` or `limit_exceeded`.
    pub code: &'static str,
    /// What was wrong and what is allowed.
    pub detail: String,
}

impl Refusal {
    /// The event is not what it should be.
    pub fn invalid(detail: impl Into<String>) -> Refusal {
        Refusal { code: "invalid_event", detail: detail.into() }
    }

    /// There is too much of something.
    pub fn limit(detail: impl Into<String>) -> Refusal {
        Refusal { code: "limit_exceeded", detail: detail.into() }
    }
}

/// An event.
#[derive(Debug)]
pub enum Event {
    /// What a process says of itself.
    Instance(Instance),
    /// Counts of evaluations.
    Summary(Summary),
    /// A unit met an arm of a run.
    Exposure(Exposure),
    /// A value of a metric.
    Track(Track),
    /// Of a kind that this version does not know.
    Unknown,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// What a process says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// The SDK's name.
    pub sdk: Option<String>,
    /// The SDK's version.
    pub sdk_version: Option<String>,
    /// When the process was started.
    pub started_at: Option<Time>,
    /// How it is.
    pub state: Option<String>,
    /// The revision that it serves.
    pub revision: Option<String>,
    /// What its owner says.
    pub healthy: Option<bool>,
    /// What its owner calls it.
    pub labels: Option<BTreeMap<String, String>>,
    /// What it has dropped since its start.
    pub dropped: Option<Object<Dropped>>,
}

/// What a process has dropped since its start.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dropped {
    /// Exposures.
    pub exposures: i64,
    /// Tracks.
    pub tracks: i64,
    /// Evaluations.
    pub evaluations: i64,
}

/// Counts of evaluations.
#[derive(Debug, Deserialize)]
pub struct Summary {
    /// Until when they were counted.
    pub to: Option<Time>,
    /// The counts.
    pub evaluations: Vec<Object<Evaluations>>,
}

/// So many evaluations that came to the same.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluations {
    /// The flag's key, or whatever was asked for.
    pub flag: String,
    /// The variant; absent for the caller's own default.
    pub variant: Option<String>,
    /// The reason.
    pub reason: String,
    /// The code of an error.
    pub error_code: Option<String>,
    /// How many.
    pub count: i64,
}

/// A unit met an arm of a run.
#[derive(Debug, Deserialize)]
pub struct Exposure {
    /// When.
    pub at: Option<Time>,
    /// The flag's key.
    pub flag: String,
    /// The variant.
    pub variant: String,
    /// The run's id.
    pub run: String,
    /// The arm.
    pub arm: Option<String>,
    /// The unit.
    pub unit: String,
}

/// A value of a metric.
#[derive(Debug, Deserialize)]
pub struct Track {
    /// When.
    pub at: Option<Time>,
    /// The metric.
    pub metric: String,
    /// The unit.
    pub unit: String,
    /// The value; 1 when absent.
    pub value: Option<f64>,
}

/// Reads an event.
pub fn read(json: &str) -> Result<Event, Refusal> {
    let Object(Kind { kind }) = typed(json)?;
    Ok(match kind.as_str() {
        "instance" => Event::Instance(typed::<Object<Instance>>(json)?.0),
        "summary" => Event::Summary(typed::<Object<Summary>>(json)?.0),
        "exposure" => Event::Exposure(typed::<Object<Exposure>>(json)?.0),
        "track" => Event::Track(typed::<Object<Track>>(json)?.0),
        _ => Event::Unknown,
    })
}

fn typed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let said = error.inner().to_string();
        let said = said.split(" at line ").next().unwrap_or_default().replace("field", "member");
        let place = error.path().to_string();
        Refusal::invalid(if place == "." { said } else { format!("{place}: {said}") })
    })
}

/// A text of 1 to so many characters, none of them a control character: what a database and a terminal both bear.
pub fn text(text: &str, limit: usize) -> Result<(), String> {
    if text.is_empty() || text.chars().count() > limit || text.chars().any(char::is_control) {
        return Err(format!("1 to {limit} characters, none of them a control character"));
    }
    Ok(())
}

/// The same, as a part of an event.
pub fn checked(name: &str, value: &str, limit: usize) -> Result<(), Refusal> {
    text(value, limit).map_err(|allowed| Refusal::invalid(format!("{name}: {allowed}")))
}

/// A value that must be an object: what serde derives would take a list for it.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A time on the wire, RFC 3339; microseconds here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub i64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.parse::<jiff::Timestamp>();
        let time =
            time.map_err(|_| serde::de::Error::custom("a time is written as RFC 3339, with its zone"))?;
        Ok(Time(time.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, read, text};

    fn refused(json: &str) -> String {
        read(json).unwrap_err().detail
    }

    #[test]
    fn an_event_is_an_object_with_a_kind_and_what_is_not_known_is_ignored() {
        assert!(matches!(read(r#"{"kind": "newer", "x": [1]}"#).unwrap(), Event::Unknown));
        let track = r#"{"kind": "track", "metric": "m", "unit": "u", "newer": {"a": null}, "value": null}"#;
        assert!(matches!(read(track).unwrap(), Event::Track(track) if track.value.is_none()));
        for bad in ["[]", "1", "null", "{}", r#"{"kind": 1}"#, r#"["track", "m"]"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_names_the_member_and_what_is_wrong() {
        assert_eq!(refused(r#"{"kind": "track", "metric": "m"}"#), "missing member `unit`");
        let count = r#"{"kind": "summary", "evaluations": [{"flag": "f", "reason": "SPLIT", "count": 1.5}]}"#;
        assert!(refused(count).starts_with("evaluations[0].count: invalid type"), "{}", refused(count));
        let list = r#"{"kind": "summary", "evaluations": [["f", null, "SPLIT", null, 1]]}"#;
        assert!(refused(list).contains("expected an object"), "{}", refused(list));
        let at = r#"{"kind": "track", "metric": "m", "unit": "u", "at": "yesterday"}"#;
        assert_eq!(refused(at), "at: a time is written as RFC 3339, with its zone");
        let value = r#"{"kind": "track", "metric": "m", "unit": "u", "value": 1e400}"#;
        assert!(refused(value).contains("out of range"), "{}", refused(value));
    }

    #[test]
    fn a_text_has_characters_and_none_that_steers() {
        assert!(text("é", 1).is_ok());
        for (bad, limit) in [("", 9), ("ab", 1), ("a\nb", 9), ("\0", 9), ("\u{85}", 9)] {
            assert!(text(bad, limit).is_err(), "{bad:?}");
        }
    }
}
