//! What the server is told: how often flags were evaluated, who met which arm of a run, measurements, and that this process
//! is there.
//!
//! | module | holds |
//! |---|---|
//! | `tally` | what evaluations and tracks leave behind |
//! | `queue`, `seen`, `summary` | its parts: bounded queues, who was exposed already, counts |
//! | `item`, `outbox` | one event as text; batches, and what becomes of them |
//! | `sender` | the task that sends them |

pub(crate) mod item;
pub(crate) mod outbox;
mod queue;
mod seen;
pub(crate) mod sender;
pub(crate) mod summary;
pub(crate) mod tally;

/// Exposures that wait for being sent. What comes above is dropped and counted.
const EXPOSURES: usize = 10_000;
/// Tracks that wait for being sent. What comes above is dropped and counted.
const TRACKS: usize = 10_000;
/// Different (flag, variant, reason, error) that are kept. What comes above is dropped and counted.
const EVALUATIONS: usize = 2_000;
/// Events of one batch, the heartbeat among them.
const EVENTS_PER_BATCH: usize = 1_000;
/// Bytes of one batch.
const BATCH_BYTES: usize = 256 << 10;
