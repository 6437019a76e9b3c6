//! A restart with all streams open: the server is killed or told to stop, starts again at the same address, and everybody
//! comes back with `Last-Event-ID`, while evaluations and flips go on.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::join;
use serde::Serialize;

use crate::evaluations::{self, Answers, Asked};
use crate::figures::Percentiles;
use crate::machine;
use crate::measure::{Begun, Measured, Stage, latency, since};
use crate::options::Signal;
use crate::say;
use crate::server::Server;

/// How long the herd may take to come back.
const PATIENCE: Duration = Duration::from_mins(2);
const PACE: Duration = Duration::from_millis(20);

/// What a restart was like.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Herd {
    /// Seconds from the signal to the process's end.
    pub ended_after: f64,
    /// Seconds from the signal until the new process was ready.
    pub ready_after: f64,
    /// When streams were back, from the new process's readiness on, milliseconds.
    pub back: Percentiles,
    /// When streams were back, from the signal on, milliseconds.
    pub back_from_signal: Percentiles,
    /// Seconds from readiness until all were open and stood at the last revision of that moment.
    pub all_after: f64,
    /// Evaluations before the signal, milliseconds.
    pub before: Percentiles,
    /// Evaluations due between readiness and the moment when all streams were back.
    pub meanwhile: Percentiles,
    /// Evaluations after that.
    pub after: Percentiles,
    /// Streams that got a whole snapshot when they were back, instead of what they had missed.
    pub reloaded: usize,
    /// Openings that were refused with `Retry-After`.
    pub refused: usize,
    /// Evaluations that nobody answered, since the server was away.
    pub unanswered: usize,
    /// Resident memory in KiB with all streams open, before.
    pub memory_before: u64,
    /// The most the new process ever had.
    pub memory_peak: u64,
    /// The new process at the end.
    pub memory_after: u64,
}

/// The moments of a restart.
struct Moments {
    signal: Instant,
    ended: Instant,
    ready: Instant,
    back: Instant,
}

/// Measures one restart.
pub async fn measure(stage: &mut Stage<'_>, server: &mut Server, signal: Signal) -> Result<(Measured, Herd)> {
    let mut begun = stage.begin().await?;
    let first = begun.flipper.done.len();
    let time = Duration::from_secs(stage.load.seconds);
    say(&format!("herd: SIG{} after {:?}, under {} evaluations/s", signal.name(), time / 3, stage.load.rps));
    let memory_before = begun.figures.memory.open;
    let questions = Rc::clone(&begun.questions);
    let asking = evaluations::ask(&questions, stage.load.rps, time);
    let (answers, moments) = join(asking, restart(&mut begun, stage, server, signal)).await;
    let (answers, moments) = (answers?, moments?);
    stage.pid = server.process.pid();
    let phase = |from: Option<Instant>, to: Option<Instant>| {
        let inside =
            |one: &&Asked| from.is_none_or(|from| one.due >= from) && to.is_none_or(|to| one.due < to);
        latency(&answers.right.iter().filter(inside).copied().collect::<Vec<_>>())
    };
    let mut herd = Herd {
        ended_after: (moments.ended - moments.signal).as_secs_f64(),
        ready_after: (moments.ready - moments.signal).as_secs_f64(),
        all_after: (moments.back - moments.ready).as_secs_f64(),
        before: phase(None, Some(moments.signal)),
        meanwhile: phase(Some(moments.ready), Some(moments.back)),
        after: phase(Some(moments.back), None),
        unanswered: answers.failed,
        memory_before,
        ..Herd::default()
    };
    let wrong = Answers { right: Vec::new(), ..answers };
    let (measured, returns) = stage.finish(begun, first, wrong).await?;
    let from = |start: Instant| Percentiles::of(returns.iter().map(|at| since(start, *at)).collect());
    (herd.back, herd.back_from_signal) = (from(moments.ready), from(moments.signal));
    let events = measured.figures.events;
    (herd.reloaded, herd.refused) = (events.put.saturating_sub(stage.load.streams), events.refused);
    (herd.memory_after, herd.memory_peak) = (measured.figures.memory.after, measured.figures.memory.peak);
    Ok((measured, herd))
}

async fn restart(
    begun: &mut Begun,
    stage: &Stage<'_>,
    server: &mut Server,
    signal: Signal,
) -> Result<Moments> {
    let (time, rate) = (Duration::from_secs(stage.load.seconds), stage.load.flips);
    let start = Instant::now();
    begun.flipper.steadily(rate, time / 3).await?;
    begun.questions.may_fail.set(true);
    begun.streams.board.may_break.store(true, Ordering::Relaxed);
    let before = Instant::now();
    let status = server.process.end(signal.name()).await?;
    let ended = Instant::now();
    if signal == Signal::Term {
        ensure!(status.success(), "the server ended with {status} after SIGTERM:\n{}", server.process.log());
    }
    server.start_again().await?;
    let ready = Instant::now();
    say(&format!("herd: ready again after {:.2} s", (ready - before).as_secs_f64()));
    begun.flipper.reconnect();
    // One change that nobody has, before most are back: they come with an id that lies behind.
    begun.flipper.flip().await?;
    let wanted = begun.flipper.last().unwrap_or_default();
    let pause = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(PATIENCE);
    let mut flipped = Instant::now();
    let board = &begun.streams.board;
    let all = stage.load.streams;
    loop {
        let gone = board.failures();
        if board.open.load(Ordering::Relaxed) + gone >= all && board.reached(wanted) + gone >= all {
            break;
        }
        ensure!(
            ready.elapsed() < PATIENCE,
            "{} of {all} streams are back",
            board.open.load(Ordering::Relaxed)
        );
        if flipped.elapsed() >= pause {
            flipped = Instant::now();
            begun.flipper.flip().await?;
        }
        tokio::time::sleep(PACE).await;
    }
    let back = Instant::now();
    say(&format!(
        "herd: everybody is back {:.2} s later; {} KiB",
        (back - ready).as_secs_f64(),
        machine::memory(server.process.pid())?.0
    ));
    board.may_break.store(false, Ordering::Relaxed);
    begun.questions.may_fail.set(false);
    let left = time.saturating_sub(start.elapsed()).max(Duration::from_secs(2));
    begun.flipper.steadily(rate, left).await?;
    Ok(Moments { signal: before, ended, ready, back })
}
