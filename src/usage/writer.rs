//! The one loop that writes batches: whoever waits while it writes is written with the next group, in one transaction, and each
//! is told after its commit. So the cost of a transaction is shared by as many as there are, and the database sees one
//! writer a node.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::batch::{Batch, Trust};
use super::meters::{self, Outcome};
use super::write::write;
use crate::store::{Db, StoreError};

/// Batches of one transaction, at most.
const GROUP_BATCHES: usize = 64;
/// Rows of one transaction, at most, before they are aggregated: it holds its locks, and SQLite's only writer, for well
/// under a second.
const GROUP_ROWS: usize = 10_000;
/// How long one transaction may take before it is given up: its senders try again.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a sender waits for its batch to be stored: two transactions that are given up.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// A batch that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Now.
    New,
    /// It had been before.
    Repeated,
}

/// Why a batch is not stored, as far as anybody knows: it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStored {
    /// As many are under way as may be.
    Busy,
    /// The database is away or slow.
    Away,
    /// The database refused it; the log tells more.
    Refused,
}

/// Takes batches and writes them.
pub struct Writer {
    db: Db,
    sender: mpsc::Sender<Job>,
    receiver: Mutex<Option<mpsc::Receiver<Job>>>,
    places: Arc<Semaphore>,
    places_for_clients: Arc<Semaphore>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("places", &self.places.available_permits()).finish_non_exhaustive()
    }
}

/// A place among the batches under way; given back when its batch is done.
#[derive(Debug)]
pub struct Place {
    _own: OwnedSemaphorePermit,
    _of_clients: Option<OwnedSemaphorePermit>,
}

struct Job {
    batch: Batch,
    answer: oneshot::Sender<Result<Stored, NotStored>>,
    _place: Place,
}

impl Writer {
    /// A writer of at most so many batches at once, half of which may be of client keys: these are public, and leave room
    /// for servers.
    #[must_use]
    pub fn new(db: Db, at_once: usize) -> Writer {
        let at_once = at_once.max(1);
        let (sender, receiver) = mpsc::channel(at_once);
        Writer {
            db,
            sender,
            receiver: Mutex::new(Some(receiver)),
            places: Arc::new(Semaphore::new(at_once)),
            places_for_clients: Arc::new(Semaphore::new(at_once.div_ceil(2))),
        }
    }

    /// Takes a place for one batch, if there is one.
    pub fn admit(&self, trust: Trust) -> Result<Place, NotStored> {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let of_clients = match trust {
            Trust::Server => None,
            Trust::Client => Some(take(&self.places_for_clients).ok_or_else(busy)?),
        };
        Ok(Place { _own: take(&self.places).ok_or_else(busy)?, _of_clients: of_clients })
    }

    /// Waits until a batch is stored.
    pub async fn submit(&self, place: Place, batch: Batch) -> Result<Stored, NotStored> {
        let (answer, answered) = oneshot::channel();
        // There is room for as many as have places.
        self.sender.try_send(Job { batch, answer, _place: place }).map_err(|_| busy())?;
        match tokio::time::timeout(ANSWER_PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            _ => Err(NotStored::Away),
        }
    }

    /// Writes until cancelled, and then what is left; it can run once.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut receiver) = receiver else { return };
        let mut held = None;
        loop {
            let first = match held.take() {
                Some(job) => job,
                None => tokio::select! {
                    biased;
                    job = receiver.recv() => match job { Some(job) => job, None => return },
                    () = stop.cancelled() => return,
                },
            };
            let group;
            (group, held) = gather(first, &mut receiver);
            self.write(group).await;
        }
    }

    async fn write(&self, group: Vec<Job>) {
        let began = Instant::now();
        let batches: Vec<&Batch> = group.iter().map(|job| &job.batch).collect();
        let written = self.store(&batches).await;
        meters::written(began.elapsed());
        match written {
            Ok(is_new) => {
                for (job, is_new) in group.into_iter().zip(is_new) {
                    tell(job, Ok(if is_new { Stored::New } else { Stored::Repeated }));
                }
            }
            Err(cause) if cause.is_unavailable() => {
                warn!(error = %cause, batches = group.len(), "events were not stored: their senders try again");
                for job in group {
                    tell(job, Err(NotStored::Away));
                }
            }
            // What the database refuses of one batch keeps no other from being stored.
            Err(_) if group.len() > 1 => {
                for job in group {
                    Box::pin(self.write(vec![job])).await;
                }
            }
            Err(cause) => {
                error!(error = %cause, "the database refused a batch of events");
                for job in group {
                    tell(job, Err(NotStored::Refused));
                }
            }
        }
    }

    /// Writes batches, of which no two are of one session, and gives up when that takes too long.
    pub(super) async fn store(&self, batches: &[&Batch]) -> Result<Vec<bool>, StoreError> {
        let written = tokio::time::timeout(WRITE_PATIENCE, write(&self.db, batches)).await;
        written.unwrap_or_else(|_| Err(StoreError::silent()))
    }
}

