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
/// Characters of a flag's or a metric's key, as the server takes them.
const NAME: usize = 100;
/// Characters of a unit, as the server takes them.
const UNIT: usize = 1_000;
/// A measured value is at most this far from 0, as the server takes it: its square can still be summed.
const VALUE: f64 = 1e15;

/// Whether the server takes it: so many characters, at least one, none of them a control character.
fn is_text(text: &str, characters: usize) -> bool {
    // No character has more than four bytes: what is far too long is not counted through.
    !text.is_empty()
        && text.len() <= characters * 4
        && text.chars().count() <= characters
        && !text.chars().any(char::is_control)
}

/// Whether a measurement can be told to the server.
pub(crate) fn can_be_measured(metric: &str, value: f64) -> bool {
    // What is not a number is not at most anything.
    is_text(metric, NAME) && value.abs() <= VALUE
}
