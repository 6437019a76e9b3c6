//! Single evaluations in an open loop: each has its time in a schedule that waits for no answer, and its latency counts
//! from that time, so a server that stalls is seen to stall.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::http::{Connection, Target};
use crate::sample::Sample;

/// Requests are due in small groups: waking more often than this costs more than it tells.
const STEP: Duration = Duration::from_micros(500);
/// How long after the schedule's end late answers are waited for.
const GRACE: Duration = Duration::from_secs(10);
/// Pause of a connection whose server is away.
const PAUSE: Duration = Duration::from_millis(20);
/// Failures that are told.
const TOLD: usize = 10;

/// What a flag is now, as far as this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagState {
    /// As the last answered flip made it.
    pub is_on: bool,
    /// Whether a flip is under way (or was answered before it was served): either may be answered.
    pub is_open: bool,
    /// Flips begun.
    pub flips: u32,
}

/// The flags as they are now, for evaluations and flips.
pub type States = Rc<RefCell<Vec<FlagState>>>;

/// All on.
pub fn all_on(count: usize) -> States {
    Rc::new(RefCell::new(vec![FlagState { is_on: true, is_open: false, flips: 0 }; count]))
}

/// What is asked, of whom.
pub struct Questions {
    sample: Arc<Sample>,
    requests: Vec<Vec<u8>>,
    target: Target,
    states: States,
    connections: usize,
    /// Whether a request may fail (a herd's server is away).
    pub may_fail: Cell<bool>,
}

impl Questions {
    /// Every flag for every context.
    pub fn new(sample: &Arc<Sample>, target: Target, states: &States, connections: usize) -> Questions {
        let paths = sample.flags.iter().map(|flag| format!("/ofrep/v1/evaluate/flags/{}", flag.key));
        let requests = paths.flat_map(|path| {
            let request = |body| target.request("POST", &path, &[], Some(body));
            sample.bodies.iter().map(|body| request(body)).collect::<Vec<_>>()
        });
        let (sample, states) = (Arc::clone(sample), Rc::clone(states));
        let (requests, may_fail) = (requests.collect(), Cell::new(false));
        Questions { sample, requests, target, states, connections: connections.max(1), may_fail }
    }
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// When the schedule had it.
    pub due: Instant,
    /// When its answer had come.
    pub done: Instant,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Answers {
    /// Right answers.
    pub right: Vec<Asked>,
    /// Requests that failed while they might.
    pub failed: usize,
    /// Requests of the schedule that were never sent.
    pub unsent: usize,
    /// What was wrong, in words.
    pub faults: Vec<String>,
    /// How much was wrong.
    pub fault_count: usize,
}

/// Why a request gave nothing to count.
enum Failure {
    /// No answer, or a 503: the server is away.
    Away(String),
    /// An answer that is not right.
    Wrong(String),
}

struct Round {
    questions: Rc<Questions>,
    due: Arc<Semaphore>,
    next: Cell<usize>,
    total: usize,
    begin: Instant,
    step: Duration,
    group: usize,
    give_up: Instant,
    answers: RefCell<Answers>,
}

/// Asks at a rate for a time.
pub async fn ask(questions: &Rc<Questions>, rate: u32, time: Duration) -> Result<Answers> {
    if rate == 0 {
        tokio::time::sleep(time).await;
        return Ok(Answers::default());
    }
    let group = usize::try_from(rate)?
        .div_ceil(usize::try_from(Duration::from_secs(1).as_micros() / STEP.as_micros())?);
    let step = Duration::from_secs(1) * u32::try_from(group)? / rate;
    let steps = usize::try_from(time.as_nanos() / step.as_nanos().max(1))?;
    let begin = Instant::now() + STEP;
    let round = Rc::new(Round {
        questions: Rc::clone(questions),
        due: Arc::new(Semaphore::new(0)),
        next: Cell::new(0),
        total: steps * group,
        give_up: begin + time + GRACE,
        answers: RefCell::default(),
        begin,
        step,
        group,
    });
    let (due, workers) = (Arc::clone(&round.due), questions.connections);
    // A thread of its own: the runtime's timer knows milliseconds only.
    let pacer = std::thread::Builder::new().name("pacer".to_owned()).spawn(move || {
        let mut at = begin;
        for _ in 0..steps {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            due.add_permits(group);
            at += step;
        }
        due.add_permits(workers);
    })?;
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn_local(worker(Rc::clone(&round)));
    }
    while let Some(done) = tasks.join_next().await {
        done?;
    }
    drop(pacer.join());
    let mut answers = round.answers.take();
    answers.unsent = round.total.saturating_sub(round.next.get());
    Ok(answers)
}

async fn worker(round: Rc<Round>) {
    let questions = Rc::clone(&round.questions);
    let mut connection = Connection::new(questions.target.address);
    while let Ok(permit) = round.due.acquire().await {
        permit.forget();
        let ticket = round.next.get();
        if ticket >= round.total || Instant::now() > round.give_up {
            break;
        }
        round.next.set(ticket + 1);
        let due = round.begin + round.step * u32::try_from(ticket / round.group).unwrap_or(u32::MAX);
        // Spreads over all questions in an order that no cache follows.
        let spread = ticket.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
        let question = spread % questions.requests.len().max(1);
        match questions.one(&mut connection, question).await {
            Ok(done) => round.answers.borrow_mut().right.push(Asked { due, done }),
            Err(Failure::Away(_)) if questions.may_fail.get() => {
                round.answers.borrow_mut().failed += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(Failure::Away(wrong) | Failure::Wrong(wrong)) => {
                let mut answers = round.answers.borrow_mut();
                answers.fault_count += 1;
                if answers.faults.len() < TOLD {
                    answers.faults.push(wrong);
                }
            }
        }
    }
}

impl Questions {
    async fn one(&self, connection: &mut Connection, question: usize) -> Result<Instant, Failure> {
        let (flag, context) = (question / self.sample.bodies.len(), question % self.sample.bodies.len());
        let state = || self.states.borrow().get(flag).copied();
        let (before, Some(request), Some(said)) =
            (state(), self.requests.get(question), self.sample.flags.get(flag))
        else {
            return Err(Failure::Wrong("no such question".to_owned()));
        };
        let answer = connection
            .send(request)
            .await
            .map_err(|error| Failure::Away(format!("evaluating {}: {error}", said.key)))?;
        let done = Instant::now();
        if answer.head.status != 200 {
            let text = format!("evaluating {}: {} {}", said.key, answer.head.status, answer.text());
            return Err(if answer.head.status == 503 { Failure::Away(text) } else { Failure::Wrong(text) });
        }
        let is =
            |on: bool| said.side(on).answers.get(context).is_some_and(|text| text.as_bytes() == answer.body);
        let is_right = match before {
            Some(state) if !state.is_open && before == self.states.borrow().get(flag).copied() => {
                is(state.is_on)
            }
            _ => is(true) || is(false),
        };
        if is_right {
            return Ok(done);
        }
        let text = answer.text();
        Err(Failure::Wrong(format!(
            "evaluating {} for context {context}, known as {before:?}: {text}",
            said.key
        )))
    }
}
