//! Meters of the hot paths, registered once, so that a request only adds to them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
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
pub fn http_request(route: &str, method: &Method, status: StatusCode, took: Duration) {
    let labels = [
        ("route", route.to_owned()),
        ("method", known(method).to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    counter!(HTTP_REQUESTS, &labels).increment(1);
    histogram!(HTTP_REQUEST_SECONDS, "route" => route.to_owned()).record(took.as_secs_f64());
}

/// A method is what the caller typed: only the usual ones become labels.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        _ => "other",
    }
}
