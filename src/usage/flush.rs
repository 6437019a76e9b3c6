//! The loop that writes what this node has evaluated itself. The node reports as an SDK does: with a session and numbers of its
//! own, so that a batch whose fate is unknown is sent again and counts once. What cannot be written waits, in bounds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::batch::{Batch, Counted, Trust};
use super::meters::{self, Dropped};
use super::unknown::UnknownFlags;
use super::writer::Writer;
use crate::clock::Clock;
use crate::domain::tally::{Count, Source, Tallies};
use crate::store::StoreError;

/// Rows that wait while the database is away: an hour of five hundred flags with two outcomes each.
const WAITING_ROWS: usize = 60_000;
/// Rows of one batch.
const BATCH_ROWS: usize = 5_000;
/// How long the last writing may take when a node stops.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
const MINUTE: i64 = 60_000_000;

/// What the loop shares with those who count and those who want it written.
pub struct Flush {
    writer: Arc<Writer>,
    tallies: Arc<dyn Tallies>,
    unknown: UnknownFlags,
    clock: Clock,
    interval: Duration,
    wake: Notify,
    rounds: watch::Sender<Round>,
}

impl std::fmt::Debug for Flush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flush").field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// How far the loop has come.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    begun: u64,
    ended: u64,
    /// Whether the last one that ended has written everything.
    is_written: bool,
}

/// What the loop holds: everything that is counted and not known to be written.
struct Waiting {
    session: String,
    sequence: i64,
    /// Batches whose fate is unknown: sent again as they were.
    unsent: Vec<Batch>,
    counts: HashMap<Place, i64>,
    unknown: HashMap<(String, Trust, String), i64>,
}

/// Environment, flag, variant, outcome, source, minute (microseconds).
type Place = (String, String, String, &'static str, Source, i64);

impl Flush {
    /// A loop that is not running yet; it writes about every `interval`.
    #[must_use]
    pub fn new(writer: Arc<Writer>, tallies: Arc<dyn Tallies>, clock: Clock, interval: Duration) -> Flush {
        Flush {
            writer,
            tallies,
            unknown: UnknownFlags::default(),
            clock,
            interval,
            wake: Notify::new(),
            rounds: watch::channel(Round::default()).0,
        }
    }

    /// Notes that a flag was asked for that is not defined.
    pub fn unknown_flag(&self, environment_id: &str, trust: Trust, flag: &str) {
        self.unknown.asked(environment_id, trust, flag);
    }

    /// Has what was counted until now written, and waits for that; false when it is not written in time.
    pub async fn now(&self, at_most: Duration) -> bool {
        let mut rounds = self.rounds.subscribe();
        let wanted = rounds.borrow_and_update().begun + 1;
        self.wake.notify_one();
        let ended = rounds.wait_for(|round| round.ended >= wanted);
        match tokio::time::timeout(at_most, ended).await {
            Ok(Ok(round)) => round.is_written,
            _ => false,
        }
    }

    /// Writes until cancelled, and then once more; `pause` tells how long to wait for an interval.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, pause: impl Fn(Duration) -> Duration) {
        let mut waiting = Waiting::new(self.clock.now_micros());
        let mut written_at = self.clock.now_micros();
        loop {
            let is_last = stop.is_cancelled();
            self.rounds.send_modify(|round| round.begun += 1);
            let round = self.round(&mut waiting);
            let is_written = if is_last {
                tokio::time::timeout(LAST_PATIENCE, round).await.unwrap_or(false)
            } else {
                // A batch that is cut off is sent again with the last ones.
                tokio::select! { () = stop.cancelled() => false, is_written = round => is_written }
            };
            let now = self.clock.now_micros();
            written_at = if is_written { now } else { written_at };
            meters::flush_age(now - written_at);
            self.rounds.send_modify(|round| (round.ended, round.is_written) = (round.begun, is_written));
            if is_last {
                if !is_written {
                    warn!("what this node has evaluated last was not written");
                }
                return;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause(self.interval)) => {}
            }
        }
    }

    /// Takes away what was counted and writes all that waits; whether nothing waits any more.
    async fn round(&self, waiting: &mut Waiting) -> bool {
        let minute = self.clock.now_micros().div_euclid(MINUTE) * MINUTE;
        self.tallies.drain(&mut |count| waiting.add(count, minute));
        self.unknown.drain(|environment, trust, flag, count| {
            *waiting.unknown.entry((environment.to_owned(), trust, flag.to_owned())).or_default() += count;
        });
        loop {
            if waiting.unsent.is_empty() {
                waiting.pack();
            }
            if waiting.unsent.is_empty() {
                return true;
            }
            let batches: Vec<&Batch> = waiting.unsent.iter().collect();
            match self.writer.store(&batches).await {
                Ok(_) => waiting.unsent.clear(),
                Err(cause) if cause.is_unavailable() => return false,
                Err(cause) => waiting.give_up(&cause),
            }
        }
    }
}

