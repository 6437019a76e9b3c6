//! The one table of settings: a row gives the flag, the variable, the key in the file, the help, how it
//! is read and how it is shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::parse::{self, show_duration, show_size};
use super::{Config, LogFormat};

/// One setting. `name` is the key in the file; `--listen` and `PENNON_LISTEN` come from it.
#[derive(Clone, Copy)]
pub struct Setting {
    /// `snake_case`.
    pub name: &'static str,
    /// What stands for the value in `--help`.
    pub value: &'static str,
    /// One line for `--help`.
    pub help: &'static str,
    /// Reads a text into the settings; the error says what is allowed.
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
    /// The effective value as text, secrets redacted.
    pub show: fn(&Config) -> String,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Setting").field(&self.name).finish()
    }
}

impl Setting {
    /// `data_dir` -> `data-dir`, the flag without its dashes.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// `data_dir` -> `PENNON_DATA_DIR`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("PENNON_{}", self.name.to_ascii_uppercase())
    }

    /// True for settings that are true or false; their flag may stand without a value.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        self.value == SWITCH
    }
}

const SWITCH: &str = "true|false";
const MINUTE: Duration = Duration::from_mins(1);
const MILLISECOND: Duration = Duration::from_millis(1);
/// Below this a body could not hold one condition.
const LEAST_BODY: usize = 1_024;
/// Bodies are held in memory while they are read.
const MOST_BODY: usize = 1 << 30;
/// A poll faster than this asks the database more often than it can change.
const LEAST_POLL: Duration = Duration::from_millis(10);

macro_rules! setting {
    ($name:ident, $value:expr, $help:expr, $parse:expr, $show:expr) => {
        Setting {
            name: stringify!($name),
            value: $value,
            help: $help,
            set: |config, text| {
                config.$name = ($parse)(text)?;
                Ok(())
            },
            show: |config| ($show)(&config.$name),
        }
    };
}

