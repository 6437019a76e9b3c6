//! What is sent of an image to those who listen, as events of a stream (WHATWG HTML, section 9.2), each serialised
//! once and shared. Decides nothing about who is sent what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use pennon_engine::{Issue, IssueCode, Snapshot};

use super::trail::Kind;
use crate::domain::json::push_string;

/// Patches from older revisions that are kept for others who come from there; the next ones are made for each alone.
const OLDER_PATCHES: usize = 16;

/// The events of one image, made when the first one asks.
#[derive(Debug, Default)]
pub struct Wire {
    /// The revision that most listeners were sent last.
    usual: i64,
    patch: OnceLock<Bytes>,
    older: Mutex<Vec<(i64, Bytes)>>,
    put: OnceLock<[Bytes; 3]>,
    message: OnceLock<Bytes>,
    gzip: OnceLock<Option<Bytes>>,
}

impl Wire {
    /// The events of an image whose listeners have mostly been sent a revision.
    #[must_use]
    pub fn after(usual: i64) -> Wire {
        Wire { usual, ..Wire::default() }
    }

    /// The whole document as an event: head, document, end.
    pub fn put(&self, snapshot: &Snapshot, json: &Bytes) -> &[Bytes; 3] {
        self.put.get_or_init(|| {
            let head = format!("{}event: put\ndata: ", id(snapshot));
            [Bytes::from(head), one_line(json), Bytes::from_static(b"\n\n")]
        })
    }

    /// What was touched since a revision, as an event.
    pub fn patch<'t>(
        &self,
        snapshot: &Snapshot,
        from: i64,
        touched: impl FnOnce() -> Option<BTreeSet<(Kind, &'t str)>>,
    ) -> Option<Bytes> {
        if from == self.usual {
            if let Some(known) = self.patch.get() {
                return Some(known.clone());
            }
            let made = patch(snapshot, from, &touched()?);
            return Some(self.patch.get_or_init(|| made).clone());
        }
        // Only who comes from elsewhere waits here, and for no longer than a search among a few.
        let known = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = known.iter().find(|(own, _)| *own == from) {
            return Some(known.clone());
        }
        drop(known);
        let made = patch(snapshot, from, &touched()?);
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        if older.len() < OLDER_PATCHES {
            older.push((from, made.clone()));
        }
        Some(made)
    }

    /// OFREP's word that something changed, at a time (microseconds).
    pub fn message(&self, snapshot: &Snapshot, changed_at: i64) -> &Bytes {
        self.message.get_or_init(|| message(snapshot, changed_at))
    }

    /// The document, compressed; None when that failed.
    pub fn gzip(&self, json: &Bytes) -> Option<&Bytes> {
        self.gzip.get_or_init(|| gzip(json).ok().map(Bytes::from)).as_ref()
    }
}

/// OFREP's event: what the client is to do, and as of when (microseconds).
#[must_use]
pub fn message(snapshot: &Snapshot, at: i64) -> Bytes {
    let meta = snapshot.meta();
    let (tag, at) = (tag(meta.epoch, meta.revision), Timestamp::from_microsecond(at).unwrap_or_default());
    let mut text = id(snapshot);
    let _ = write!(
        text,
        "event: message\ndata: {{\"type\":\"refetchEvaluation\",\"etag\":\"{tag}\",\"lastModified\":\"{at:.3}\"}}\n\n"
    );
    Bytes::from(text)
}

/// `<epoch>-<revision>`: the tag of a snapshot, and the id of its events.
#[must_use]
pub fn tag(epoch: i64, revision: i64) -> String {
    format!("{epoch}-{revision}")
}

/// The line that tells an event's id.
#[must_use]
pub fn id(snapshot: &Snapshot) -> String {
    let meta = snapshot.meta();
    format!("id: {}\n", tag(meta.epoch, meta.revision))
}

fn patch(snapshot: &Snapshot, from: i64, touched: &BTreeSet<(Kind, &str)>) -> Bytes {
    let meta = snapshot.meta();
    let mut text = id(snapshot);
    let _ = write!(
        text,
        "event: patch\ndata: {{\"epoch\":{},\"from\":{from},\"revision\":{}",
        meta.epoch, meta.revision
    );
    for (name, kind) in [("flags", Kind::Flag), ("segments", Kind::Segment), ("layers", Kind::Layer)] {
        let _ = write!(text, ",\"{name}\":{{");
        let mut first = true;
        for (_, key) in touched.iter().filter(|(own, _)| *own == kind) {
            if !std::mem::take(&mut first) {
                text.push(',');
            }
            push_string(&mut text, key);
            text.push(':');
            text.push_str(document(snapshot, kind, key));
        }
        text.push('}');
    }
    text.push_str("}\n\n");
    // What follows the head is JSON without raw line breaks, unless somebody wrote past the server.
    let data = text.find("data: ").unwrap_or(0);
    let end = text.len() - 2;
    match text.get(data..end).filter(|data| data.contains(['\n', '\r'])) {
        Some(broken) => {
            let whole = broken.replace(['\n', '\r'], " ");
            text.replace_range(data..end, &whole);
            Bytes::from(text)
        }
        None => Bytes::from(text),
    }
}

/// A document as it was written; null for one that is gone. One that is no JSON travels as an object that is broken alike.
fn document<'s>(snapshot: &'s Snapshot, kind: Kind, key: &str) -> &'s str {
    let found = match kind {
        Kind::Flag => snapshot.flag(key).map(|flag| (flag.flag().text(), flag.flag().issues())),
        Kind::Segment => snapshot.segment(key).map(|segment| (segment.text(), segment.issues())),
        Kind::Layer => snapshot.layer(key).map(|layer| (layer.text(), layer.issues())),
    };
    match found {
        None => "null",
        Some((_, issues)) if is_unreadable(issues) => "{}",
        Some((text, _)) => text,
    }
}

fn is_unreadable(issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.code == IssueCode::InvalidJson)
}

/// An event's data ends with its line: a line break between two tokens, which somebody wrote past the server, is a space.
fn one_line(json: &Bytes) -> Bytes {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !json.iter().any(is_break) {
        return json.clone();
    }
    json.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect()
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write as _;
    let out = Vec::with_capacity(bytes.len() / 4);
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
