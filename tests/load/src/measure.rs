//! The phases of a run against one target, the server or the floor, and the checks at their end.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures_util::future::join;

use crate::evaluations::{self, Answers, Asked, Questions};
use crate::figures::{Figures, Percentiles, float};
use crate::flags::Admin;
use crate::flips::Flipper;
use crate::follow::Request;
use crate::http::Target;
use crate::machine;
use crate::options::Load;
use crate::sample::Sample;
use crate::say;
use crate::streams::{Board, Plan, Record, Streams};
use crate::truth::{Flip, Truth};

/// Flips with no stream open, to know what a flip costs by itself.
const FLIPS_ALONE: usize = 60;
/// Flips a second where flips go alone: enough to measure by a clock of ten milliseconds.
const FLIPS_APART: f64 = 5.0;
/// How long memory and processors are looked at while nothing happens.
const QUIET: Duration = Duration::from_secs(2);
/// How long a server may take before it has opened any stream.
const OPENING: Duration = Duration::from_secs(30);
/// Streams that any machine opens in a second: how long opening may take.
const OPENS_PER_SECOND: u64 = 100;
const PACE: Duration = Duration::from_millis(20);

/// A target and what is put on it.
pub struct Stage<'a> {
    /// The options.
    pub load: &'a Load,
    /// `pennon` or `floor`.
    pub name: &'static str,
    /// The target's process.
    pub pid: u32,
    /// Evaluations.
    pub target: Target,
    /// Flips.
    pub admin: Target,
    /// What it says.
    pub sample: Arc<Sample>,
    /// How streams are opened.
    pub requests: Vec<Request>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Measured {
    /// The figures.
    pub figures: Figures,
    /// What was wrong, the first few in words.
    pub faults: Vec<String>,
}

/// The parts of a run that has begun.
pub struct Begun {
    /// The streams, all open.
    pub streams: Streams,
    /// Who flips.
    pub flipper: Flipper,
    /// Who asks.
    pub questions: Rc<Questions>,
    /// The figures so far.
    pub figures: Figures,
}

/// Processor time from here on.
pub struct Watch {
    pid: u32,
    cpu: f64,
    at: Instant,
}

impl Watch {
    /// Begins.
    pub fn new(pid: u32) -> Result<Watch> {
        Ok(Watch { pid, cpu: machine::cpu(pid)?, at: Instant::now() })
    }

    /// Seconds of processor time, and seconds that went by.
    pub fn read(&self) -> Result<(f64, f64)> {
        Ok((machine::cpu(self.pid)? - self.cpu, self.at.elapsed().as_secs_f64()))
    }
}

