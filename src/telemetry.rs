//! Logs and metrics: how they leave the process, and every metric's name in one list. A label never
//! carries what a caller chose freely (a flag's key, a path), so the number of series stays bounded.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// How often histograms are folded when nobody scrapes; without it their samples pile up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bounds of request times in seconds: fine where evaluation answers (below 5 ms), coarse up to the
/// default request timeout.
const REQUEST_SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    30.0,
];

/// HTTP answers by `route` (the template), `method`, `status`.
pub const HTTP_REQUESTS: &str = "pennon_http_requests_total";
/// Seconds to the answer's head.
pub const HTTP_REQUEST_SECONDS: &str = "pennon_http_request_seconds";
/// Evaluation requests by `kind`: `single` or `bulk`.
pub const EVALUATIONS: &str = "pennon_evaluations_total";
/// The revision in memory, by `project` and `environment`.
pub const ENVIRONMENT_REVISION: &str = "pennon_environment_revision";
/// Rounds of the sync loop.
pub const SYNC_ROUNDS: &str = "pennon_sync_rounds_total";
/// Rounds of the sync loop that failed.
pub const SYNC_ERRORS: &str = "pennon_sync_errors_total";
/// Seconds since the last round that worked.
pub const SYNC_AGE_SECONDS: &str = "pennon_sync_age_seconds";
/// Seconds since the oldest snapshot in memory was last known to be current.
pub const SNAPSHOT_AGE_SECONDS: &str = "pennon_snapshot_age_seconds";
/// Snapshots refused since they would have replaced good with bad.
pub const SNAPSHOT_REFUSED: &str = "pennon_snapshot_refused_total";
/// 1 while the database answers, else 0.
pub const DATABASE_UP: &str = "pennon_database_up";
/// Committed changes by `action`.
pub const WRITES: &str = "pennon_writes_total";
/// Keys and tokens whose verifiers are in memory.
pub const KEYS: &str = "pennon_keys";
/// Snapshots written to disk.
pub const DISK_WRITES: &str = "pennon_disk_writes_total";
/// Snapshots that could not be written to disk.
pub const DISK_ERRORS: &str = "pennon_disk_errors_total";
/// Seconds from a change's commit, by the database's clock, to its place in this node's memory.
pub const SYNC_LAG_SECONDS: &str = "pennon_sync_lag_seconds";
/// Streams open now, by `kind`: `server`, `client`, `ofrep` or `audit`.
pub const STREAMS: &str = "pennon_streams";
/// Streams opened, by `kind`.
pub const STREAM_OPENED: &str = "pennon_stream_opened_total";
/// Streams refused, by `reason`: `full`, `herd` or `address`.
pub const STREAM_REFUSED: &str = "pennon_stream_refused_total";
/// Streams ended, by `reason`: `draining`, `age`, `key`, `environment`, or `client` for one that went away or read nothing.
pub const STREAM_ENDED: &str = "pennon_stream_ended_total";
/// Events handed to connections, by `event`: `put`, `patch`, `message`, `entry`, `goodbye` or `heartbeat`.
pub const STREAM_EVENTS: &str = "pennon_stream_events_total";
/// Seconds from a change's place in memory to its event on a connection.
pub const STREAM_DELIVERY_SECONDS: &str = "pennon_stream_delivery_seconds";
/// Batches of events, by `outcome`: `stored`, `repeated`, `busy` or `failed`.
pub const USAGE_BATCHES: &str = "pennon_usage_batches_total";
/// Seconds that a group of batches took to be written.
pub const USAGE_WRITE_SECONDS: &str = "pennon_usage_write_seconds";
/// Seconds since this node has last written all that it has evaluated itself.
pub const USAGE_FLUSH_AGE_SECONDS: &str = "pennon_usage_flush_age_seconds";
/// What is told of use and left out, since there is too much of it, by `what`.
pub const USAGE_DROPPED: &str = "pennon_usage_dropped_total";
/// Always 1; the label `version` is the build's.
pub const BUILD_INFO: &str = "pennon_build_info";

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by size.
    Histogram,
}

/// One entry of the list.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name, as Prometheus shows it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it counts, for people (`# HELP`).
    pub help: &'static str,
}

