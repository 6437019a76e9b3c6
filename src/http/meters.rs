//! Meters of the hot paths, registered once, so that a request only adds to them.

use std::time::Duration;

use metrics::{Counter, counter, histogram};

use crate::telemetry::{EVALUATIONS, HTTP_REQUEST_SECONDS, HTTP_REQUESTS};

/// Counters that evaluation adds to.
pub struct Meters {
    /// Evaluations of one flag.
    pub single: Counter,
    /// Evaluations of all flags.
    pub bulk: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Meters {
            single: counter!(EVALUATIONS, "kind" => "single"),
            bulk: counter!(EVALUATIONS, "kind" => "bulk"),
        }
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

/// Counts a request by its route's template, never its path.
pub fn http_request(route: &str, method: &str, status: u16, took: Duration) {
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    counter!(HTTP_REQUESTS, &labels).increment(1);
    histogram!(HTTP_REQUEST_SECONDS, "route" => route.to_owned()).record(took.as_secs_f64());
}