/// Every setting, in the order of `--help` and `serve --check`.
pub const SETTINGS: &[Setting] = &[
    setting!(
        listen,
        "IP:PORT",
        "Address to listen on; port 0 takes a free one",
        parse::address,
        ToString::to_string
    ),
    setting!(
        base_path,
        "PATH",
        "Path under which every route lies, such as /flags",
        parse::base_path,
        String::clone
    ),
    setting!(data_dir, "DIR", "Directory of the SQLite file and of the disk cache", path, show_path),
    setting!(
        database_url,
        "URL",
        "postgres://… or sqlite:PATH; without it, SQLite in the data directory",
        |text| parse::database_url(text).map(Some),
        |url: &Option<super::Secret>| url.as_ref().map(super::Secret::redacted_url).unwrap_or_default()
    ),
    setting!(
        database_connections,
        "N",
        "Postgres connections of this node",
        |text| whole(text, 2, 1_000),
        ToString::to_string
    ),
    setting!(migrate, SWITCH, "Apply the migrations at the start", parse::boolean, ToString::to_string),
    setting!(
        public_url,
        "URL",
        "Address of this service as clients see it, with any path",
        |text| parse::public_url(text).map(Some),
        |url: &Option<String>| url.clone().unwrap_or_default()
    ),
    setting!(
        cors_origins,
        "ORIGINS",
        "Origins that browsers may call from, separated by commas; * is any, none is none",
        parse::origins,
        |list: &Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(",") }
    ),
    setting!(
        trusted_proxies,
        "NETWORKS",
        "Networks of the proxies whose X-Forwarded-For is believed, separated by commas",
        parse::networks,
        |list: &Vec<IpNet>| {
            let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
            if shown.is_empty() { "none".to_owned() } else { shown.join(",") }
        }
    ),
    setting!(log_format, "text|json", "How log lines look", parse::log_format, |format: &LogFormat| {
        match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        }
    }),
    setting!(
        log_level,
        "LEVEL",
        "What is logged, such as info or warn,pennon=debug",
        parse::log_level,
        String::clone
    ),
    setting!(
        poll_interval,
        "DURATION",
        "How often the database is asked for changes, besides notifications",
        |text| parse::duration(text, LEAST_POLL, MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(body_limit, "SIZE", "Largest body of an admin request", body_size, |value: &usize| show_size(
        *value
    )),
    setting!(context_limit, "SIZE", "Largest body of an evaluation request", body_size, |value: &usize| {
        show_size(*value)
    }),
    setting!(
        request_timeout,
        "DURATION",
        "How long one request may take, streams excepted",
        |text| parse::duration(text, 100 * MILLISECOND, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        drain_timeout,
        "DURATION",
        "How long requests under way may take to finish after SIGTERM",
        |text| parse::duration(text, Duration::ZERO, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        max_connections,
        "N",
        "Connections open at once",
        |text| parse::number(text, 1, 1_000_000).and_then(|n| usize::try_from(n).map_err(|e| e.to_string())),
        ToString::to_string
    ),
    setting!(
        client_key_requests_per_minute,
        "N",
        "Requests a minute per client key and address",
        |text| whole(text, 1, 100_000_000),
        ToString::to_string
    ),
    setting!(
        max_streams,
        "N",
        "Streams open at once",
        |text| parse::number(text, 0, 1_000_000).and_then(|n| usize::try_from(n).map_err(|e| e.to_string())),
        ToString::to_string
    ),
    setting!(
        stream_opens_per_second,
        "N",
        "Streams that may begin in a second",
        |text| whole(text, 1, 1_000_000),
        ToString::to_string
    ),
    setting!(
        client_key_streams_per_address,
        "N",
        "Streams open at once per client key and address",
        |text| whole(text, 0, 1_000_000),
        ToString::to_string
    ),
    setting!(
        stream_heartbeat,
        "DURATION",
        "How long a stream may be silent",
        |text| parse::duration(text, 10 * MILLISECOND, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        stream_max_age,
        "DURATION",
        "How long a stream lives, give or take a quarter",
        |text| parse::duration(text, 10 * MILLISECOND, 7 * 24 * 60 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        stream_retry,
        "DURATION",
        "After how long clients of streams are asked to come back, give or take a half",
        |text| parse::duration(text, MILLISECOND, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        write_timeout,
        "DURATION",
        "How long a client may take no byte of what is sent to it",
        |text| parse::duration(text, 10 * MILLISECOND, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        refetch_rate,
        "N",
        "OFREP clients a second that are asked to fetch again when something changes",
        |text| whole(text, 1, 10_000_000),
        ToString::to_string
    ),
    setting!(
        max_event_batches,
        "N",
        "Batches of events from SDKs that are being stored at once",
        |text| parse::number(text, 1, 100_000).and_then(|n| usize::try_from(n).map_err(|e| e.to_string())),
        ToString::to_string
    ),
    setting!(
        usage_flush_interval,
        "DURATION",
        "How often a node writes what it has evaluated itself",
        |text| parse::duration(text, 10 * MILLISECOND, 10 * MINUTE),
        |value: &Duration| show_duration(*value)
    ),
    setting!(
        disk_cache,
        SWITCH,
        "Keep snapshots on disk, to start from while the database is away",
        parse::boolean,
        ToString::to_string
    ),
    setting!(
        bootstrap_file,
        "FILE",
        "File that the first run writes its keys to, as JSON; nobody else may read it",
        |text| path(text).map(Some),
        |file: &Option<PathBuf>| file.as_deref().map(show_path).unwrap_or_default()
    ),
    setting!(
        address_file,
        "FILE",
        "File to write the address in use to, for port 0",
        |text| path(text).map(Some),
        |file: &Option<PathBuf>| file.as_deref().map(show_path).unwrap_or_default()
    ),
];

fn whole(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = parse::number(text, least.into(), most.into())?;
    u32::try_from(number).map_err(|error| error.to_string())
}

fn body_size(text: &str) -> Result<usize, String> {
    parse::size(text, LEAST_BODY, MOST_BODY)
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("it is empty; a path is needed".to_owned()) } else { Ok(PathBuf::from(text)) }
}

fn show_path(path: &Path) -> String {
    path.display().to_string()
}