impl Stage<'_> {
    /// Flips alone, then opens the streams and looks at memory and processors while nothing happens.
    pub async fn begin(&self) -> Result<Begun> {
        let mut figures = Figures::default();
        let states = evaluations::all_on(self.sample.flags.len());
        let mut flipper = Flipper::new(Admin::new(self.admin.clone()), &states);
        let watch = Watch::new(self.pid)?;
        flipper.quickly(FLIPS_ALONE).await?;
        figures.cpu.per_flip = watch.read()?.0 / float(FLIPS_ALONE) * 1e6;
        figures.memory.before = machine::memory(self.pid)?.0;
        say(&format!("{}: opening {} streams", self.name, self.load.streams));
        let opening = Instant::now();
        let plan = Plan { requests: self.requests.clone(), kind: self.load.kind, count: self.load.streams };
        let streams = Streams::open(plan)?;
        let patience = Duration::from_secs(self.load.streams as u64 / OPENS_PER_SECOND) + OPENING;
        if !wait_for(&streams.board, self.load.streams, 1, patience).await {
            let (board, record) = (Arc::clone(&streams.board), streams.close()?);
            let got = board.reached(1);
            bail!(
                "{got} of {} streams began within {patience:?}; {}",
                self.load.streams,
                record.faults.join("; ")
            );
        }
        say(&format!("{}: all open after {:.1} s", self.name, opening.elapsed().as_secs_f64()));
        let questions = Questions::new(&self.sample, self.target.clone(), &states, self.load.connections);
        tokio::time::sleep(QUIET / 2).await;
        let watch = Watch::new(self.pid)?;
        tokio::time::sleep(QUIET).await;
        let (cpu, time) = watch.read()?;
        figures.cpu.idle = cpu / time;
        figures.memory.open = machine::memory(self.pid)?.0;
        let added = figures.memory.open.saturating_sub(figures.memory.before);
        figures.memory.per_stream = float(usize::try_from(added)?) / float(self.load.streams.max(1));
        Ok(Begun { streams, flipper, questions: Rc::new(questions), figures })
    }

    /// A whole measurement.
    pub async fn measure(&self) -> Result<Measured> {
        let mut begun = self.begin().await?;
        let mut all = Answers::default();
        if self.load.apart_seconds > 0 {
            all.add(self.apart(&mut begun).await?);
        }
        let time = Duration::from_secs(self.load.seconds);
        let (rps, rate) = (self.load.rps, self.load.flips);
        say(&format!("{}: {rps} evaluations/s and {rate} flips/s for {time:?}", self.name));
        let (first, own, watch) = (begun.flipper.done.len(), std::process::id(), Watch::new(self.pid)?);
        let mine = Watch::new(own)?;
        let Begun { flipper, questions, .. } = &mut begun;
        let (answers, flipped) =
            join(evaluations::ask(questions, rps, time), flipper.steadily(rate, time)).await;
        flipped?;
        let answers = answers?;
        let ((cpu, took), (client, _)) = (watch.read()?, mine.read()?);
        begun.figures.cpu.loaded = cpu / took;
        begun.figures.client_processors = client / took;
        begun.figures.evaluation = latency(&answers.right);
        begun.figures.rate = float(answers.right.len()) / time.as_secs_f64().max(1e-9);
        all.add(answers);
        Ok(self.finish(begun, first, all).await?.0)
    }

    /// Evaluations alone, then flips alone: what each costs.
    async fn apart(&self, begun: &mut Begun) -> Result<Answers> {
        let time = Duration::from_secs(self.load.apart_seconds);
        say(&format!("{}: evaluations alone, then flips alone, {time:?} each", self.name));
        let idle = begun.figures.cpu.idle;
        let watch = Watch::new(self.pid)?;
        let answers = evaluations::ask(&begun.questions, self.load.rps, time).await?;
        let (cpu, took) = watch.read()?;
        let per = |seconds: f64, count: usize| (count > 0).then(|| seconds.max(0.0) / float(count) * 1e6);
        begun.figures.cpu.per_request = per(cpu - idle * took, answers.right.len());
        begun.figures.evaluation_alone = latency(&answers.right);
        let (before, watch) = (begun.flipper.done.len(), Watch::new(self.pid)?);
        begun.flipper.steadily(self.load.flips.max(FLIPS_APART), time).await?;
        let flips = begun.flipper.done.len() - before;
        let (cpu, took) = watch.read()?;
        let own = begun.figures.cpu.per_flip * float(flips) / 1e6;
        begun.figures.cpu.per_delivery = per(cpu - idle * took - own, flips * self.load.streams);
        Ok(answers)
    }

    /// Waits for the last revision on every stream, closes them and checks everything; flips count from `first` on. Also
    /// tells when streams came back that had lost their connection.
    pub async fn finish(
        &self,
        begun: Begun,
        first: usize,
        answers: Answers,
    ) -> Result<(Measured, Vec<Instant>)> {
        let Begun { streams, flipper, mut figures, .. } = begun;
        let last = flipper.last().unwrap_or(self.sample.revision);
        let settle = Duration::from_secs(self.load.settle_seconds);
        let in_time = wait_for(&streams.board, self.load.streams, last, settle).await;
        let (now, peak) = machine::memory(self.pid)?;
        (figures.memory.after, figures.memory.peak) = (now, peak);
        let record = streams.close()?;
        let counted = flipper.done.get(first..).unwrap_or_default();
        figures.flips = counted.len();
        figures.flip = Percentiles::of(counted.iter().map(|flip| since(flip.sent, flip.answered)).collect());
        let from = |start: fn(&Flip) -> Instant| Percentiles::of(deliveries(counted, &record, start));
        figures.from_sent = from(|flip| flip.sent);
        figures.from_answered = from(|flip| flip.answered);
        figures.events = record.events;
        let mut faults = wrong(&record, last, &answers);
        if !in_time && faults.is_empty() {
            faults.push(format!("not every stream was at revision {last} {settle:?} after the load"));
        }
        let truth = Truth::new(self.load.kind, &self.sample, flipper.done)?;
        let checked =
            record.different.iter().filter_map(|(context, event)| truth.check(*context, event).err());
        faults.extend(checked.map(|error| error.to_string()).take(10));
        if flipper.unapplied > 0 {
            say(&format!(
                "{}: {} flips were answered before the node served them",
                self.name, flipper.unapplied
            ));
        }
        let faults = faults.into_iter().map(|fault| format!("{}: {fault}", self.name)).collect();
        Ok((Measured { figures, faults }, record.returns))
    }
}

