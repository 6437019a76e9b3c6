//! The thread that holds all streams, apart from the evaluations, so that neither waits for the other in this program.
//! Others see its board: where each stream stands.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;

use crate::coverage::Coverage;
use crate::event::{Event, Said};
use crate::figures::Events;
use crate::follow::{Request, follow};
use crate::options::Kind;

/// Streams that are being opened at once, at first: fewer than a listener's queue. A herd is not held back.
const OPENING: usize = 128;
/// Failures that are told; the rest is counted.
const TOLD: usize = 10;
/// Bytes read at once, for all streams together.
const SCRATCH: usize = 64 * 1024;

/// Which streams to open.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One request for each context that streams have; stream n takes the n-th, round and round.
    pub requests: Vec<Request>,
    /// The sort.
    pub kind: Kind,
    /// How many.
    pub count: usize,
}

/// What others may see while it goes on.
#[derive(Debug)]
pub struct Board {
    revisions: Vec<AtomicU64>,
    /// Streams that are open (their first bytes have come).
    pub open: AtomicUsize,
    /// Streams that ended with a failure; they are not opened again.
    pub failed: AtomicUsize,
    /// Whether a connection may break: a herd's server is killed.
    pub may_break: AtomicBool,
}

impl Board {
    /// Streams that stand at a revision or beyond.
    pub fn reached(&self, revision: u64) -> usize {
        self.revisions.iter().filter(|own| own.load(Ordering::Relaxed) >= revision).count()
    }

    /// Notes where a stream stands.
    pub fn stands(&self, number: usize, revision: u64) {
        if let Some(own) = self.revisions.get(number) {
            own.store(revision, Ordering::Relaxed);
        }
    }

    /// Streams that failed.
    pub fn failures(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }
}

/// One revision that came to one stream.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// Which revision.
    pub revision: u64,
    /// When the bytes had been read.
    pub at: Instant,
}

/// All that the streams saw.
#[derive(Debug, Default)]
pub struct Record {
    /// What was wrong, the first few in words.
    pub faults: Vec<String>,
    /// The streams that failed.
    pub failed: BTreeSet<usize>,
    /// Every delivery of a revision after a stream's first event.
    pub deliveries: Vec<Delivery>,
    /// When a stream was back after its connection had ended.
    pub returns: Vec<Instant>,
    /// What was read.
    pub events: Events,
    /// Each different event once, with the context of the stream that got it.
    pub different: Vec<(usize, Arc<Event>)>,
    /// Where each stream stood in the end.
    pub coverages: Vec<Coverage>,
}

impl Record {
    /// Notes that a stream failed, and why.
    pub fn fail(&mut self, number: usize, text: String) {
        self.failed.insert(number);
        if self.faults.len() < TOLD {
            self.faults.push(text);
        }
    }
}

/// Events by their bytes.
type Known = Vec<(Vec<u8>, Arc<Event>)>;

/// What the streams of the thread share.
pub struct Shared {
    /// Which streams.
    pub plan: Plan,
    /// For others.
    pub board: Arc<Board>,
    /// What was seen.
    pub record: RefCell<Record>,
    /// Where bytes are read to: a stream never waits while it holds them.
    pub scratch: RefCell<Vec<u8>>,
    /// Held while a stream is opened for the first time.
    pub opening: Semaphore,
    known: RefCell<HashMap<(usize, u64), Known>>,
}

impl Shared {
    /// Reads a block. The same bytes come to thousands of streams: they are compared instead of read again. `near` is
    /// where the stream stands, which most blocks of the same bytes share.
    pub fn read(&self, context: usize, near: u64, bytes: &[u8]) -> Result<Said> {
        let place = (context, near);
        if let Some(event) = self.recall(place, bytes) {
            return Ok(Said::Event(event));
        }
        let said = Said::parse(bytes)?;
        if let Said::Event(event) = &said {
            self.record.borrow_mut().different.push((context, Arc::clone(event)));
            self.known.borrow_mut().entry(place).or_default().push((bytes.to_vec(), Arc::clone(event)));
        }
        Ok(said)
    }

    fn recall(&self, place: (usize, u64), bytes: &[u8]) -> Option<Arc<Event>> {
        let known = self.known.borrow();
        known.get(&place)?.iter().find(|(own, _)| own == bytes).map(|(_, event)| Arc::clone(event))
    }
}

/// The thread.
#[derive(Debug)]
pub struct Streams {
    /// What can be seen while it goes on.
    pub board: Arc<Board>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Record>>,
}

impl Streams {
    /// Begins to open them.
    pub fn open(plan: Plan) -> Result<Streams> {
        let board = Arc::new(Board {
            revisions: (0..plan.count).map(|_| AtomicU64::new(0)).collect(),
            open: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            may_break: AtomicBool::new(false),
        });
        let (stop, stopped) = oneshot::channel();
        let shown = Arc::clone(&board);
        let thread = std::thread::Builder::new()
            .name("streams".to_owned())
            .spawn(move || hold(plan, shown, stopped))?;
        Ok(Streams { board, stop, thread })
    }

    /// Closes them all; what they saw.
    pub fn close(self) -> Result<Record> {
        let _ = self.stop.send(());
        self.thread.join().ok().context("the thread of the streams panicked")?
    }
}

fn hold(plan: Plan, board: Arc<Board>, stopped: oneshot::Receiver<()>) -> Result<Record> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let coverages = vec![Coverage::new(plan.kind); plan.count];
    let shared = Rc::new(Shared {
        record: RefCell::new(Record { coverages, ..Record::default() }),
        scratch: RefCell::new(vec![0; SCRATCH]),
        opening: Semaphore::new(OPENING),
        known: RefCell::default(),
        plan,
        board,
    });
    let tasks = LocalSet::new();
    for number in 0..shared.plan.count {
        tasks.spawn_local(follow(number, Rc::clone(&shared)));
    }
    runtime.block_on(tasks.run_until(async { drop(stopped.await) }));
    drop(tasks);
    Ok(shared.record.take())
}
