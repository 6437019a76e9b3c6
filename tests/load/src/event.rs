//! One block of a stream, read. Knows the contract's words and nothing of what came before.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::sse::Block;

/// `<epoch>-<revision>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line of history.
    pub epoch: u64,
    /// The number in it.
    pub revision: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.epoch, self.revision)
    }
}

impl FromStr for Position {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Position> {
        let (epoch, revision) = text.split_once('-').with_context(|| format!("no position: {text:?}"))?;
        Ok(Position { epoch: epoch.parse()?, revision: revision.parse()? })
    }
}

/// What a block says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A comment, perhaps with a `retry:` in milliseconds.
    Nothing(Option<u64>),
    /// Something that moves the stream on.
    Event(Arc<Event>),
    /// The server closes; come back after so many milliseconds.
    Goodbye(u64),
}

/// Something that moves a stream on.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which of the three.
    pub what: What,
    /// Where the stream stands after it.
    pub at: Position,
    /// The flags it carries; null is a flag that went.
    pub flags: BTreeMap<String, Option<Value>>,
}

/// The sort of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Everything.
    Put,
    /// The difference from a revision on.
    Patch {
        /// That revision.
        from: u64,
    },
    /// OFREP: fetch again.
    Message,
}

#[derive(Deserialize)]
struct Document {
    epoch: u64,
    from: Option<u64>,
    revision: u64,
    flags: BTreeMap<String, Option<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refetch {
    #[serde(rename = "type")]
    kind: String,
    etag: String,
    last_modified: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leaving {
    reconnect_after_ms: u64,
    reason: String,
}

impl Said {
    /// Reads a block.
    pub fn parse(bytes: &[u8]) -> Result<Said> {
        let block = Block::parse(bytes)?;
        let data = block.data.as_ref();
        let event = match block.event {
            None if data.is_empty() => return Ok(Said::Nothing(block.retry)),
            Some("goodbye") => {
                let leaving: Leaving = serde_json::from_str(data).context("the data of a goodbye")?;
                if leaving.reason.is_empty() || block.retry.is_none() {
                    bail!("a goodbye without a reason or without retry: {data}");
                }
                return Ok(Said::Goodbye(leaving.reconnect_after_ms));
            }
            Some("message") => message(data)?,
            Some(name @ ("put" | "patch")) => document(name, data)?,
            other => bail!("an event that is in no contract: {other:?} {data:.80}"),
        };
        let id: Position = block.id.context("an event without an id")?.parse()?;
        if id != event.at {
            bail!("the id is {id} and the data says {}", event.at);
        }
        Ok(Said::Event(Arc::new(event)))
    }
}

fn document(name: &str, data: &str) -> Result<Event> {
    let document: Document = serde_json::from_str(data).with_context(|| format!("the data of a {name}"))?;
    let what = match (name, document.from) {
        ("put", None) => What::Put,
        ("patch", Some(from)) => What::Patch { from },
        _ => bail!("a {name} whose `from` is {:?}", document.from),
    };
    let at = Position { epoch: document.epoch, revision: document.revision };
    Ok(Event { what, at, flags: document.flags })
}

fn message(data: &str) -> Result<Event> {
    let refetch: Refetch = serde_json::from_str(data).context("the data of a message")?;
    if refetch.kind != "refetchEvaluation" || refetch.last_modified.is_empty() {
        bail!("a message that is no refetch: {data}");
    }
    Ok(Event { what: What::Message, at: refetch.etag.parse()?, flags: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::{Position, Said, What};

    #[test]
    fn blocks_are_read_and_an_id_that_is_another_is_refused() {
        let said = Said::parse(
            b"event: patch\nid: 9-3\ndata: {\"epoch\":9,\"from\":2,\"revision\":3,\"flags\":{\"a\":null}}",
        );
        let Said::Event(event) = said.unwrap() else { panic!("no event") };
        assert_eq!((event.what, event.at), (What::Patch { from: 2 }, Position { epoch: 9, revision: 3 }));
        assert_eq!(event.flags["a"], None);
        let other = Said::parse(b"event: put\nid: 9-4\ndata: {\"epoch\":9,\"revision\":3,\"flags\":{}}");
        assert!(other.unwrap_err().to_string().contains("the id is 9-4"));
        assert_eq!(Said::parse(b": x\nretry: 7").unwrap(), Said::Nothing(Some(7)));
        let goodbye = b"event: goodbye\nretry: 8\ndata: {\"reconnectAfterMs\":8,\"reason\":\"draining\"}";
        assert_eq!(Said::parse(goodbye).unwrap(), Said::Goodbye(8));
    }
}
