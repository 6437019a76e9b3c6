//! What SDKs tell of use, and what the server has evaluated itself: taken once, kept bounded, shown to people.

mod archiving;
mod batches;
mod clients;
mod evaluated;
mod instances;
mod kept;
mod pressure;
mod refused;
mod shown;
mod twice;

use serde_json::Value;

use crate::support::home::block_on;
use crate::support::{Answer, Client, Home, Server};

/// The flag of the first run.
pub const FLAG: &str = "new_checkout_flow";
pub const EVENTS: &str = "/api/v1/sdk/events";

/// A batch of a session.
pub fn batch(session: u64, sequence: i64, events: &str) -> String {
    format!(
        r#"{{"instanceId": "shop-1", "session": "{session:016x}", "sequence": {sequence}, "events": [{events}]}}"#
    )
}

/// A summary of one entry.
pub fn summary(flag: &str, variant: &str, count: i64) -> String {
    format!(
        r#"{{"kind": "summary", "evaluations": [{{"flag": "{flag}", "variant": "{variant}", "reason": "SPLIT", "count": {count}}}]}}"#
    )
}

/// An exposure of a unit.
pub fn exposure(flag: &str, run: &str, arm: &str, unit: &str) -> String {
    format!(
        r#"{{"kind": "exposure", "flag": "{flag}", "variant": "on", "run": "{run}", "arm": "{arm}", "unit": "{unit}"}}"#
    )
}

impl Server {
    /// Sends a batch with the server key.
    pub fn tell(&self, batch: &str) -> Answer {
        send(&self.holding(&self.server_key), batch)
    }

    /// Sends a batch with the client key.
    pub fn tell_as_client(&self, batch: &str) -> Answer {
        send(&self.holding(&self.client_key), batch)
    }
}

/// A server that writes what it has evaluated itself without delay.
pub fn prompt(home: Home) -> Server {
    Server::with(home, &[("PENNON_USAGE_FLUSH_INTERVAL", "20ms")])
}

/// A path below what is known of the use of `development`.
pub fn usage(rest: &str) -> String {
    format!("/api/v1/projects/default/usage?environment=development{rest}")
}

/// Sends a batch.
pub fn send(client: &Client, batch: &str) -> Answer {
    client.post(EVENTS).json(batch).send()
}

/// Wants a batch to be taken, so many events of it.
#[track_caller]
pub fn taken(answer: &Answer, accepted: usize) {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.json(), serde_json::json!({"accepted": accepted, "refused": []}), "{answer}");
}

/// The rows of a query, each as an object of texts and numbers: what is stored, read past the server.
pub fn stored(
    home: &Home,
    sql: &'static str,
    texts: &[&'static str],
    numbers: &[&'static str],
) -> Vec<Value> {
    block_on(async {
        let db = home.open().await;
        let rows = db.fetch_all(sql, &[]).await.unwrap();
        let object = |row: &pennon::store::Row| {
            let mut object = serde_json::Map::new();
            for name in texts {
                object.insert((*name).to_owned(), row.text(name).unwrap().into());
            }
            for name in numbers {
                object.insert((*name).to_owned(), row.int(name).unwrap().into());
            }
            Value::Object(object)
        };
        let found = rows.iter().map(object).collect();
        db.close().await;
        found
    })
}

/// Evaluations of all that is stored, by flag, variant, outcome and source, of the roll-up by minute and of that by hour.
pub fn counts(home: &Home) -> Vec<(String, i64)> {
    let sql = "SELECT span, flag, variant, outcome, source, CAST(SUM(count) AS BIGINT) AS total FROM evaluation \
               GROUP BY span, flag, variant, outcome, source ORDER BY span, flag, variant, outcome, source";
    let found = stored(home, sql, &["flag", "variant", "outcome", "source"], &["span", "total"]);
    let name = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{} {} {} {} {}", row["span"], text("flag"), text("variant"), text("outcome"), text("source"))
    };
    found.iter().map(|row| (name(row), row["total"].as_i64().unwrap())).collect()
}

/// How many evaluations of a flag are stored, by all who counted.
pub fn counted(home: &Home, flag: &str) -> i64 {
    let of_flag = format!("60 {flag} ");
    counts(home).iter().filter(|(name, _)| name.starts_with(&of_flag)).map(|(_, count)| count).sum()
}
