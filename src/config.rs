//! The settings of a server: defaults < TOML file < environment (`PENNON_*`) < flags. A leaf: it reads
//! no global state (the environment is passed in) and opens nothing but the settings file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

mod layers;
mod nearest;
mod parse;
mod secret;
mod settings;

pub use layers::{ConfigError, Input, Loaded, Problem, Source};
pub use nearest::nearest;
pub use secret::Secret;
pub use settings::{SETTINGS, Setting};

/// Loopback: a first run is reachable from this machine only until somebody decides otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Beside where it was started, so that a first run needs no rights and is removed with one `rm`.
pub const DATA_DIR: &str = "pennon-data";
/// The database's file in `data_dir` when no URL is given.
pub const SQLITE_FILE: &str = "pennon.db";
/// Postgres connections of one node: writes are few and short; evaluation takes none.
pub const DATABASE_CONNECTIONS: u32 = 10;
/// An `EnvFilter`: requests and changes, not each step.
pub const LOG_LEVEL: &str = "info,sqlx::postgres::notice=warn";
/// How stale another node may be when every notification is lost.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// A segment of 100 000 values of about 100 bytes.
pub const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// A context is a few hundred bytes; this leaves room for large attribute lists.
pub const CONTEXT_LIMIT: usize = 256 * 1024;
/// Longer than any honest request, shorter than the patience of most proxies (60 s).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Below the 30 s after which Kubernetes kills, with time left to close the database.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// A stream costs some 50 KiB, so this is about 500 MiB at most.
pub const MAX_CONNECTIONS: usize = 10_000;
/// 100 a second: more than an office behind one address needs, too few to hurt the server.
pub const CLIENT_KEY_REQUESTS_PER_MINUTE: u32 = 6_000;

/// Below the connections, so that a node full of streams still answers everything else.
pub const MAX_STREAMS: usize = 8_000;
/// A stream costs some 0.05 ms to open: a herd that returns takes a tenth of a core, and leaves the rest to evaluation.
pub const STREAM_OPENS_PER_SECOND: u32 = 2_000;
/// More tabs than an office behind one address has open, too few to fill a node.
pub const CLIENT_KEY_STREAMS_PER_ADDRESS: u32 = 200;
/// Below the patience of proxies (30 to 60 s): a connection that says nothing is taken for dead.
pub const STREAM_HEARTBEAT: Duration = Duration::from_secs(15);
/// Streams come back now and then, so that they spread over nodes that were added.
pub const STREAM_MAX_AGE: Duration = Duration::from_hours(1);
/// Soon enough that nobody notices, with jitter enough that not all come at once.
pub const STREAM_RETRY: Duration = Duration::from_secs(1);
/// Two heartbeats: who took no byte for so long is gone, or as good as gone.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// A tenth of what one node answers: 10 000 browsers ask within 5 seconds of a change.
pub const REFETCH_RATE: u32 = 2_000;

/// Some ten seconds' worth of what a database writes, and at most 64 MiB of batches in memory.
pub const MAX_EVENT_BATCHES: usize = 256;

/// Usage is looked at by the minute: this costs a transaction now and then, and little is lost with a node that is killed.
pub const USAGE_FLUSH_INTERVAL: Duration = Duration::from_secs(10);

