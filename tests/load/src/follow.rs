//! The life of one stream: opens, reads, and opens again with `Last-Event-ID` when the server says goodbye, refuses for
//! a while, or (in a herd) is killed.

use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::event::{Event, Position, Said, What};
use crate::http::{Head, Target, connect, head_end};
use crate::options::Kind;
use crate::sse::Reader;
use crate::streams::{Delivery, Shared};

/// Until the server has named another with `retry:`.
const RETRY: Duration = Duration::from_secs(1);
/// A head larger than this is none.
const HEAD_LIMIT: usize = 16 * 1024;

/// The request that opens a stream.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where, and with which key (none on OFREP's stream, whose path is its credential).
    pub target: Target,
    /// GET or POST.
    pub method: &'static str,
    /// Its path.
    pub path: String,
    /// The context, for a client's stream.
    pub body: Option<String>,
}

impl Request {
    /// The bytes to send.
    pub fn bytes(&self, last: Option<Position>) -> Vec<u8> {
        let last = last.map(|position| format!("last-event-id: {position}"));
        let mut more = vec!["accept: text/event-stream"];
        more.extend(last.as_deref());
        self.target.request(self.method, &self.path, &more, self.body.as_deref())
    }
}

/// How a connection ended.
enum End {
    Goodbye(Duration),
    Refused(Duration),
    Broken(String),
}

struct Life {
    number: usize,
    context: usize,
    shared: Rc<Shared>,
    retry: Duration,
    is_open: bool,
    is_back: bool,
    is_first: bool,
    read_at: Instant,
}

/// Follows one stream until the thread ends or something is wrong.
pub async fn follow(number: usize, shared: Rc<Shared>) {
    let context = number % shared.plan.requests.len().max(1);
    let board = Rc::clone(&shared);
    let mut life = Life {
        number,
        context,
        shared,
        retry: RETRY,
        is_open: false,
        is_back: false,
        is_first: true,
        read_at: Instant::now(),
    };
    loop {
        let end = life.connection().await;
        let was_open = std::mem::take(&mut life.is_open);
        if was_open {
            board.board.open.fetch_sub(1, Ordering::Relaxed);
            life.is_back = true;
        }
        let may_break = board.board.may_break.load(Ordering::Relaxed);
        let wait = match end {
            Ok(End::Goodbye(wait)) => wait,
            Ok(End::Refused(wait)) => {
                board.record.borrow_mut().events.refused += 1;
                wait
            }
            Ok(End::Broken(_)) if may_break => life.retry,
            Ok(End::Broken(why)) => return life.fail(&format!("ended without a goodbye: {why}")),
            Err(error) => return life.fail(&format!("{error:#}")),
        };
        tokio::time::sleep(wait).await;
    }
}

impl Life {
    fn fail(&self, what: &str) {
        let at = self.last().map_or_else(|| "nothing".to_owned(), |at| at.to_string());
        let text = format!("stream {} (at {at}): {what}", self.number);
        self.shared.record.borrow_mut().fail(self.number, text);
        self.shared.board.failed.fetch_add(1, Ordering::Relaxed);
    }

    fn last(&self) -> Option<Position> {
        self.shared.record.borrow().coverages.get(self.number).and_then(crate::coverage::Coverage::at)
    }

    async fn connection(&mut self) -> Result<End> {
        let shared = Rc::clone(&self.shared);
        let last = self.last();
        let permit = if last.is_none() { Some(shared.opening.acquire().await?) } else { None };
        let Some(request) = shared.plan.requests.get(self.context) else { bail!("no request") };
        let mut stream = match connect(request.target.address).await {
            Ok(stream) => stream,
            Err(error) => return Ok(End::Broken(error.to_string())),
        };
        if let Err(error) = stream.write_all(&request.bytes(last)).await {
            return Ok(End::Broken(error.to_string()));
        }
        let mut head = Vec::new();
        let end = loop {
            if let Some(end) = head_end(&head) {
                break end;
            }
            ensure!(head.len() < HEAD_LIMIT, "a head without an end");
            let Some(length) = self.read(&mut stream).await? else {
                return Ok(End::Broken("closed before the head was whole".to_owned()));
            };
            head.extend_from_slice(shared.scratch.borrow().get(..length).unwrap_or_default());
        };
        let (text, rest) = head.split_at(end);
        if let Some(wait) = accepted(&Head::parse(text)?)? {
            return Ok(End::Refused(wait));
        }
        self.is_first = true;
        let mut reader = Reader::new();
        let mut end = None;
        reader.take(rest.get(4..).unwrap_or_default(), |block| self.block(block, &mut end))?;
        drop((head, permit));
        while !reader.is_at_end() {
            let Some(length) = self.read(&mut stream).await? else {
                return Ok(end.unwrap_or_else(|| End::Broken("the connection closed".to_owned())));
            };
            let scratch = shared.scratch.borrow();
            reader.take(scratch.get(..length).unwrap_or_default(), |block| self.block(block, &mut end))?;
        }
        Ok(end.unwrap_or_else(|| End::Broken("the body ended".to_owned())))
    }

