//! HTTP to a server: blocking, with timeouts, one retry where a repetition is safe. Knows the protocol
//! (versions, idempotency keys, problems, pages), and no resource.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use super::failure::{Failure, Refusal};
use super::url::Address;

/// To connect: a server that is up answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A whole call; longer than the server's own limit of 30 s, so that its answer is seen.
const CALL_TIMEOUT: Duration = Duration::from_secs(40);
/// Bytes of an answer: a flag list with large segments.
const ANSWER_LIMIT: u64 = 64 << 20;
/// Items of a page; the server's own maximum.
const PAGE: usize = 100;

/// A server, and who asks.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
    reason: Option<String>,
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// The body as it came.
    pub text: String,
    /// The `ETag`, quotes and all.
    pub etag: Option<String>,
    /// The environment's revision after a change.
    pub revision: Option<String>,
    /// The answering node serves the change already.
    pub applied: bool,
}

impl Answer {
    /// The body as JSON.
    pub fn value(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.text).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    Failure::Failed(format!("the server's answer is not the JSON expected: {error}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// What a request carries besides its path.
#[derive(Debug, Clone, Copy, Default)]
struct Extras<'a> {
    body: Option<&'a str>,
    if_match: Option<&'a str>,
    idempotency: Option<&'a str>,
    accept: Option<&'a str>,
}

impl Client {
    /// A client for an address; loopback addresses never go through a proxy.
    pub fn new(address: &Address, token: Option<String>, reason: Option<String>) -> Client {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(CALL_TIMEOUT))
            .user_agent(concat!("pennon/", env!("CARGO_PKG_VERSION")));
        if address.is_loopback() {
            config = config.proxy(None);
        }
        Client { agent: config.build().new_agent(), base: address.as_str().to_owned(), token, reason }
    }

    /// Reads a resource.
    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.call(&Method::GET, path, Extras::default())
    }

    /// Does something; an Idempotency-Key makes the one retry after a lost answer safe.
    pub fn post(&self, path: &str, body: &Value, if_match: Option<&str>) -> Result<Answer, Failure> {
        let (text, key) = (body.to_string(), random_key()?);
        let extras = Extras { body: Some(&text), if_match, idempotency: Some(&key), accept: None };
        self.call(&Method::POST, path, extras)
    }

    /// Changes a resource by a merge patch.
    pub fn patch(&self, path: &str, body: &Value, if_match: Option<&str>) -> Result<Answer, Failure> {
        let text = body.to_string();
        self.call(&Method::PATCH, path, Extras { body: Some(&text), if_match, ..Extras::default() })
    }

    /// Archives or revokes a resource.
    pub fn delete(&self, path: &str, if_match: Option<&str>) -> Result<Answer, Failure> {
        self.call(&Method::DELETE, path, Extras { if_match, ..Extras::default() })
    }

    /// All items of a list, page by page, at most `most` (none: all). `path` may carry a query.
    pub fn items(&self, path: &str, most: Option<usize>) -> Result<Vec<Box<RawValue>>, Failure> {
        let most = most.unwrap_or(usize::MAX);
        let mut items: Vec<Box<RawValue>> = Vec::new();
        let mut cursor = None;
        while items.len() < most {
            let limit = most.saturating_sub(items.len()).min(PAGE);
            let mark = if path.contains('?') { '&' } else { '?' };
            let from = cursor.map(|cursor: String| format!("&cursor={}", super::url::escaped(&cursor)));
            let answer = self.get(&format!("{path}{mark}limit={limit}{}", from.unwrap_or_default()))?;
            let page: Page = serde_json::from_str(&answer.text).map_err(|error| unreadable(&error))?;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        items.truncate(most);
        Ok(items)
    }

    /// A long answer, line by line, with no limit on the whole.
    pub fn lines(&self, path: &str, accept: &str) -> Result<Box<dyn BufRead + Send>, Failure> {
        let extras = Extras { accept: Some(accept), ..Extras::default() };
        let request = self.request(&Method::GET, path, extras).map_err(|error| self.unreachable(&error))?;
        let request = self.agent.configure_request(request).timeout_global(None).build();
        let response = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refused(response));
        }
        Ok(Box::new(BufReader::new(response.into_body().into_reader())))
    }

    fn call(&self, method: &Method, path: &str, extras: Extras<'_>) -> Result<Answer, Failure> {
        let repeatable = *method == Method::GET || extras.idempotency.is_some();
        let response = match self.send(method, path, extras) {
            Err(error) if repeatable && is_lost(&error) => self.send(method, path, extras),
            other => other,
        };
        let response = response.map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refused(response));
        }
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (etag, revision) = (header("etag"), header("x-pennon-revision"));
        let applied = header("x-pennon-applied").as_deref() != Some("false");
        let text = read(response).map_err(|error| self.unreachable(&error))?;
        Ok(Answer { text, etag, revision, applied })
    }

    fn send(&self, method: &Method, path: &str, extras: Extras<'_>) -> Result<Response<Body>, ureq::Error> {
        let request = self.request(method, path, extras)?;
        match extras.body {
            None => self.agent.run(request),
            Some(body) => {
                let (parts, ()) = request.into_parts();
                self.agent.run(Request::from_parts(parts, body.to_owned()))
            }
        }
    }

    fn request(&self, method: &Method, path: &str, extras: Extras<'_>) -> Result<Request<()>, ureq::Error> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let content = match extras.body {
            None => None,
            Some(_) if *method == Method::PATCH => Some("application/merge-patch+json"),
            Some(_) => Some("application/json"),
        };
        // The reason as bytes: a header may hold UTF-8, though not as a `str` in this library.
        let headers = [
            ("authorization", bearer.as_deref()),
            ("x-pennon-reason", self.reason.as_deref().filter(|_| *method != Method::GET)),
            ("content-type", content),
            ("if-match", extras.if_match),
            ("idempotency-key", extras.idempotency),
            ("accept", Some(extras.accept.unwrap_or("application/json"))),
        ];
        let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value.as_bytes());
            }
        }
        request.body(()).map_err(ureq::Error::Http)
    }

    fn refused(&self, response: Response<Body>) -> Failure {
        let status = response.status().as_u16();
        let text = read(response).unwrap_or_default();
        let mut refusal = Refusal::read(status, &text);
        refusal.anonymous = self.token.is_none();
        Failure::Refused(Box::new(refusal))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let base = &self.base;
        let (message, hint) = match error {
            ureq::Error::Io(cause) if cause.kind() == std::io::ErrorKind::ConnectionRefused => (
                format!("nothing listens at {base}"),
                "is the server running? start it with `pennon`, or pass its address with --url".to_owned(),
            ),
            ureq::Error::Timeout(_) => (
                format!("{base} did not answer in time"),
                "if this was a change, it may have been made all the same: look before you repeat it"
                    .to_owned(),
            ),
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => (
                format!("the request can't be written: {error}"),
                "check --url, --token and --reason for characters that don't belong there".to_owned(),
            ),
            other => (
                format!("talking to {base} failed: {other}"),
                "check --url (PENNON_URL): the host, and http or https".to_owned(),
            ),
        };
        Failure::Unreachable { message, hint }
    }
}

/// True when the connection broke, so the request may or may not have been done.
fn is_lost(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(cause) if cause.kind() != std::io::ErrorKind::ConnectionRefused)
}

fn read(response: Response<Body>) -> Result<String, ureq::Error> {
    response.into_body().with_config().limit(ANSWER_LIMIT).read_to_string()
}

fn random_key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Failed(format!("no randomness: {error}")))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
#[path = "client_tests.rs"]
pub(crate) mod tests;
