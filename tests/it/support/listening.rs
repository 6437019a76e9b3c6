//! Streams and meters of a server, and the one change that most tests of them make.

use serde_json::Value;

use super::follower::Follower;
use super::paths::development;
use super::stream::Opening;
use super::{Answer, Server};

/// The flag of the first run.
pub const FLAG: &str = "new_checkout_flow";

impl Server {
    /// The stream of rules, from an id on; "" for none.
    pub fn stream(&self, last: &str) -> Opening {
        self.stream_with(&self.server_key).last(last)
    }

    /// The stream of rules, with a key.
    pub fn stream_with(&self, key: &str) -> Opening {
        Opening::new(&self.address, "GET", "/api/v1/sdk/stream")
            .header("Authorization", &format!("Bearer {key}"))
    }

    /// The stream of rules of a listener that says its name.
    pub fn stream_named(&self, name: &str) -> Opening {
        Opening::new(&self.address, "GET", &format!("/api/v1/sdk/stream?instanceId={name}"))
            .header("Authorization", &format!("Bearer {}", self.server_key))
    }

    /// The stream of results for a context, with a key.
    pub fn client_stream(&self, key: &str, context: &str) -> Opening {
        Opening::new(&self.address, "POST", "/api/v1/sdk/client-stream")
            .header("Authorization", &format!("Bearer {key}"))
            .json(&format!(r#"{{"context": {context}}}"#))
    }

    /// Where a bulk answer says that its changes are told: the URI as it stands there.
    #[track_caller]
    pub fn ofrep_uri(&self, key: &str) -> String {
        let bulk = self.holding(key).post("/ofrep/v1/evaluate/flags").json(r#"{"context": {}}"#).expect(200);
        bulk.text_at("/eventStreams/0/endpoint/requestUri")
    }

    /// The stream of OFREP, by the URI that a bulk answer tells.
    #[track_caller]
    pub fn ofrep_stream(&self, key: &str) -> Opening {
        Opening::new(self.origin(), "GET", &self.ofrep_uri(key))
    }

    /// The address without the base path.
    pub fn origin(&self) -> &str {
        let after = self.address.find("//").map_or(0, |at| at + 2);
        let end = self.address[after..].find('/').map_or(self.address.len(), |at| after + at);
        &self.address[..end]
    }

    /// A follower of the stream of rules.
    #[track_caller]
    pub fn follower(&self) -> Follower {
        Follower::of(self.stream(""))
    }

    /// The snapshot of `development`.
    #[track_caller]
    pub fn snapshot(&self) -> Answer {
        self.holding(&self.server_key).get("/api/v1/sdk/snapshot").expect(200)
    }

    /// Turns the sample flag on or off in `development`; answers the revision.
    #[track_caller]
    pub fn flip(&self, on: bool) -> i64 {
        let path = development(FLAG, if on { "/on" } else { "/off" });
        self.owner().post(&path).header("If-Match", "*").expect(200).revision()
    }

    /// Makes so many changes of `development`; answers the last revision.
    #[track_caller]
    pub fn flips(&self, number: usize) -> i64 {
        let mut on = self.evaluate(&self.server_key, FLAG, "{}").at("/value") == true;
        let mut revision = 0;
        for _ in 0..number {
            on = !on;
            revision = self.flip(on);
        }
        revision
    }

    /// The sum of all series of `/metrics` whose name, with its labels, begins like this; 0 when there is none.
    #[track_caller]
    pub fn metric(&self, series: &str) -> f64 {
        let text = self.anonymous().get("/metrics").expect(200).text();
        let of = |line: &str| {
            let rest = line.strip_prefix(series)?;
            let is_name = rest.starts_with([' ', '{']) || series.ends_with('}');
            let (_, number) = line.rsplit_once(' ')?;
            is_name.then(|| number.parse::<f64>().expect("a number"))
        };
        text.lines().filter_map(of).sum()
    }

    /// Streams open now, of a kind; of all kinds when it is "".
    #[track_caller]
    pub fn open_streams(&self, kind: &str) -> f64 {
        match kind {
            "" => self.metric("pennon_streams"),
            kind => self.metric(&format!("pennon_streams{{kind=\"{kind}\"}}")),
        }
    }

    /// Wants what a follower holds to be the snapshot, once it has come as far.
    #[track_caller]
    pub fn holds_the_same(&self, follower: &mut Follower) {
        let snapshot = self.snapshot().json();
        follower.until(snapshot["revision"].as_i64().expect("a revision"));
        assert_eq!(follower.document, snapshot);
    }
}

/// The keys of a member of an event, each with whether there is a document.
pub fn changed(event: &Value, kind: &str) -> Vec<(String, bool)> {
    let members = event[kind].as_object().unwrap_or_else(|| panic!("no {kind}: {event}"));
    members.iter().map(|(key, document)| (key.clone(), !document.is_null())).collect()
}
