//! The stream of clients that must not see rules: what every flag serves for one context, first all of it, then what
//! changed. The context lives as long as the stream, is never logged, and goes nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use pennon_engine::{At, Context};

use super::feed::{Event, Feed, Moment, Pieces};
use super::position::Position;
use crate::domain::json::push_string;
use crate::snapshot::entry::{Audience, fingerprint, streamed};
use crate::snapshot::tally::Handed;
use crate::snapshot::wire;

/// Bytes to begin with, for each flag: most entries need no more.
const BYTES_PER_FLAG: usize = 128;

/// Sends results for one context.
#[derive(Debug)]
pub struct ResultsFeed {
    context: Context<'static>,
    audience: Audience,
    /// One for the whole stream: a random percentage must not flicker.
    random: u32,
    sent: Option<Sent>,
}

/// What was sent last: where it stood, and a number for each flag's entry (0 for none).
#[derive(Debug)]
struct Sent {
    at: Position,
    border: i64,
    keys: Arc<[Box<str>]>,
    entries: Box<[u64]>,
}

impl Sent {
    fn of(&self, key: &str) -> u64 {
        let at = self.keys.binary_search_by(|own| (**own).cmp(key)).ok();
        at.and_then(|at| self.entries.get(at)).copied().unwrap_or(0)
    }
}

impl ResultsFeed {
    /// A feed for a context; `random` decides its random percentages.
    #[must_use]
    pub fn new(context: Context<'static>, audience: Audience, random: u32) -> ResultsFeed {
        ResultsFeed { context, audience, random, sent: None }
    }

    /// The entries that differ from what was sent before, as the members of an object, and a number for each flag.
    fn changed(&self, moment: &Moment<'_>, before: Option<&Sent>) -> (Vec<u8>, Box<[u64]>) {
        let image = moment.image;
        let at = At { now_ms: moment.now_ms, random: self.random, instance: None };
        let same_keys = before.filter(|sent| Arc::ptr_eq(&sent.keys, image.keys()));
        let mut out =
            Vec::with_capacity(if before.is_none() { image.keys().len() * BYTES_PER_FLAG } else { 0 });
        let mut entries = Vec::with_capacity(image.keys().len());
        // Both are sorted by key and made from one snapshot, so they go in step.
        for (number, (flag, (key, answer))) in image.snapshot.flags().zip(image.answers()).enumerate() {
            let was = match same_keys {
                Some(sent) => sent.entries.get(number).copied().unwrap_or(0),
                None => before.map_or(0, |sent| sent.of(key)),
            };
            if !self.audience.sees(answer) {
                entries.push(0);
                if was != 0 {
                    name(&mut out, key);
                    out.extend_from_slice(b"null");
                }
                continue;
            }
            let evaluation = flag.evaluate(&self.context, None, &at);
            let is = fingerprint(answer, &evaluation, self.audience);
            entries.push(is);
            if is != was {
                answer.count(Handed::WithAll, &evaluation);
                name(&mut out, key);
                streamed(&mut out, answer, &evaluation, self.audience);
            }
        }
        if let (Some(sent), None) = (before, same_keys) {
            let gone = sent.keys.iter().zip(&sent.entries).filter(|(_, was)| **was != 0);
            for (key, _) in gone.filter(|(key, _)| image.answer(key).is_none()) {
                name(&mut out, key);
                out.extend_from_slice(b"null");
            }
        }
        (out, entries.into())
    }
}

/// Begins a member.
fn name(out: &mut Vec<u8>, key: &str) {
    if !out.is_empty() {
        out.push(b',');
    }
    let mut text = String::with_capacity(key.len() + 3);
    push_string(&mut text, key);
    out.extend_from_slice(text.as_bytes());
    out.push(b':');
}

impl Feed for ResultsFeed {
    fn advance(&mut self, moment: &Moment<'_>, out: &mut Pieces) -> Option<Event> {
        let here = Position::from(&moment.image.head);
        if self.sent.as_ref().is_some_and(|sent| (sent.at, sent.border) == (here, moment.border)) {
            return None;
        }
        let before = self.sent.take().filter(|sent| sent.at.epoch == here.epoch);
        let (mut flags, entries) = self.changed(moment, before.as_ref());
        // A document may hold a line break between two tokens, if somebody wrote past the server.
        flags.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        let head = wire::id(&moment.image.snapshot);
        let (epoch, revision) = (here.epoch, here.revision);
        let (event, mut text) = match &before {
            None => (
                Event::Put,
                format!("{head}event: put\ndata: {{\"epoch\":{epoch},\"revision\":{revision},\"flags\":{{"),
            ),
            Some(sent) => (
                Event::Patch,
                format!(
                    "{head}event: patch\ndata: {{\"epoch\":{epoch},\"from\":{},\"revision\":{revision},\"flags\":{{",
                    sent.at.revision
                ),
            ),
        };
        // Time has passed a border of somebody else's.
        let is_nothing = before.is_some_and(|sent| sent.at == here) && flags.is_empty();
        let keys = Arc::clone(moment.image.keys());
        self.sent = Some(Sent { at: here, border: moment.border, keys, entries });
        if is_nothing {
            return None;
        }
        // Entries are JSON joined from JSON.
        text.push_str(&String::from_utf8_lossy(&flags));
        text.push_str("}}\n\n");
        out.push_back(Bytes::from(text));
        Some(event)
    }
}