/// Every metric there is. A name that is not here has no description, so nothing else may be emitted.
pub const ALL: &[Metric] = &[
    counter(HTTP_REQUESTS, "HTTP answers, by route template, method and status"),
    Metric {
        name: HTTP_REQUEST_SECONDS,
        kind: Kind::Histogram,
        help: "Seconds from the request's head to the answer's head",
    },
    counter(EVALUATIONS, "Evaluation requests, by kind: single or bulk"),
    gauge(ENVIRONMENT_REVISION, "Revision in memory, by project and environment"),
    counter(SYNC_ROUNDS, "Rounds of the sync loop"),
    counter(SYNC_ERRORS, "Rounds of the sync loop that failed"),
    gauge(SYNC_AGE_SECONDS, "Seconds since the last round of the sync loop that worked"),
    gauge(SNAPSHOT_AGE_SECONDS, "Seconds since the oldest snapshot in memory was last known to be current"),
    counter(SNAPSHOT_REFUSED, "Snapshots refused since they would have replaced good with bad"),
    gauge(DATABASE_UP, "1 while the database answers, else 0"),
    counter(WRITES, "Committed changes, by action"),
    gauge(KEYS, "Keys and tokens whose verifiers are in memory"),
    counter(DISK_WRITES, "Snapshots written to disk"),
    counter(DISK_ERRORS, "Snapshots that could not be written to disk"),
    Metric {
        name: SYNC_LAG_SECONDS,
        kind: Kind::Histogram,
        help: "Seconds from a change's commit, by the database's clock, to this node's memory",
    },
    gauge(STREAMS, "Streams open now, by kind: server, client, ofrep or audit"),
    counter(STREAM_OPENED, "Streams opened, by kind"),
    counter(STREAM_REFUSED, "Streams refused, by reason: full, herd or address"),
    counter(STREAM_ENDED, "Streams ended, by reason: draining, age, key, environment or client"),
    counter(
        STREAM_EVENTS,
        "Events handed to connections, by event: put, patch, message, entry, goodbye or heartbeat",
    ),
    Metric {
        name: STREAM_DELIVERY_SECONDS,
        kind: Kind::Histogram,
        help: "Seconds from a change's place in memory to its event on a connection",
    },
    counter(USAGE_BATCHES, "Batches of events, by outcome: stored, repeated, busy or failed"),
    Metric {
        name: USAGE_WRITE_SECONDS,
        kind: Kind::Histogram,
        help: "Seconds that a group of batches took to be written",
    },
    counter(
        USAGE_DROPPED,
        "Rows of use left out since there are too many, by what: unknown_flags, instances, tracks or evaluations",
    ),
    gauge(
        USAGE_FLUSH_AGE_SECONDS,
        "Seconds since this node has last written all that it has evaluated itself",
    ),
    gauge(BUILD_INFO, "Always 1; the label version is the build's"),
];

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help }
}

/// Sends logs to stderr, as `log_format` and `log_level` say. Logs of a process that already has a
/// subscriber (a test) keep going there.
pub fn init_tracing(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a subscriber is there already, which is the documented case.
    let _already = match config.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(colour()).try_init(),
    };
}

fn colour() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The process's recorder, rendered by `GET /metrics`.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the recorder, or answers the one installed before: the recorder is the process's, so
    /// several servers in one process (tests) share it and see each other's numbers.
    ///
    /// # Errors
    ///
    /// When the builder refuses the histogram's bounds.
    pub fn install() -> Result<Metrics, BuildError> {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        if let Some(metrics) = INSTALLED.get() {
            return Ok(metrics.clone());
        }
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(HTTP_REQUEST_SECONDS.to_owned()), REQUEST_SECONDS)?
            .set_buckets_for_metric(Matcher::Full(SYNC_LAG_SECONDS.to_owned()), REQUEST_SECONDS)?
            .set_buckets_for_metric(Matcher::Full(STREAM_DELIVERY_SECONDS.to_owned()), REQUEST_SECONDS)?
            .set_buckets_for_metric(Matcher::Full(USAGE_WRITE_SECONDS.to_owned()), REQUEST_SECONDS)?
            .build_recorder();
        let metrics = INSTALLED.get_or_init(|| {
            let metrics = Metrics { handle: recorder.handle() };
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed; /metrics stays empty");
            }
            describe();
            metrics
        });
        Ok(metrics.clone())
    }

    /// The text of `GET /metrics` (Prometheus text format 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds histograms every five seconds until told to stop; a server runs it beside its loops.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => self.handle.run_upkeep(),
            }
        }
    }
}

fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_answers_the_same_recorder() {
        let first = Metrics::install().unwrap();
        let second = Metrics::install().unwrap();
        metrics::counter!(EVALUATIONS, "kind" => "single").increment(1);
        metrics::histogram!(HTTP_REQUEST_SECONDS, "route" => "/x").record(0.003);
        for text in [first.render(), second.render()] {
            assert!(text.contains("pennon_evaluations_total{kind=\"single\"} "), "{text}");
            assert!(
                text.contains("pennon_http_request_seconds_bucket{route=\"/x\",le=\"0.005\"} "),
                "{text}"
            );
            assert!(text.contains("# HELP pennon_build_info Always 1"), "{text}");
        }
    }

    #[test]
    fn names_are_unique_and_a_counter_ends_in_total() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
        }
    }

    #[tokio::test]
    async fn upkeep_stops_when_told() {
        let stop = CancellationToken::new();
        let task = tokio::spawn(Metrics::install().unwrap().upkeep(stop.clone()));
        stop.cancel();
        task.await.unwrap();
    }
}
