//! Pennon's evaluation engine: one pure function decides every flag.
//!
//! A [`Snapshot`] holds one environment: its flags, segments and layers, parsed, compiled and linked. Given a
//! [`Context`] it decides a flag's variant, and why. The contract is `evaluation.md`; the vectors in
//! `sdk/conformance` hold every language to it.
//!
//! The engine does no IO, reads no clock, draws no random number, takes no lock, writes no log and does not panic:
//! time and randomness are given with [`At`]. What it can't read breaks the flag that holds it, alone.
//!
//! ```
//! use pennon_engine::{At, Context, Reason, Snapshot};
//!
//! let snapshot = Snapshot::from_json(
//!     br#"{"schemaVersion": 1, "epoch": 1, "project": "default", "environment": "production", "revision": 1,
//!         "segments": {}, "layers": {},
//!         "flags": {"new": {"key": "new", "type": "boolean", "enabled": true,
//!             "variants": {"on": true, "off": false},
//!             "rules": [{"id": "pro", "serve": {"variant": "on"},
//!                 "when": {"attribute": "plan", "op": "in", "values": ["pro"]}}],
//!             "fallthrough": {"variant": "off"}}}}"#,
//! )?;
//! let context = Context::from_json(br#"{"targetingKey": "u-1", "plan": "pro"}"#)?;
//! let answer = snapshot.evaluate("new", &context, None, &At::default());
//! assert_eq!(answer.as_bool(), Some(true));
//! assert_eq!(answer.reason(), Reason::TargetingMatch);
//! assert_eq!(answer.rule_id(), Some("pro"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | module | holds |
//! |---|---|
//! | `document` | [`Flag`], [`Segment`], [`Layer`]: text to compiled model, and back |
//! | `condition`, `operator`, [`pattern`] | the tree of a `when`, its tests, the regex dialect |
//! | `snapshot` | [`Snapshot`]: documents linked to one another; what is broken and why |
//! | `evaluate` | the algorithm, generic over a sink that records its steps or nothing |
//! | `outcome`, `evaluation`, `explain` | its words, its result, and its result with every step |
//! | `context` | [`Context`] and [`Value`] |
//! | [`bucket`], `rebalance` | where a unit lands; new weights that move the fewest |
//! | `json`, `read`, `reference`, `unit`, `texts`, `mark`, `issue`, [`limits`] | reading JSON with every issue in its place |
//!
//! Imports go one way: `json, issue, limits <- read, reference <- operator <- condition <- document <- snapshot <-
//! evaluate <- explain`.

pub mod bucket;
mod condition;
mod context;
mod document;
mod evaluate;
mod evaluation;
mod explain;
mod issue;
mod json;
pub mod limits;
mod mark;
mod operator;
mod outcome;
pub mod pattern;
mod read;
mod rebalance;
mod reference;
mod snapshot;
mod texts;
mod unit;

pub use context::{Context, ContextError, Object, Value};
pub use document::{Flag, FlagType, Layer, Segment, Variant};
pub use evaluate::At;
pub use evaluation::{Evaluation, Track};
pub use explain::{ExplainedTrack, Explanation, Step, StepKind};
pub use issue::{Issue, IssueCode, Reading};
pub use outcome::{Asked, ErrorCode, Reason};
pub use rebalance::{RebalanceError, Slot, rebalance};
pub use snapshot::{Broken, Change, DocumentKind, FlagRef, Meta, Snapshot, SnapshotError};
