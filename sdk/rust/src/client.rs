//! [`Client`]: the one thing that an application holds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pennon_engine::Evaluation;
use serde::de::DeserializeOwned;
use tokio::sync::{oneshot, watch};

use crate::builder::{BuildError, Builder};
use crate::context::Context;
use crate::core::Core;
use crate::details::{Details, ErrorCode, FlagValue, Object};
use crate::evaluate::evaluate;
use crate::events::can_be_measured;
use crate::events::item::Measured;
use crate::listeners::Subscription;
use crate::moment::now_ms;
use crate::results;
use crate::status::Status;
use crate::watchers::Changed;

/// A client ends within this time.
const END: Duration = Duration::from_secs(1);

/// A flush gives up after this time: full buffers are dozens of batches, which a server far away takes one after another.
const FLUSH: Duration = Duration::from_secs(10);

/// Flags of one environment, held whole in this process and kept current in the background.
///
/// Evaluating is synchronous: it does no IO, takes no lock, allocates nothing (but for strings and objects that it gives), and
/// never fails: what goes wrong is in the [details](Self::details), and the caller's default is served.
///
/// Cheap to clone. When the last clone is dropped, or on [`close`](Self::close), its tasks end.
///
/// ```
/// use pennon_sdk::{Client, Context};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), pennon_sdk::BuildError> {
/// let client = Client::from_env()?;
/// client.ready().await;
/// if client.is_enabled("new_checkout_flow", &Context::new("user-1")) {
///     // …
/// }
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// What the clones share; tasks hold the core only, so that they end with the last clone.
struct Handle {
    core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.board.close();
        self.core.ended.cancel();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { handle: Arc::new(Handle { core }) }
    }

    /// Says what a client does.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A client as the environment's variables say.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoRuntime`] outside a tokio runtime. A variable that cannot be used is a warning in the log.
    pub fn from_env() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Waits for the first snapshot, at most `startWait`, and never fails: without one, defaults are served until it comes.
    /// All who wait, wait until the same moment; later on it returns at once.
    pub async fn ready(&self) {
        let core = self.core();
        if core.image.load().is_some() || core.settings.endpoint.is_none() {
            return;
        }
        let mut status = core.board.watch();
        let came = status.wait_for(|status| status.revision.is_some());
        tokio::select! {
            _ = tokio::time::timeout(core.patience(Instant::now()), came) => {}
            () = core.ended.cancelled() => {}
        }
    }

    /// Whether the boolean flag is on for this context; false when it cannot be decided.
    #[must_use]
    #[inline]
    pub fn is_enabled(&self, key: &str, context: &Context) -> bool {
        self.value(key, false, context)
    }

    /// The value of a boolean flag.
    #[must_use]
    #[inline]
    pub fn bool_value(&self, key: &str, default: bool, context: &Context) -> bool {
        self.value(key, default, context)
    }

    /// The value of a string flag.
    #[must_use]
    pub fn string_value(&self, key: &str, default: &str, context: &Context) -> String {
        let found = evaluate(self.core(), key, context, String::ASKED, |found| {
            found.and_then(Evaluation::as_str).map(Into::into)
        });
        found.unwrap_or_else(|| default.into())
    }

    /// The value of a number flag, when it is integral and below 2^53.
    #[must_use]
    #[inline]
    pub fn int_value(&self, key: &str, default: i64, context: &Context) -> i64 {
        self.value(key, default, context)
    }

    /// The value of a number flag.
    #[must_use]
    #[inline]
    pub fn float_value(&self, key: &str, default: f64, context: &Context) -> f64 {
        self.value(key, default, context)
    }

    /// The value of an object flag as a type of your own. The default when it does not fit that type.
    ///
    /// ```
    /// # let flags = pennon_sdk::test::Flags::new();
    /// # flags.set("limits", serde_json::json!({"requests": 100}));
    /// # let client = flags.client();
    /// # let context = pennon_sdk::Context::anonymous();
    /// #[derive(serde::Deserialize, Default)]
    /// struct Limits { requests: u32 }
    ///
    /// let limits: Limits = client.object_value("limits", Limits::default(), &context);
    /// assert_eq!(limits.requests, 100);
    /// ```
    #[must_use]
    pub fn object_value<T: DeserializeOwned>(&self, key: &str, default: T, context: &Context) -> T {
        let found = evaluate(self.core(), key, context, Object::ASKED, |found| {
            found.and_then(Evaluation::json).and_then(|json| serde_json::from_str(json).ok())
        });
        found.unwrap_or(default)
    }

    /// The value of a flag of the default's type: `bool`, `String`, `i64`, `f64`, [`Object`] or `serde_json::Value`.
    #[must_use]
    #[inline]
    pub fn value<T: FlagValue>(&self, key: &str, default: T, context: &Context) -> T {
        let found = evaluate(self.core(), key, context, T::ASKED, |found| {
            found.and_then(Evaluation::variant).and_then(T::read)
        });
        found.unwrap_or(default)
    }

    /// The name of the variant served, of a flag of any type. None: the caller's default is.
    #[must_use]
    pub fn variant(&self, key: &str, context: &Context) -> Option<String> {
        evaluate(self.core(), key, context, None, |found| {
            found.and_then(Evaluation::variant).map(|variant| variant.name().into())
        })
    }

    /// The value of a flag, and why.
    #[must_use]
    pub fn details<T: FlagValue>(&self, key: &str, default: T, context: &Context) -> Details<T> {
        evaluate(self.core(), key, context, T::ASKED, |found| match found {
            Some(found) => Details::of(found, found.variant().and_then(T::read), default),
            None => Details::failed(default, ErrorCode::ProviderNotReady),
        })
    }

    /// Notes a measurement for the context's targeting key, to compare the arms of a run by. A metric has 1 to 100 characters, a
    /// value is at most 1e15 from 0. Otherwise, and without a targeting key, it is dropped, which the log says once; so it is when
    /// the targeting key is above 1 000 characters, which is counted.
    ///
    /// ```
    /// # let flags = pennon_sdk::test::Flags::new();
    /// # let client = flags.client();
    /// # let context = pennon_sdk::Context::new("user-1");
    /// client.track("checkout_error", 1.0, &context);
    /// ```
    pub fn track(&self, metric: &str, value: f64, context: &Context) {
        let core = self.core();
        if !core.counts {
            return;
        }
        match context.unit() {
            Some(unit) if can_be_measured(metric, value) => {
                core.tally.measured(Measured { at_ms: now_ms(), metric: metric.into(), unit, value });
            }
            _ => {
                static SAID: std::sync::Once = std::sync::Once::new();
                SAID.call_once(|| {
                    tracing::warn!(
                        target: "pennon",
                        "a track without a targeting key, with a metric that has not 1 to 100 characters, or with a value that is \
                         not a number at most 1e15 from 0, is dropped"
                    );
                });
            }
        }
    }

    /// Calls when the flag, or anything that it depends on, has changed, and when a date passes that it compares `$now` with:
    /// the answer may be another one for somebody. Runs on a task of the client, and so must not block.
    pub fn on_change(&self, key: &str, call: impl Fn(&Changed) + Send + Sync + 'static) -> Subscription {
        self.core().watchers.add(key, call)
    }

    /// Calls whenever the state changes. Runs on a task of the client, and so must not block.
    pub fn on_status(&self, call: impl Fn(&Status) + Send + Sync + 'static) -> Subscription {
        self.core().board.on_change(call)
    }

    /// The status as it changes, to be awaited.
    ///
    /// ```
    /// # async fn example(client: pennon_sdk::Client) {
    /// let mut status = client.watch_status();
    /// while status.changed().await.is_ok() {
    ///     println!("{}", status.borrow_and_update().state);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.core().board.watch()
    }

    /// Whether what is served is current, where it came from, and since when it may be old.
    #[must_use]
    pub fn status(&self) -> Status {
        self.core().board.now()
    }

    /// What the next heartbeats say of this instance's health. True at first.
    pub fn report_health(&self, healthy: bool) {
        self.core().healthy.store(healthy, Ordering::Relaxed);
    }

    /// What the web SDK begins with: the results of the flags that are client-visible, `{"epoch", "revision", "flags"}`. Counts
    /// no evaluation. None while there is no snapshot.
    #[must_use]
    pub fn bootstrap(&self, context: &Context) -> Option<serde_json::Value> {
        let core = self.core();
        let image = core.image.load_full()?;
        Some(results::bootstrap(core, &image, context))
    }

    /// Sends what is kept for the server, once. Returns when it was sent or has failed, and after 10 s at the latest: what was
    /// not sent by then is sent later.
    pub async fn flush(&self) {
        self.flush_within(FLUSH).await;
    }

    async fn flush_within(&self, patience: Duration) {
        let core = self.core();
        if !core.counts {
            return;
        }
        let (done, waiting) = oneshot::channel();
        let flushed = async {
            if core.flushes.send(done).await.is_ok() {
                // The task answers, or has ended.
                let _ = waiting.await;
            }
        };
        if tokio::time::timeout(patience, flushed).await.is_err() {
            tracing::debug!(target: "pennon", "not everything was sent in time; the rest is sent later");
        }
    }

    /// Sends what is kept and ends the client's tasks, within a second. Evaluations go on from what is held; nothing is heard
    /// any more.
    pub async fn close(&self) {
        let core = self.core();
        core.board.close();
        core.ended.cancel();
        if tokio::time::timeout(END, core.tasks.wait()).await.is_err() {
            tracing::debug!(target: "pennon", "the client's tasks have not ended within a second");
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, settle};

    #[tokio::test]
    async fn a_flush_that_nobody_answers_ends() {
        let given = Given { url: Some("http://a".into()), key: Some("k".into()), ..Given::default() };
        // Without its tasks, as when the server holds up the one that sends.
        let client = Client::new(Arc::new(Core::new(settle(given, &|_| None).unwrap().0, false, None)));
        let flushed = client.flush_within(Duration::from_millis(1));
        assert!(tokio::time::timeout(FLUSH, flushed).await.is_ok());
    }
}