impl Answers {
    /// Takes what another round found wrong.
    pub fn add(&mut self, other: Answers) {
        self.faults.extend(other.faults);
        self.fault_count += other.fault_count;
        self.unsent += other.unsent;
        self.failed += other.failed;
    }
}

/// What streams and evaluations had wrong.
fn wrong(record: &Record, last: u64, answers: &Answers) -> Vec<String> {
    let mut faults = record.faults.clone();
    let ends = record.coverages.iter().enumerate().filter(|(number, _)| !record.failed.contains(number));
    let ends = ends.filter_map(|(number, own)| Some((number, own.finish(last).err()?)));
    let ends: Vec<String> =
        ends.map(|(number, error)| format!("stream {number} ended wrong: {error}")).collect();
    let more = record.failed.len() - record.faults.len() + ends.len().saturating_sub(5);
    faults.extend(ends.into_iter().take(5));
    if more > 0 {
        faults.push(format!("and {more} more of the streams"));
    }
    faults.extend(answers.faults.iter().take(10).cloned());
    let more = answers.fault_count.saturating_sub(10);
    if more > 0 {
        faults.push(format!("and {more} more evaluations"));
    }
    if answers.unsent > 0 {
        faults.push(format!(
            "{} evaluations of the schedule were never sent: the rate is too high",
            answers.unsent
        ));
    }
    faults
}

/// Waits until all streams that did not fail stand at a revision; false when patience ends first.
pub async fn wait_for(board: &Board, count: usize, revision: u64, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while board.reached(revision) + board.failed.load(Ordering::Relaxed) < count {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(PACE).await;
    }
    true
}

/// Latencies from the schedule's time.
pub fn latency(asked: &[Asked]) -> Percentiles {
    Percentiles::of(asked.iter().map(|one| since(one.due, one.done)).collect())
}

/// Nanoseconds from one moment to another, negative when it is earlier.
pub fn since(start: Instant, end: Instant) -> i64 {
    let nanoseconds = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    match end.checked_duration_since(start) {
        Some(time) => nanoseconds(time),
        None => -nanoseconds(start.duration_since(end)),
    }
}

fn deliveries(flips: &[Flip], record: &Record, start: fn(&Flip) -> Instant) -> Vec<i64> {
    let first = flips.first().map_or(0, |flip| flip.revision);
    // Flips are contiguous revisions.
    let flip = |revision: u64| flips.get(usize::try_from(revision.checked_sub(first)?).ok()?);
    record.deliveries.iter().filter_map(|one| Some(since(start(flip(one.revision)?), one.at))).collect()
}