    /// Reads into the scratch; none is the end of the connection.
    async fn read(&mut self, stream: &mut TcpStream) -> Result<Option<usize>> {
        loop {
            stream.readable().await?;
            match stream.try_read(&mut self.shared.scratch.borrow_mut()) {
                Ok(0) => return Ok(None),
                Ok(length) => {
                    self.read_at = Instant::now();
                    return Ok(Some(length));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn block(&mut self, bytes: &[u8], end: &mut Option<End>) -> Result<()> {
        ensure!(end.is_none(), "something came after the goodbye");
        if !self.is_open {
            self.is_open = true;
            self.shared.board.open.fetch_add(1, Ordering::Relaxed);
            if self.is_back {
                self.shared.record.borrow_mut().returns.push(self.read_at);
            }
            self.shared.record.borrow_mut().events.connections += 1;
            let Said::Nothing(Some(_)) = Said::parse(bytes)? else {
                bail!("the first block is no comment with retry")
            };
        }
        let near = self.last().map_or(0, |at| at.revision);
        match self.shared.read(self.context, near, bytes)? {
            Said::Nothing(Some(milliseconds)) => self.retry = Duration::from_millis(milliseconds),
            Said::Nothing(None) => {}
            Said::Goodbye(milliseconds) => *end = Some(End::Goodbye(Duration::from_millis(milliseconds))),
            Said::Event(event) => self.event(&event)?,
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        let first = std::mem::replace(&mut self.is_first, false);
        let mut record = self.shared.record.borrow_mut();
        let Some(coverage) = record.coverages.get_mut(self.number) else { bail!("no such stream") };
        let covered = coverage.take(event, first)?;
        match event.what {
            What::Put => record.events.put += 1,
            What::Patch { .. } => record.events.patch += 1,
            What::Message => record.events.message += 1,
        }
        record.events.merged += usize::from(covered.end() > covered.start() && event.what != What::Put);
        let at = self.read_at;
        record.deliveries.extend(covered.map(|revision| Delivery { revision, at }));
        self.shared.board.stands(self.number, event.at.revision);
        Ok(())
    }
}

/// Reads the head of an answer: none is a stream, some is how long to wait.
fn accepted(head: &Head<'_>) -> Result<Option<Duration>> {
    let header = |name: &str| head.header(name).unwrap_or_default();
    if head.status == 503 {
        let seconds: u64 = header("retry-after").parse().unwrap_or_default();
        ensure!((1..=5).contains(&seconds), "503 with Retry-After {:?}", header("retry-after"));
        return Ok(Some(Duration::from_secs(seconds)));
    }
    ensure!(head.status == 200, "the stream is answered {}", head.status);
    let expected = [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
        ("transfer-encoding", "chunked"),
        ("content-encoding", ""),
    ];
    for (name, value) in expected {
        ensure!(header(name).starts_with(value), "the stream's {name} is {:?}", header(name));
    }
    ensure!(header("content-encoding").is_empty(), "the stream is encoded: {}", header("content-encoding"));
    Ok(None)
}

/// The requests of all contexts for a sort of stream.
pub fn requests(kind: Kind, target: &Target, bodies: &[String], channel: Option<&str>) -> Vec<Request> {
    let request =
        |method, path: &str, body| Request { target: target.clone(), method, path: path.to_owned(), body };
    match kind {
        Kind::Server => vec![request("GET", "/api/v1/sdk/stream", None)],
        Kind::Client => bodies
            .iter()
            .map(|body| request("POST", "/api/v1/sdk/client-stream", Some(body.clone())))
            .collect(),
        Kind::Ofrep => {
            let open = Target { address: target.address, credential: String::new() };
            let path = channel.unwrap_or("/ofrep/v1/event-stream/floor").to_owned();
            vec![Request { target: open, method: "GET", path, body: None }]
        }
    }
}
