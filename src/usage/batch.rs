//! One batch of events, as it is to be stored: read, checked and taken apart by kind, but not aggregated yet.

use std::sync::Arc;

use crate::domain::tally::Source;

/// Whether what is told can be believed: client keys are public, so anybody may hold one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// It came with a server key.
    Server,
    /// It came with a client key.
    Client,
}

impl Trust {
    /// 1 or 0, as the database keeps it.
    #[must_use]
    pub(super) fn stored(self) -> i64 {
        i64::from(self == Trust::Server)
    }

    /// Who counted the evaluations of a batch.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Trust::Server => Source::Server,
            Trust::Client => Source::Client,
        }
    }
}

/// A batch of events of one session.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The environment's id.
    pub environment_id: Arc<str>,
    /// Whether it can be believed.
    pub trust: Trust,
    /// The session.
    pub session: String,
    /// The batch's number in its session.
    pub sequence: i64,
    /// What the process says of itself; the last word, when it said several.
    pub instance: Option<Instance>,
    /// Evaluations.
    pub counts: Vec<Counted>,
    /// Requests for flags that are not defined.
    pub unknown: Vec<(String, i64)>,
    /// Units that met an arm of a run.
    pub exposures: Vec<Exposure>,
    /// Values of metrics.
    pub tracks: Vec<Track>,
}

impl Batch {
    /// A batch with nothing in it.
    #[must_use]
    pub fn new(environment_id: &str, trust: Trust, session: &str, sequence: i64) -> Batch {
        Batch {
            environment_id: environment_id.into(),
            trust,
            session: session.to_owned(),
            sequence,
            instance: None,
            counts: Vec::new(),
            unknown: Vec::new(),
            exposures: Vec::new(),
            tracks: Vec::new(),
        }
    }

    /// How many rows it may come to, before anything is aggregated.
    #[must_use]
    pub fn weight(&self) -> usize {
        1 + self.counts.len() + self.unknown.len() + self.exposures.len() + self.tracks.len()
    }
}

/// So many evaluations that came to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The flag's key.
    pub flag: String,
    /// The variant; "" for the caller's own default.
    pub variant: String,
    /// The reason, or the code of an error.
    pub outcome: &'static str,
    /// Who counted.
    pub source: Source,
    /// When, microseconds; None when nobody said.
    pub at: Option<i64>,
    /// How many.
    pub count: i64,
}

/// A unit that met an arm of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The run's id.
    pub run: String,
    /// The unit's keyed hash.
    pub unit: String,
    /// The flag's key.
    pub flag: String,
    /// The arm; "" for none.
    pub arm: String,
    /// The variant.
    pub variant: String,
    /// When, microseconds; None when nobody said.
    pub at: Option<i64>,
}

/// A value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The metric.
    pub metric: String,
    /// When, microseconds; None when nobody said.
    pub at: Option<i64>,
    /// The value: finite, and small enough to be squared and summed.
    pub value: f64,
}

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name for itself.
    pub id: String,
    /// The SDK.
    pub sdk: String,
    /// The SDK's version.
    pub sdk_version: String,
    /// When it was started, microseconds.
    pub started_at: Option<i64>,
    /// How it is.
    pub state: String,
    /// The revision it serves; "" for none.
    pub revision: String,
    /// What its owner says.
    pub is_healthy: bool,
    /// Labels, a JSON object.
    pub labels: String,
    /// What it has dropped since its start: exposures, tracks, evaluations.
    pub dropped: [i64; 3],
}
