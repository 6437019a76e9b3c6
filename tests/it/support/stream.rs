//! A client of event streams on a plain socket. It reads only while it is asked to, so that a test decides who stalls;
//! every wait ends when what it waits for is there, or after `PATIENCE`.

use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};

use super::wait::PATIENCE;

/// One request for a stream; may be opened many times.
#[derive(Debug, Clone)]
pub struct Opening {
    address: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    receive_buffer: Option<usize>,
}

impl Opening {
    /// A request to `http://HOST:PORT[/base]`.
    pub fn new(address: &str, method: &str, path: &str) -> Opening {
        Opening {
            address: address.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
            receive_buffer: None,
        }
    }

    /// The same with another header, or another value of it; none when the value is "".
    pub fn header(mut self, name: &str, value: &str) -> Opening {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// `Last-Event-ID`.
    pub fn last(self, id: &str) -> Opening {
        self.header("Last-Event-ID", id)
    }

    /// A body of JSON.
    pub fn json(mut self, text: &str) -> Opening {
        text.clone_into(&mut self.body);
        self.header("Content-Type", "application/json")
    }

    /// The same, by another way.
    pub fn at(mut self, address: &str) -> Opening {
        address.clone_into(&mut self.address);
        self
    }

    /// With so small a buffer that the server soon notices who reads nothing.
    pub fn receive_buffer(mut self, bytes: usize) -> Opening {
        self.receive_buffer = Some(bytes);
        self
    }

    /// The head and body as they are sent.
    pub fn text(&self) -> String {
        let (authority, base) = self.parts();
        let mut text = format!("{} {base}{} HTTP/1.1\r\nHost: {authority}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        text + "\r\n" + &self.body
    }

    /// Where it goes to.
    pub fn socket_address(&self) -> SocketAddr {
        self.parts().0.parse().expect("an address")
    }

    /// Connects, sends it, and reads the head of the answer.
    pub fn try_open(&self) -> io::Result<Stream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(&self.socket_address().into())?;
        let mut socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        socket.write_all(self.text().as_bytes())?;
        Stream::read_head(socket)
    }

    /// The same; panics when there is no answer.
    #[track_caller]
    pub fn open(&self) -> Stream {
        self.try_open().unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }

    /// Opens it and wants a stream.
    #[track_caller]
    pub fn listen(&self) -> Stream {
        let mut stream = self.open();
        if stream.status != 200 {
            stream.end();
            panic!("no stream: {stream}");
        }
        stream
    }

    /// Opens it and wants a refusal with this status; answers it with its body.
    #[track_caller]
    pub fn refused(&self, status: u16) -> Stream {
        let mut stream = self.open();
        assert_ne!(stream.status, 200, "it was let in");
        stream.end();
        assert_eq!(stream.status, status, "{stream}");
        stream
    }

    fn parts(&self) -> (&str, &str) {
        let rest = self.address.trim_start_matches("http://");
        rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
    }
}

/// What stands between two empty lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    pub comments: Vec<String>,
    pub id: String,
    pub event: String,
    pub data: Option<String>,
    pub retry: Option<u64>,
}

impl Block {
    fn parse(text: &str) -> Block {
        let mut block = Block::default();
        for line in text.lines() {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "" => block.comments.push(value.to_owned()),
                "id" => value.clone_into(&mut block.id),
                "event" => value.clone_into(&mut block.event),
                "retry" => block.retry = Some(value.parse().expect("a number of milliseconds")),
                "data" => {
                    assert!(block.data.is_none(), "data of one line: {text}");
                    block.data = Some(value.to_owned());
                }
                _ => panic!("no field of an event: {line}"),
            }
        }
        block
    }

    /// Whether a listener is told of it; comments it never sees.
    pub fn is_event(&self) -> bool {
        self.data.is_some()
    }

    pub fn is_heartbeat(&self) -> bool {
        *self == Block { comments: vec!["heartbeat".to_owned()], ..Block::default() }
    }

    /// Its data.
    #[track_caller]
    pub fn json(&self) -> Value {
        let data = self.data.as_deref().unwrap_or_else(|| panic!("no data: {self:?}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
    }
}

/// How the bytes of the body are told from what follows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// A chunk's size is next.
    Size,
    /// So many bytes of a chunk, with the line's end after them, are next.
    Chunk(usize),
    /// So many bytes are next.
    Length(usize),
    /// All that comes.
    Rest,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Properly, as its framing says.
    Closed,
    /// In the middle.
    Cut,
}

