//! What the server says of each flag, on and off, to each context: learned before the load begins, one flip at a time.
//! Answers and events under load are held against it, and the floor says its bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::event::{Event, Said, What};
use crate::flags::{self, Admin, CONTEXTS};
use crate::follow::Request;
use crate::http::{Connection, Head, Target, connect, head_end};
use crate::sse::Reader;

/// How long one event may take when nothing else goes on.
const PATIENCE: Duration = Duration::from_secs(10);
/// Headers that differ with each answer, or that the floor's own machinery adds.
const OWN_HEADERS: [&str; 5] = ["content-length", "date", "connection", "transfer-encoding", "x-request-id"];

/// All that was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// Headers of an evaluation's answer.
    pub headers: Vec<(String, String)>,
    /// The comment with which a stream begins, without its empty line.
    pub opening: String,
    /// The first event of a stream, all flags on.
    pub put: Template,
    /// The revision when all was learned; all flags are on.
    pub revision: u64,
    /// The bodies of requests, by context.
    pub bodies: Vec<String>,
    /// The flags.
    pub flags: Vec<FlagSample>,
}

/// What is said of one flag.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlagSample {
    /// Its key.
    pub key: String,
    /// When it is on.
    pub on: Side,
    /// When it is off.
    pub off: Side,
}

impl FlagSample {
    /// One of the two.
    pub fn side(&self, on: bool) -> &Side {
        if on { &self.on } else { &self.off }
    }
}

/// One state of a flag.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Side {
    /// The event that brought it there.
    pub patch: Template,
    /// The body of the answer, by context.
    pub answers: Vec<String>,
}

/// A block with numbers that can be changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Template {
    text: String,
    epoch: u64,
    from: Option<u64>,
    revision: u64,
}

impl Template {
    /// Takes a block and what it says.
    pub fn new(text: String, event: &Event) -> Template {
        let from = if let What::Patch { from } = event.what { Some(from) } else { None };
        Template { text, epoch: event.at.epoch, from, revision: event.at.revision }
    }

    /// The bytes of the block with other numbers, with its empty line.
    pub fn at(&self, from: u64, revision: u64) -> String {
        let (epoch, own) = (self.epoch, self.revision);
        let mut text = self.text.replace(&format!("{epoch}-{own}"), &format!("{epoch}-{revision}"));
        text = text.replacen(&format!("\"revision\":{own}"), &format!("\"revision\":{revision}"), 1);
        if let Some(own) = self.from {
            text = text.replacen(&format!("\"from\":{own}"), &format!("\"from\":{from}"), 1);
        }
        text + "\n\n"
    }

    /// The block as it was.
    pub fn event(&self) -> Result<Arc<Event>> {
        match Said::parse(self.text.as_bytes())? {
            Said::Event(event) => Ok(event),
            other => bail!("no event: {other:?}"),
        }
    }
}

/// Learns it all from a server whose flags are all on, and leaves them on.
pub async fn learn(target: &Target, stream: &Request, admin: &mut Admin, flags: usize) -> Result<Sample> {
    let mut tap = Tap::open(target, stream).await?;
    let (text, event) = tap.next().await?;
    let opening = tap.opening.clone().context("the stream's first block is no comment with retry")?;
    let mut learner = Learner {
        target,
        connection: Connection::new(target.address),
        bodies: (0..CONTEXTS).map(flags::body).collect(),
        headers: Vec::new(),
    };
    let mut sample = Sample {
        headers: Vec::new(),
        opening,
        put: Template::new(text, &event),
        revision: event.at.revision,
        bodies: learner.bodies.clone(),
        flags: Vec::new(),
    };
    for number in 0..flags {
        let key = flags::key(number);
        let mut sides = Vec::new();
        for on in [false, true] {
            let flipped = admin.flip(number, on).await?;
            let (text, event) =
                tap.next().await.with_context(|| format!("after flag {key} was turned {on}"))?;
            if event.at.revision != flipped.revision {
                bail!(
                    "the flip of {key} is revision {}, and the stream said {}",
                    flipped.revision,
                    event.at.revision
                );
            }
            sample.revision = flipped.revision;
            sides.push(Side { patch: Template::new(text, &event), answers: learner.answers(&key).await? });
        }
        if let (Some(on), Some(off)) = (sides.pop(), sides.pop()) {
            sample.flags.push(FlagSample { key, on, off });
        }
    }
    sample.headers = learner.headers;
    Ok(sample)
}

struct Learner<'a> {
    target: &'a Target,
    connection: Connection,
    bodies: Vec<String>,
    headers: Vec<(String, String)>,
}

impl Learner<'_> {
    async fn answers(&mut self, key: &str) -> Result<Vec<String>> {
        let mut answers = Vec::with_capacity(self.bodies.len());
        for body in &self.bodies {
            let path = format!("/ofrep/v1/evaluate/flags/{key}");
            let answer = self.connection.send(&self.target.request("POST", &path, &[], Some(body))).await?;
            if answer.head.status != 200 {
                bail!("{path}: {} {}", answer.head.status, answer.text());
            }
            if self.headers.is_empty() {
                let own = answer.head.headers().filter(|(name, _)| !OWN_HEADERS.contains(name));
                self.headers = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            }
            answers.push(String::from_utf8(answer.body.to_vec())?);
        }
        Ok(answers)
    }
}

/// One stream, read block by block.
struct Tap {
    stream: TcpStream,
    reader: Reader,
    blocks: VecDeque<String>,
    opening: Option<String>,
}

impl Tap {
    async fn open(target: &Target, request: &Request) -> Result<Tap> {
        use tokio::io::AsyncWriteExt as _;
        let mut stream = connect(target.address).await?;
        stream.write_all(&request.bytes(None)).await?;
        let mut head = Vec::new();
        let end = loop {
            if let Some(end) = head_end(&head) {
                break end;
            }
            if stream.read_buf(&mut head).await? == 0 {
                bail!("the stream was closed before its head was whole");
            }
        };
        let (text, rest) = head.split_at(end);
        let status = Head::parse(text)?.status;
        if status != 200 {
            bail!("the stream is answered {status}: {}", String::from_utf8_lossy(rest));
        }
        let mut tap = Tap { stream, reader: Reader::new(), blocks: VecDeque::new(), opening: None };
        tap.take(rest.get(4..).unwrap_or_default())?;
        Ok(tap)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.reader.take(bytes, |block| {
            self.blocks.push_back(String::from_utf8(block.to_vec())?);
            Ok(())
        })
    }

    /// The next event; comments on the way are passed over.
    async fn next(&mut self) -> Result<(String, Arc<Event>)> {
        loop {
            while let Some(text) = self.blocks.pop_front() {
                match Said::parse(text.as_bytes())? {
                    Said::Event(event) => return Ok((text, event)),
                    Said::Nothing(Some(_)) if self.opening.is_none() => self.opening = Some(text),
                    Said::Nothing(_) => {}
                    Said::Goodbye(_) => bail!("a goodbye while nobody was leaving"),
                }
            }
            let mut bytes = vec![0; 65_536];
            let length = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
            let length = length.with_context(|| format!("no event within {PATIENCE:?}"))??;
            if length == 0 {
                bail!("the stream was closed");
            }
            self.take(bytes.get(..length).unwrap_or_default())?;
        }
    }
}
