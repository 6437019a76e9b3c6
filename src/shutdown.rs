//! Stopping in order. One `Shutdown` a server; everything that runs for long watches it and nothing
//! else decides when the process ends.
//!
//! 1. **Drain** (`drain`, or the first SIGTERM, SIGINT or SIGHUP): readiness turns 503, the listener accepts
//!    nothing new, streams say goodbye and close, requests under way finish (at most `drain_timeout`).
//! 2. **Cancel** (`cancel`, called by the server when the requests are done): the loops stop, each of
//!    which holds a `child`; they go after the requests, since a write waits for the sync loop to apply it.
//! 3. The database closes, last, when nobody can ask it anything any more.

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// The two stages of stopping; clones are the same tree.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    cancelled: CancellationToken,
}

impl Shutdown {
    /// A tree that nothing has stopped yet.
    #[must_use]
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Drains on SIGTERM, SIGINT or SIGHUP (a terminal that closes). A second signal ends the process at once, with 128 + its number,
    /// for an operator who will not wait. The task ends with `cancel`.
    ///
    /// # Errors
    ///
    /// When the handlers can't be installed.
    pub fn on_signals(&self) -> std::io::Result<JoinHandle<()>> {
        let mut signals = Signals::new()?;
        let shutdown = self.clone();
        Ok(tokio::spawn(async move {
            let cancelled = shutdown.cancelled.clone();
            let watch = async {
                let name = signals.next().await.0;
                tracing::info!(signal = name, "draining; a second signal stops at once");
                shutdown.drain();
                let (name, number) = signals.next().await;
                tracing::warn!(signal = name, "stopping at once");
                std::process::exit(128 + number);
            };
            tokio::select! { () = watch => {}, () = cancelled.cancelled() => {} }
        }))
    }

    /// Begins the drain. Idempotent.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Completes when the drain begins; at once if it has.
    pub fn draining(&self) -> WaitForCancellationFuture<'_> {
        self.draining.cancelled()
    }

    /// A token of the first stage, for what must end when the drain begins (a stream, the listener).
    #[must_use]
    pub fn draining_token(&self) -> CancellationToken {
        self.draining.child_token()
    }

    /// True from the moment the drain begins.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// A token of the second stage, for a loop; cancelling it stops that loop alone.
    #[must_use]
    pub fn child(&self) -> CancellationToken {
        self.cancelled.child_token()
    }

    /// Stops everything: the drain, if it has not begun, and the loops. Idempotent.
    pub fn cancel(&self) {
        self.draining.cancel();
        self.cancelled.cancel();
    }

    /// Completes when everything is to stop.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        self.cancelled.cancelled()
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 15),
            _ = self.interrupt.recv() => ("SIGINT", 2),
            _ = self.hangup.recv() => ("SIGHUP", 1),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the Unix twin can fail")]
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) -> (&'static str, i32) {
        if tokio::signal::ctrl_c().await.is_err() {
            // No handler: never a signal, rather than one that nobody sent.
            std::future::pending::<()>().await;
        }
        ("Ctrl-C", 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_leaves_the_loops_running_and_cancelling_stops_them() {
        let shutdown = Shutdown::new();
        let (stream, a_loop) = (shutdown.draining_token(), shutdown.child());
        shutdown.clone().drain();
        shutdown.draining().await;
        assert!(shutdown.is_draining() && stream.is_cancelled() && !a_loop.is_cancelled());
        shutdown.cancel();
        shutdown.cancelled().await;
        assert!(a_loop.is_cancelled());
    }

    #[tokio::test]
    async fn cancelling_implies_draining_and_a_child_stops_alone() {
        let shutdown = Shutdown::new();
        shutdown.child().cancel();
        assert!(!shutdown.is_draining());
        shutdown.cancel();
        assert!(shutdown.is_draining());
    }

    #[tokio::test]
    async fn the_signal_task_ends_when_everything_stops() {
        let shutdown = Shutdown::new();
        let task = shutdown.on_signals().unwrap();
        shutdown.cancel();
        task.await.unwrap();
    }
}