impl Waiting {
    fn new(now: i64) -> Waiting {
        Waiting {
            // Without randomness a time has to do.
            session: format!("{:016x}", getrandom::u64().unwrap_or(now.unsigned_abs())),
            sequence: 0,
            unsent: Vec::new(),
            counts: HashMap::new(),
            unknown: HashMap::new(),
        }
    }

    fn add(&mut self, count: Count<'_>, minute: i64) {
        let more = i64::try_from(count.count).unwrap_or(i64::MAX);
        let place = (
            count.environment_id.to_owned(),
            count.flag.to_owned(),
            count.variant.to_owned(),
            count.outcome,
            count.source,
            minute,
        );
        if let Some(sum) = self.counts.get_mut(&place) {
            *sum = sum.saturating_add(more);
        } else if self.counts.len() < WAITING_ROWS {
            self.counts.insert(place, more);
        } else {
            meters::dropped(Dropped::Evaluations, usize::try_from(count.count).unwrap_or(usize::MAX), 0);
        }
    }

    /// Makes batches of what waits, one for each environment and kind of key; what is too much for one transaction goes on waiting.
    fn pack(&mut self) {
        let mut packing =
            Packing { session: &self.session, sequence: self.sequence + 1, rows: 0, batches: HashMap::new() };
        self.counts.retain(|(environment, flag, variant, outcome, source, minute), count| {
            let Some(batch) = packing.batch(environment, Trust::Server) else { return true };
            batch.counts.push(Counted {
                flag: flag.clone(),
                variant: variant.clone(),
                outcome,
                source: *source,
                at: Some(*minute),
                count: *count,
            });
            false
        });
        self.unknown.retain(|(environment, trust, flag), count| {
            let Some(batch) = packing.batch(environment, *trust) else { return true };
            batch.unknown.push((flag.clone(), *count));
            false
        });
        let (batches, sequence) = (packing.batches, packing.sequence);
        if !batches.is_empty() {
            self.sequence = sequence;
        }
        self.unsent = batches.into_values().collect();
    }

    fn give_up(&mut self, cause: &StoreError) {
        error!(error = %cause, "the database refused what this node has evaluated: it is dropped");
        let rows: usize = self.unsent.iter().map(Batch::weight).sum();
        meters::dropped(Dropped::Evaluations, rows, 0);
        self.unsent.clear();
    }
}

/// Batches of one transaction, while they are made.
struct Packing<'a> {
    session: &'a str,
    sequence: i64,
    rows: usize,
    batches: HashMap<(String, Trust), Batch>,
}

impl Packing<'_> {
    /// The batch for one more row, if there is room for it.
    fn batch(&mut self, environment: &str, trust: Trust) -> Option<&mut Batch> {
        if self.rows == BATCH_ROWS {
            return None;
        }
        self.rows += 1;
        let new = || Batch::new(environment, trust, self.session, self.sequence);
        Some(self.batches.entry((environment.to_owned(), trust)).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_ROWS, Count, Source, Trust, WAITING_ROWS, Waiting};

    fn count(flag: &str) -> Count<'_> {
        Count { environment_id: "e", flag, variant: "on", outcome: "SPLIT", source: Source::Bulk, count: 3 }
    }

    #[test]
    fn what_waits_is_bounded_and_packed_in_bounded_batches_with_rising_numbers() {
        let mut waiting = Waiting::new(1);
        for flag in 0..=WAITING_ROWS {
            waiting.add(count(&flag.to_string()), 60);
        }
        waiting.add(count("0"), 60);
        waiting.unknown.insert(("f".to_owned(), Trust::Client, "gone".to_owned()), 1);
        assert_eq!(waiting.counts.len(), WAITING_ROWS);
        let (mut rows, mut evaluations, mut last) = (0, 0, 0);
        loop {
            waiting.pack();
            let packed: usize = waiting.unsent.iter().map(|batch| batch.weight() - 1).sum();
            if packed == 0 {
                break;
            }
            assert!(packed <= BATCH_ROWS, "{packed}");
            rows += packed;
            for batch in &waiting.unsent {
                assert_eq!(batch.sequence, last + 1);
                evaluations += batch.counts.iter().map(|own| own.count).sum::<i64>();
            }
            last += 1;
        }
        assert_eq!(rows, WAITING_ROWS + 1);
        assert_eq!(evaluations, 3 * i64::try_from(WAITING_ROWS + 1).unwrap());
    }
}