/// An answer that may go on for ever.
pub struct Stream {
    pub status: u16,
    /// In the order and the words in which they came.
    pub headers: Vec<(String, String)>,
    socket: TcpStream,
    framing: Framing,
    undecoded: Vec<u8>,
    body: Vec<u8>,
    parsed: usize,
    /// How far no end of a block was found.
    searched: usize,
    ended: Option<End>,
}

impl Stream {
    fn read_head(mut socket: TcpStream) -> io::Result<Stream> {
        socket.set_read_timeout(Some(PATIENCE))?;
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let end = loop {
            if let Some(at) = find(&bytes, b"\r\n\r\n") {
                break at;
            }
            match socket.read(&mut buffer)? {
                0 => return Err(io::Error::new(ErrorKind::UnexpectedEof, "no head of an answer")),
                length => bytes.extend_from_slice(&buffer[..length]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.get(9..12)).and_then(|text| text.parse().ok());
        let header = |line: &str| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_owned(), value.trim().to_owned())
        };
        let mut stream = Stream {
            status: status.expect("a status"),
            headers: lines.map(header).collect(),
            socket,
            framing: Framing::Rest,
            undecoded: bytes.split_off(end + 4),
            body: Vec::new(),
            parsed: 0,
            searched: 0,
            ended: None,
        };
        if stream.header("transfer-encoding") == "chunked" {
            stream.framing = Framing::Size;
        } else if let Ok(length) = stream.header("content-length").parse() {
            stream.framing = Framing::Length(length);
        }
        stream.decode();
        Ok(stream)
    }

    /// A header's text, "" when it is absent.
    pub fn header(&self, name: &str) -> &str {
        let own = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        own.map_or("", |(_, value)| value)
    }

