//! Streams, as clients of every kind see them on true sockets: what comes, from where on, and how it ends.

mod archived;
mod changes;
mod draining;
mod endings;
mod head;
mod herd;
mod history;
mod limits;
mod nodes;
mod ofrep;
mod outage;
mod proxy;
mod restart;
mod results;
mod resume;
mod stalls;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::paths::project;
use crate::support::{Home, Server};

/// A server whose heart beats fast enough that a test can wait for it.
pub struct Lively(Server);

impl From<Home> for Lively {
    fn from(home: Home) -> Lively {
        Lively(Server::with(home, &[("PENNON_STREAM_HEARTBEAT", "50ms")]))
    }
}

/// Ends what others do for as long as it is held; also when the test fails, or they would go on for ever.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes a key of `development`; answers its path and its secret.
#[track_caller]
fn make_key(server: &Server, kind: &str, more: &str) -> (String, String) {
    let body = format!(r#"{{"kind": "{kind}", "name": "k", "environment": "development"{more}}}"#);
    let made = server.owner().post(&project("/keys")).json(&body).expect(201);
    (project(&format!("/keys/{}", made.text_at("/id"))), made.text_at("/secret"))
}

/// A rule that serves `on` as long as its condition on the date says so.
fn dated_rule(op: &str, date: jiff::Timestamp) -> String {
    format!(
        r#"{{"enabled": true, "fallthrough": {{"variant": "off"}}, "rules": [{{"id": "date",
           "when": {{"attribute": "$now", "op": "{op}", "values": ["{date:.3}"]}}, "serve": {{"variant": "on"}}}}]}}"#
    )
}

/// A moment a little in the future: time enough to make what is to change then.
fn soon() -> jiff::Timestamp {
    jiff::Timestamp::now() + jiff::SignedDuration::from_millis(3_000)
}

/// Makes a segment of so many kilobytes, which every put carries.
#[track_caller]
fn make_large(server: &Server, key: &str, kilobytes: usize) {
    let names: Vec<String> = (0..kilobytes).map(|number| format!("\"{number:01000}\"")).collect();
    let body = format!(r#"{{"key": "{key}", "included": [{}]}}"#, names.join(","));
    server.owner().post(&project("/segments")).reason("r").json(&body).expect(201);
}
