//! Reads server-sent events (WHATWG HTML, section 9.2) from bytes as they come, however they are cut.
//!
//! Must not know what an event means.

use std::time::Duration;

/// The most bytes of one event. The largest environment takes a tenth of it; more would only fill the memory.
pub(crate) const EVENT_BYTES: usize = 256 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` when the stream names none.
    pub(crate) name: String,
    pub(crate) data: String,
}

/// What is no stream of events that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("an event of the stream is larger than {0} bytes")]
    TooLong(usize),
    #[error("the stream is not UTF-8")]
    NotText,
}

/// A stream under way.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The most bytes of one event.
    limit: usize,
    line: Vec<u8>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_return: bool,
    begun: bool,
    name: String,
    data: String,
    has_data: bool,
    retry: Option<Duration>,
}

impl Reader {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_return: false,
            begun: false,
            name: String::new(),
            data: String::new(),
            has_data: false,
            retry: None,
        }
    }

    /// The pause that the stream asked for last.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes bytes and gives the events that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
        let mut events = Vec::new();
        if self.after_return
            && let Some((first, rest)) = bytes.split_first()
        {
            self.after_return = false;
            if *first == b'\n' {
                bytes = rest;
            }
        }
        while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(at);
            self.keep(line)?;
            let line = std::mem::take(&mut self.line);
            events.extend(self.take(&line)?);
            bytes = match rest {
                [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
                [] => rest,
            };
            self.after_return = rest == b"\r";
        }
        self.keep(bytes)?;
        Ok(events)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        if self.line.len() + self.data.len() + bytes.len() > self.limit {
            return Err(Unreadable::TooLong(self.limit));
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes one line; an empty one completes the event.
    fn take(&mut self, line: &[u8]) -> Result<Option<Event>, Unreadable> {
        let mut line = std::str::from_utf8(line).map_err(|_| Unreadable::NotText)?;
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.complete());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "event" => self.name = value.into(),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            // An id is not needed: the data tells the same. The rest is comments and what nobody knows.
            _ => {}
        }
        Ok(None)
    }

    fn complete(&mut self) -> Option<Event> {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        let name = if name.is_empty() { "message".into() } else { name };
        std::mem::take(&mut self.has_data).then_some(Event { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into() }
    }

    fn read(text: &str) -> Vec<Event> {
        Reader::new(EVENT_BYTES).push(text.as_bytes()).unwrap()
    }

    #[test]
    fn events_are_read_however_their_lines_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = [
                "id: 1-1",
                "event: put",
                "data: {\"a\":",
                "data: 1}",
                "",
                ": heartbeat",
                "",
                "data:x",
                "",
                "",
            ]
            .join(end);
            assert_eq!(read(&text), [event("put", "{\"a\":\n1}"), event("message", "x")], "{end:?}");
        }
    }

    #[test]
    fn events_are_read_however_their_bytes_are_cut() {
        let text = "\u{feff}: hello\r\nretry: 857\r\n\r\nevent: patch\r\ndata: \u{e9}\u{1f600}\r\n\r\ndata\r\r\n\ndata: y\n\n";
        let whole = read(text);
        assert_eq!(whole, [event("patch", "\u{e9}\u{1f600}"), event("message", ""), event("message", "y")]);
        for size in 1..text.len() {
            let mut reader = Reader::new(EVENT_BYTES);
            let cut: Vec<Event> =
                text.as_bytes().chunks(size).flat_map(|chunk| reader.push(chunk).unwrap()).collect();
            assert_eq!(cut, whole, "in pieces of {size}");
            assert_eq!(reader.retry(), Some(Duration::from_millis(857)));
        }
    }

    #[test]
    fn an_event_that_does_not_end_is_none() {
        assert_eq!(read("data: x\n"), []);
        assert_eq!(read("event: put\n\n"), []);
    }

    #[test]
    fn a_pause_that_is_no_number_is_none() {
        let mut reader = Reader::new(EVENT_BYTES);
        reader.push(b"retry: 5s\nretry: -1\nretry:\nretry: 99999999999999999999\n").unwrap();
        assert_eq!(reader.retry(), None);
    }

    #[test]
    fn what_is_not_text_is_refused() {
        assert_eq!(Reader::new(EVENT_BYTES).push(b"data: \xff\n"), Err(Unreadable::NotText));
    }

    #[test]
    fn an_event_without_end_does_not_fill_the_memory() {
        let mut reader = Reader::new(10);
        assert_eq!(reader.push(b"data:1234\n\n"), Ok(vec![event("message", "1234")]));
        assert_eq!(reader.push(b"data:1234\ndata:6"), Ok(vec![]));
        assert_eq!(reader.push(b"789"), Err(Unreadable::TooLong(10)));
    }
}