    /// All of the body that has been read.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The member of a body that is JSON.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        let body: Value =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"));
        body.pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// The next block, comment or event; None at the end.
    #[track_caller]
    pub fn next_block(&mut self) -> Option<Block> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(block) = self.parse() {
                return Some(block);
            }
            if self.ended.is_some() {
                return None;
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(!rest.is_zero(), "nothing came in {PATIENCE:?}: {self}");
            self.read_some(rest);
        }
    }

    /// The next event; None at the end.
    #[track_caller]
    pub fn next_event(&mut self) -> Option<Block> {
        self.wait_for("an event or the end", Block::is_event)
    }

    /// The next block of some kind, whatever comes before it; None at the end. Heartbeats are no progress: the wait ends.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, mut wanted: impl FnMut(&Block) -> bool) -> Option<Block> {
        let deadline = Instant::now() + PATIENCE;
        while let Some(block) = self.next_block() {
            if wanted(&block) {
                return Some(block);
            }
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}: {self}");
        }
        None
    }

    /// The next event, of which this kind is expected.
    #[track_caller]
    pub fn event(&mut self, kind: &str) -> Block {
        let event = self.next_event().unwrap_or_else(|| panic!("the end, and no {kind}: {self}"));
        assert_eq!(event.event, kind, "{event:?}");
        event
    }

    /// So many heartbeats, and nothing but them.
    #[track_caller]
    pub fn heartbeats(&mut self, number: usize) {
        for _ in 0..number {
            let block = self.next_block().unwrap_or_else(|| panic!("the end: {self}"));
            assert!(block.is_heartbeat(), "nothing but heartbeats: {block:?}");
        }
    }

    /// The goodbye, with this reason, and the proper end after it; what it says of coming back, in milliseconds.
    #[track_caller]
    pub fn goodbye(&mut self, reason: &str) -> u64 {
        let goodbye = self.event("goodbye");
        let data = goodbye.json();
        assert_eq!(data["reason"], reason, "{goodbye:?}");
        let after = data["reconnectAfterMs"].as_u64().expect("a number");
        assert_eq!(goodbye.retry, Some(after), "{goodbye:?}");
        assert_eq!(self.next_block(), None, "the goodbye is the last");
        assert_eq!(self.ended, Some(End::Closed), "{self}");
        after
    }

    /// Reads to the end, and tells how it was.
    #[track_caller]
    pub fn end(&mut self) -> End {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.ended {
                return end;
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(!rest.is_zero(), "it goes on after {PATIENCE:?}: {self}");
            self.read_some(rest);
        }
    }

    /// Whether the server has ended it; reads what is there, and waits for nothing.
    pub fn has_ended(&mut self) -> bool {
        while self.ended.is_none() && self.read_some(Duration::from_millis(1)) {}
        self.ended.is_some()
    }

    fn parse(&mut self) -> Option<Block> {
        let Some(at) = find(&self.body[self.searched..], b"\n\n") else {
            self.searched = self.body.len().saturating_sub(1).max(self.parsed);
            return None;
        };
        let end = self.searched + at;
        let block = Block::parse(std::str::from_utf8(&self.body[self.parsed..end]).expect("UTF-8"));
        (self.parsed, self.searched) = (end + 2, end + 2);
        Some(block)
    }

    /// Whether anything came, or the end, in this time.
    fn read_some(&mut self, time: Duration) -> bool {
        let mut buffer = [0; 16 * 1024];
        self.socket.set_read_timeout(Some(time)).expect("a socket");
        match self.socket.read(&mut buffer) {
            Ok(0) => {
                let is_whole = self.framing == Framing::Rest;
                self.ended.get_or_insert(if is_whole { End::Closed } else { End::Cut });
            }
            Ok(length) => {
                self.undecoded.extend_from_slice(&buffer[..length]);
                self.decode();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.ended = self.ended.or(Some(End::Cut)),
        }
        true
    }

    fn decode(&mut self) {
        while self.ended.is_none() {
            match self.framing {
                Framing::Size => {
                    let Some(at) = find(&self.undecoded, b"\r\n") else { return };
                    let line: Vec<u8> = self.undecoded.drain(..at + 2).collect();
                    let digits = String::from_utf8_lossy(&line[..at]).into_owned();
                    let size = usize::from_str_radix(digits.trim(), 16).expect("a chunk's size");
                    self.framing = Framing::Chunk(size + 2);
                    if size == 0 {
                        self.ended = Some(End::Closed);
                    }
                }
                Framing::Chunk(0) => self.framing = Framing::Size,
                Framing::Chunk(left) => {
                    let take = left.min(self.undecoded.len());
                    if take == 0 {
                        return;
                    }
                    let of_chunk = take.min(left.saturating_sub(2));
                    self.body.extend_from_slice(&self.undecoded[..of_chunk]);
                    self.undecoded.drain(..take);
                    self.framing = Framing::Chunk(left - take);
                }
                Framing::Length(left) => {
                    let take = left.min(self.undecoded.len());
                    self.body.extend(self.undecoded.drain(..take));
                    self.framing = Framing::Length(left - take);
                    if left == take {
                        self.ended = Some(End::Closed);
                    }
                    return;
                }
                Framing::Rest => {
                    self.body.append(&mut self.undecoded);
                    return;
                }
            }
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        let start = text.len().saturating_sub(2_000);
        let last: String = text.char_indices().filter(|(at, _)| *at >= start).map(|(_, c)| c).collect();
        write!(f, "{} {:?} {:?}\n… {last}", self.status, self.headers, self.ended)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
