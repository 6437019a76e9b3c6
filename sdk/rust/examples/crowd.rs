//! Many clients in one process, for `tests/bench/flip`; `tests/bench/crowd/python.py` tells how it speaks.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pennon_sdk::{Client, State};
use serde_json::{Value, json};

/// The connections of a thousand clients on a busy machine.
const START_WAIT: Duration = Duration::from_mins(1);

/// Microseconds since the epoch at which callbacks came, by revision.
type Arrivals = Arc<Mutex<HashMap<String, Vec<u128>>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().ok_or("how many clients?")?.parse()?;
    let flag = arguments.next().ok_or("which flag?")?;
    let arrivals = Arrivals::default();
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let client = Client::builder().events(false).start_wait(START_WAIT).build()?;
        let arrivals = Arc::clone(&arrivals);
        client
            .on_change(&flag, move |change| arrived(&arrivals, count, &change.revision.to_string()))
            .forever();
        clients.push(client);
    }
    for client in &clients {
        client.ready().await;
        if client.status().state != State::Ready {
            return Err("not every client became ready".into());
        }
    }
    say(&json!({"ready": count}));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// Notes one callback; tells of all of them when it was the last client's.
fn arrived(arrivals: &Arrivals, count: usize, revision: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    let times = arrivals.entry(revision.to_owned()).or_default();
    times.push(now);
    if times.len() == count {
        say(&json!({"revision": revision, "at": arrivals.remove(revision)}));
    }
}

fn say(what: &Value) {
    let mut out = std::io::stdout().lock();
    // Whoever measures this may be gone.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}