/// The effective settings of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one. Default [`LISTEN`].
    pub listen: SocketAddr,
    /// `""`, or a path such as `/flags` under which every route lies. Default `""`.
    pub base_path: String,
    /// The directory of the SQLite file and of the disk cache. Default [`DATA_DIR`].
    pub data_dir: PathBuf,
    /// The database; none is SQLite in `data_dir`. See [`Config::database`].
    pub database_url: Option<Secret>,
    /// Postgres connections of this node. Default [`DATABASE_CONNECTIONS`].
    pub database_connections: u32,
    /// Apply the migrations at the start. Default true, so that an update is one restart.
    pub migrate: bool,
    /// The address of this service as clients see it, with any path; no trailing slash. Default none: a
    /// node does not know it.
    pub public_url: Option<String>,
    /// Origins that browsers may call from; `*` is any. Default `*`, since client keys are public and
    /// no credential is sent by itself.
    pub cors_origins: Vec<String>,
    /// Networks of the proxies in front of this node, whose `X-Forwarded-For` is believed. Default none: without a proxy
    /// the header is what a caller likes it to be.
    pub trusted_proxies: Vec<IpNet>,
    /// How logs look. Default text.
    pub log_format: LogFormat,
    /// An `EnvFilter`. Default [`LOG_LEVEL`].
    pub log_level: String,
    /// How often the database is asked for changes, besides notifications. Default [`POLL_INTERVAL`].
    pub poll_interval: Duration,
    /// Bytes of an admin request's body. Default [`BODY_LIMIT`].
    pub body_limit: usize,
    /// Bytes of an evaluation request's body. Default [`CONTEXT_LIMIT`].
    pub context_limit: usize,
    /// How long one request may take, streams excepted. Default [`REQUEST_TIMEOUT`].
    pub request_timeout: Duration,
    /// How long requests under way may take to finish after SIGTERM. Default [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
    /// Connections open at once. Default [`MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// Requests a minute per client key and address. Default [`CLIENT_KEY_REQUESTS_PER_MINUTE`].
    pub client_key_requests_per_minute: u32,
    /// Streams open at once. Default [`MAX_STREAMS`].
    pub max_streams: usize,
    /// Streams that may begin in a second. Default [`STREAM_OPENS_PER_SECOND`].
    pub stream_opens_per_second: u32,
    /// Streams open at once per client key and address. Default [`CLIENT_KEY_STREAMS_PER_ADDRESS`].
    pub client_key_streams_per_address: u32,
    /// How long a stream may be silent. Default [`STREAM_HEARTBEAT`].
    pub stream_heartbeat: Duration,
    /// How long a stream lives, give or take a quarter. Default [`STREAM_MAX_AGE`].
    pub stream_max_age: Duration,
    /// After how long clients are asked to come back, give or take a half. Default [`STREAM_RETRY`].
    pub stream_retry: Duration,
    /// How long a client may take no byte of what is sent to it. Default [`WRITE_TIMEOUT`].
    pub write_timeout: Duration,
    /// How many OFREP clients a second are asked to fetch again when something changes. Default [`REFETCH_RATE`].
    pub refetch_rate: u32,
    /// Batches of events that are being stored at once. Default [`MAX_EVENT_BATCHES`].
    pub max_event_batches: usize,
    /// How often a node writes what it has evaluated itself. Default [`USAGE_FLUSH_INTERVAL`].
    pub usage_flush_interval: Duration,
    /// Keep snapshots on disk, to start from while the database is away. Default true.
    pub disk_cache: bool,
    /// A file that the first run writes its keys to (mode 0600), for whoever sets a server up without
    /// reading its screen. Default none: secrets are shown once and stored nowhere.
    pub bootstrap_file: Option<PathBuf>,
    /// A file to write the address in use to, for whoever started it with port 0. Default none.
    pub address_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: LISTEN,
            base_path: String::new(),
            data_dir: PathBuf::from(DATA_DIR),
            database_url: None,
            database_connections: DATABASE_CONNECTIONS,
            migrate: true,
            public_url: None,
            cors_origins: vec!["*".to_owned()],
            trusted_proxies: Vec::new(),
            log_format: LogFormat::Text,
            log_level: LOG_LEVEL.to_owned(),
            poll_interval: POLL_INTERVAL,
            body_limit: BODY_LIMIT,
            context_limit: CONTEXT_LIMIT,
            request_timeout: REQUEST_TIMEOUT,
            drain_timeout: DRAIN_TIMEOUT,
            max_connections: MAX_CONNECTIONS,
            client_key_requests_per_minute: CLIENT_KEY_REQUESTS_PER_MINUTE,
            max_streams: MAX_STREAMS,
            stream_opens_per_second: STREAM_OPENS_PER_SECOND,
            client_key_streams_per_address: CLIENT_KEY_STREAMS_PER_ADDRESS,
            stream_heartbeat: STREAM_HEARTBEAT,
            stream_max_age: STREAM_MAX_AGE,
            stream_retry: STREAM_RETRY,
            write_timeout: WRITE_TIMEOUT,
            refetch_rate: REFETCH_RATE,
            max_event_batches: MAX_EVENT_BATCHES,
            usage_flush_interval: USAGE_FLUSH_INTERVAL,
            disk_cache: true,
            bootstrap_file: None,
            address_file: None,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which database the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A Postgres URL.
    Postgres(Secret),
}

impl Config {
    /// The database to use: `database_url`, or SQLite in `data_dir`.
    #[must_use]
    pub fn database(&self) -> Database {
        match &self.database_url {
            None => Database::Sqlite(self.data_dir.join(SQLITE_FILE)),
            Some(url) => match sqlite_path(url.expose()) {
                Some(path) => Database::Sqlite(path.to_owned()),
                None => Database::Postgres(url.clone()),
            },
        }
    }
}

/// The file of `sqlite:PATH` or `sqlite://PATH`; none for another scheme.
fn sqlite_path(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    Some(Path::new(path))
}
