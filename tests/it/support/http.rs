//! A blocking HTTP client for tests: no status is an error, nothing is followed, nothing is guessed.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};

/// Sends requests to one server, with headers of its own.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    headers: Vec<(String, String)>,
    agent: Agent,
}

impl Client {
    /// A client of a server's address.
    pub fn new(base: &str) -> Client {
        Client { base: base.to_owned(), headers: Vec::new(), agent: agent(Duration::from_secs(30)) }
    }

    /// The same, waiting this long for an answer.
    pub fn patient(self, patience: Duration) -> Client {
        Client { agent: agent(patience), ..self }
    }

    /// The same with one more header on every request.
    pub fn with(mut self, name: &str, value: &str) -> Client {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    pub fn patch(&self, path: &str) -> Call {
        self.call("PATCH", path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// A request of any method.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call {
            client: self.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

fn agent(patience: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        // A connection each: one that a server closed meanwhile would fail the next request.
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(patience));
    Agent::new_with_config(config.build())
}

/// A request about to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    client: Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `If-Match: "version"`.
    pub fn if_match(self, version: i64) -> Call {
        self.header("If-Match", &format!("\"{version}\""))
    }

    /// `X-Pennon-Reason`.
    pub fn reason(self, reason: &str) -> Call {
        self.header("X-Pennon-Reason", reason)
    }

    /// `Idempotency-Key`.
    pub fn once(self, key: &str) -> Call {
        self.header("Idempotency-Key", key)
    }

    /// A body of JSON, sent exactly as it is written here.
    pub fn json(self, text: &str) -> Call {
        self.header("Content-Type", "application/json").body(text.as_bytes())
    }

    /// A body without a content type.
    pub fn body(mut self, bytes: &[u8]) -> Call {
        self.body = bytes.to_vec();
        self
    }

    /// Sends it; panics when there is no answer at all.
    #[track_caller]
    pub fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        match self.try_send() {
            Ok(answer) => answer,
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// Sends it; answers the error when there is no answer at all.
    pub fn try_send(self) -> Result<Answer, Box<ureq::Error>> {
        let method = Method::from_bytes(self.method.as_bytes()).expect("a method");
        let mut request = Request::builder().method(method).uri(format!("{}{}", self.client.base, self.path));
        for (name, value) in self.client.headers.iter().chain(&self.headers) {
            request = request.header(name, value);
        }
        let agent = &self.client.agent;
        let answer = if self.body.is_empty() && !matches!(self.method.as_str(), "POST" | "PATCH" | "PUT") {
            agent.run(request.body(()).expect("a request"))
        } else {
            let request = agent.configure_request(request.body(self.body).expect("a request"));
            agent.run(request.allow_non_standard_methods(true).build())
        };
        let mut answer = answer.map_err(Box::new)?;
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().map_err(Box::new)?;
        Ok(Answer {
            what: format!("{} {}", self.method, self.path),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body,
        })
    }

    /// Sends it and wants this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        let answer = self.send();
        assert_eq!(answer.status, status, "{answer}");
        answer
    }

    /// Sends it and wants a problem with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Answer {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{answer}");
        assert_eq!(answer.json()["code"], code, "{answer}");
        answer
    }

    /// Sends it and wants a 422 with exactly these pointers and codes.
    #[track_caller]
    pub fn invalid(self, errors: &[(&str, &str)]) -> Answer {
        let answer = self.expect(422);
        let body = answer.json();
        let told: Vec<(&str, &str)> = body["errors"]
            .as_array()
            .map(|errors| {
                errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
            })
            .unwrap_or_default();
        assert_eq!(told, errors, "{answer}");
        answer
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("(no text)")
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's text, "" when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("(no text)"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// What stands at a JSON pointer; null when nothing does.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer}: {self}")).to_owned()
    }

    /// The number at a JSON pointer.
    #[track_caller]
    pub fn number_at(&self, pointer: &str) -> i64 {
        self.at(pointer).as_i64().unwrap_or_else(|| panic!("no number at {pointer}: {self}"))
    }

    /// The version, which is also the ETag.
    #[track_caller]
    pub fn version(&self) -> i64 {
        let version = self.number_at("/version");
        assert_eq!(self.header("etag"), format!("\"{version}\""), "{self}");
        version
    }

    /// `X-Pennon-Revision`.
    #[track_caller]
    pub fn revision(&self) -> i64 {
        self.header("x-pennon-revision").parse().unwrap_or_else(|_| panic!("no X-Pennon-Revision: {self}"))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} -> {}", self.what, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", value.to_str().unwrap_or("(no text)"))?;
        }
        writeln!(f, "\n{}", self.text())
    }
}
