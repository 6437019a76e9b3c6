//! Waiting for a condition, with a deadline: the only place of the tests where time passes on purpose.

use std::time::{Duration, Instant};

/// Far above anything that works, far below the runner's own limit.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Short enough that waiting costs nothing, long enough to leave the processor to others.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer; panics, saying what it waited for, when there is none in time.
#[track_caller]
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(PAUSE);
    }
}