/// The next group: what is there, up to the bounds; and a job that has to wait for the one after.
fn gather(first: Job, receiver: &mut mpsc::Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let mut rows = first.batch.weight();
    let mut sessions = HashSet::from([session(&first)]);
    let mut group = vec![first];
    while group.len() < GROUP_BATCHES && rows < GROUP_ROWS {
        let Ok(job) = receiver.try_recv() else { break };
        // Nobody waits for it any more: it will be sent again.
        if job.answer.is_closed() {
            continue;
        }
        rows += job.batch.weight();
        if rows > GROUP_ROWS || !sessions.insert(session(&job)) {
            return (group, Some(job));
        }
        group.push(job);
    }
    (group, None)
}

fn session(job: &Job) -> (Arc<str>, Trust, String) {
    (Arc::clone(&job.batch.environment_id), job.batch.trust, job.batch.session.clone())
}

fn tell(job: Job, outcome: Result<Stored, NotStored>) {
    meters::batch(match outcome {
        Ok(Stored::New) => Outcome::Stored,
        Ok(Stored::Repeated) => Outcome::Repeated,
        Err(_) => Outcome::Failed,
    });
    // Who has gone meanwhile sends it again, and is told then.
    let _gone = job.answer.send(outcome);
}

fn busy() -> NotStored {
    meters::batch(Outcome::Busy);
    NotStored::Busy
}

#[cfg(test)]
mod tests {
    use super::{Batch, GROUP_BATCHES, Job, NotStored, Trust, Writer, gather, mpsc, oneshot};
    use crate::store::Db;

    fn writer(at_once: usize) -> Writer {
        Writer::new(Db::postgres("postgres://nobody@127.0.0.1:1/none", 1).unwrap(), at_once)
    }

    #[tokio::test]
    async fn half_of_the_places_are_kept_for_servers_and_each_is_given_back() {
        let writer = writer(4);
        let mut of_clients: Vec<_> = (0..2).map(|_| writer.admit(Trust::Client).unwrap()).collect();
        assert_eq!(writer.admit(Trust::Client).unwrap_err(), NotStored::Busy);
        let _of_servers: Vec<_> = (0..2).map(|_| writer.admit(Trust::Server).unwrap()).collect();
        assert_eq!(writer.admit(Trust::Server).unwrap_err(), NotStored::Busy);
        of_clients.pop();
        assert!(writer.admit(Trust::Server).is_ok());
    }

    #[tokio::test]
    async fn a_group_holds_each_session_once_and_nobody_who_has_gone() {
        let writer = writer(200);
        let (sender, mut receiver) = mpsc::channel(200);
        let mut waiting = Vec::new();
        let mut job = |session: &str| {
            let (answer, answered) = oneshot::channel();
            waiting.push(answered);
            let batch = Batch::new("e", Trust::Server, session, 1);
            Job { batch, answer, _place: writer.admit(Trust::Server).unwrap() }
        };
        let first = job("a");
        let mut gone = job("gone");
        gone.answer = oneshot::channel().0;
        for job in [job("b"), gone, job("a"), job("c")] {
            sender.try_send(job).unwrap_or_else(|_| panic!("there is room"));
        }
        let names = |group: &[Job]| group.iter().map(|job| job.batch.session.clone()).collect::<Vec<_>>();
        let (group, held) = gather(first, &mut receiver);
        assert_eq!(names(&group), ["a", "b"]);
        let (group, held) = gather(held.unwrap(), &mut receiver);
        assert_eq!(names(&group), ["a", "c"]);
        assert!(held.is_none());
        for number in 0..100 {
            sender.try_send(job(&number.to_string())).unwrap_or_else(|_| panic!("there is room"));
        }
        let (group, _) = gather(job("first"), &mut receiver);
        assert_eq!(group.len(), GROUP_BATCHES);
    }

    #[tokio::test]
    async fn the_loop_ends_when_told_and_a_database_that_is_away_is_told() {
        let writer = std::sync::Arc::new(writer(4));
        let stop = tokio_util::sync::CancellationToken::new();
        let running = tokio::spawn(std::sync::Arc::clone(&writer).run(stop.clone()));
        let place = writer.admit(Trust::Server).unwrap();
        let outcome = writer.submit(place, Batch::new("e", Trust::Server, "s", 1)).await;
        assert_eq!(outcome, Err(NotStored::Away));
        stop.cancel();
        running.await.unwrap();
    }
}
