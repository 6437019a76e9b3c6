//! [`Builder`]: says what a client does, and makes it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pennon_engine::Snapshot;

use crate::client::Client;
use crate::core::Core;
use crate::http::Http;
use crate::moment::Moment;
use crate::settings::{Given, SettingError, settle};
use crate::{cache, feed};

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// There is no tokio runtime to listen in.
    #[error("a client is made inside a tokio runtime, which it listens in")]
    NoRuntime,
    /// The bootstrap is no snapshot.
    #[error("the bootstrap cannot be used: {0}")]
    Bootstrap(#[from] pennon_engine::SnapshotError),
    /// Encrypted connections cannot be made here.
    #[error("encrypted connections cannot be made: {0}")]
    Tls(#[from] rustls::Error),
}

/// Says what a client does. What is not said is taken from the variable, or is the default.
///
/// ```
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), pennon_sdk::BuildError> {
/// let client = pennon_sdk::Client::builder()
///     .url("https://flags.example.org")
///     .key("pnn_srv_…")
///     .cache_dir("/var/cache/shop")
///     .label("region", "eu")
///     .start_wait(Duration::from_secs(1))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is built"]
pub struct Builder {
    given: Given,
    bootstrap: Option<String>,
    offline: bool,
    moment: Option<Moment>,
}

/// Without the key, and without the snapshot, which may name who is served what.
impl fmt::Debug for Builder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Builder")
            .field("given", &self.given)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

macro_rules! setting {
    ($($(#[$doc:meta])* $name:ident: $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: impl Into<$kind>) -> Self {
            self.given.$name = Some($name.into());
            self
        }
    )*};
}

impl Builder {
    setting! {
        /// The server's address, base path included. Variable `PENNON_URL`.
        url: String;
        /// A server key of the environment. Variable `PENNON_SDK_KEY`.
        key: String;
        /// This process's name, 1 to 200 characters. Variable `PENNON_INSTANCE_ID`; else host name, process id and start.
        instance_id: String;
        /// The folder of the file that a later process starts from. Variable `PENNON_CACHE_DIR`; else none.
        cache_dir: PathBuf;
        /// Whether anything is sent to the server. Variable `PENNON_EVENTS`; else true.
        events: bool;
        /// How long [`Client::ready`] waits at most. Variable `PENNON_START_WAIT` in seconds; else 2 s.
        start_wait: Duration;
        /// How often events are sent, give or take a fifth: 30 s.
        flush_interval: Duration;
        /// A stream that gives nothing for this long is held back, and polling begins: 10 s.
        stream_wait: Duration;
        /// How often the snapshot is asked for while the stream gives nothing, give or take a fifth: 30 s.
        poll_interval: Duration;
        /// A stream that is silent for this long is dead: 45 s, three heartbeats.
        read_timeout: Duration;
        /// The longest pause after a first failure: 1 s.
        backoff_min: Duration;
        /// The longest pause of all: 30 s.
        backoff_max: Duration;
        /// After this long of health the next failure counts as the first: 60 s.
        healthy_after: Duration;
        /// How long a connection may take: 10 s.
        connect_timeout: Duration;
    }

    /// Shows this beside the instance in the console. At most 16, keys of 1 to 64 characters, values of at most 128.
    /// Variable `PENNON_LABELS` (`region=eu,team=shop`).
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.given.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// A snapshot to serve until the server says something newer: the JSON of `GET /api/v1/sdk/snapshot`.
    pub fn bootstrap(mut self, snapshot: impl Into<String>) -> Self {
        self.bootstrap = Some(snapshot.into());
        self
    }

    /// Serves the bootstrap, and never talks to a server.
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Evaluates at this moment instead of the system's. For tests.
    pub fn moment(mut self, moment: &Moment) -> Self {
        self.moment = Some(moment.clone());
        self
    }

    /// Makes the client, which begins to listen at once, in the runtime that this is called in. Reads the cache's file, if there
    /// is one. Without an address or a key it serves defaults, and says so once in the log.
    ///
    /// # Errors
    ///
    /// [`BuildError::Setting`] names a setting that cannot be used (a variable that cannot be is a warning in the log);
    /// [`BuildError::NoRuntime`] outside a tokio runtime, unless there is no server to talk to; [`BuildError::Bootstrap`] for a
    /// bootstrap that is no snapshot; [`BuildError::Tls`].
    pub fn build(self) -> Result<Client, BuildError> {
        let (mut settings, warnings) = settle(self.given, &|name| std::env::var(name).ok())?;
        for warning in warnings {
            tracing::warn!(target: "pennon", "{warning}; it is not used");
        }
        if self.offline {
            settings.endpoint = None;
        }
        let bootstrap = self.bootstrap.map(|text| Snapshot::from_json(text.as_bytes())).transpose()?;
        let core = Arc::new(Core::new(settings, self.offline, self.moment));
        core.begin(bootstrap, cache::read(&core));
        let runtime = tokio::runtime::Handle::try_current();
        match (&core.settings.endpoint, runtime) {
            (Some(endpoint), Ok(runtime)) => {
                let http = Http::new(endpoint, &core.settings)?;
                feed::spawn(&core, Some((http, endpoint.url.clone())), &runtime);
            }
            (Some(_), Err(_)) => return Err(BuildError::NoRuntime),
            (None, runtime) => {
                if !self.offline {
                    tracing::warn!(
                        target: "pennon",
                        "no address or no key (PENNON_URL, PENNON_SDK_KEY): defaults are served"
                    );
                }
                // Dates pass all the same, if there is a runtime to wait in.
                if let Ok(runtime) = runtime {
                    feed::spawn(&core, None, &runtime);
                }
            }
        }
        Ok(Client::new(core))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_that_is_shown_shows_no_key_and_no_snapshot() {
        let builder = Client::builder().url("http://user:word@a").key("pnn_srv_hidden").bootstrap("grace");
        let shown = format!("{builder:?}");
        assert!(shown.starts_with("Builder"), "{shown}");
        for hidden in ["hidden", "word", "grace"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
