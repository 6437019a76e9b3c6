//! Requests over one keep-alive connection, answered whole (`content-length`). Written by hand so that this program,
//! which shares the machine with the server, costs little.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that rested longer is opened anew: the server closes what stays silent.
const REST: Duration = Duration::from_secs(5);
/// An answer larger than this is none of ours.
const ANSWER_LIMIT: usize = 64 << 20;

/// Where requests go and with which credential.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server's address.
    pub address: SocketAddr,
    /// A key or token.
    pub credential: String,
}

impl Target {
    /// The bytes of a request; `more` is whole header lines without their ends.
    pub fn request(&self, method: &str, path: &str, more: &[&str], body: Option<&str>) -> Vec<u8> {
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {}", self.address)];
        if !self.credential.is_empty() {
            lines.push(format!("authorization: Bearer {}", self.credential));
        }
        lines.extend(more.iter().map(|line| (*line).to_owned()));
        if body.is_some() {
            lines.push("content-type: application/json".to_owned());
        }
        if method != "GET" {
            lines.push(format!("content-length: {}", body.map_or(0, str::len)));
        }
        format!("{}\r\n\r\n{}", lines.join("\r\n"), body.unwrap_or_default()).into_bytes()
    }
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// 200, 404, …
    pub status: u16,
    /// The header lines.
    lines: &'a str,
}

impl<'a> Head<'a> {
    /// Reads a head that ends before its empty line.
    pub fn parse(bytes: &'a [u8]) -> Result<Head<'a>, Error> {
        let bad = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
        let text = std::str::from_utf8(bytes).map_err(|_| bad("a head that is no text"))?;
        let (first, lines) = text.split_once("\r\n").unwrap_or((text, ""));
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status = status.and_then(|digits| digits.parse().ok()).ok_or_else(|| bad("no status line"))?;
        Ok(Head { status, lines })
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.lines
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name, value.trim()))
    }
}

/// A whole answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its head.
    pub head: Head<'a>,
    /// Its body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body as text, for a message.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).chars().take(300).collect()
    }
}

/// One connection, opened when it is needed.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    used: Instant,
    buffer: Vec<u8>,
}

impl Connection {
    /// Not open yet.
    pub fn new(address: SocketAddr) -> Connection {
        Connection { address, stream: None, used: Instant::now(), buffer: Vec::new() }
    }

    /// Sends a request and waits for its answer. After an error the next request opens a new connection.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>, Error> {
        if self.used.elapsed() > REST {
            self.stream = None;
        }
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let (end, length) = read_head(&mut stream, &mut self.buffer).await?;
        if length > ANSWER_LIMIT {
            return Err(Error::new(ErrorKind::InvalidData, format!("an answer of {length} bytes")));
        }
        while self.buffer.len() < end + 4 + length {
            more(&mut stream, &mut self.buffer).await?;
        }
        self.used = Instant::now();
        let (head, body) = self.buffer.split_at(end);
        let head = Head::parse(head)?;
        if head.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(Answer { head, body: body.get(4..4 + length).unwrap_or_default() })
    }
}

/// Opens a connection whose small writes go out at once.
pub async fn connect(address: SocketAddr) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Where the head ends in what was read so far.
pub fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(usize, usize), Error> {
    loop {
        if let Some(end) = head_end(buffer) {
            let head = Head::parse(buffer.get(..end).unwrap_or_default())?;
            if head.status == 304 || head.status == 204 {
                return Ok((end, 0));
            }
            let length = head.header("content-length").and_then(|text| text.parse().ok());
            let length = length
                .ok_or_else(|| Error::new(ErrorKind::InvalidData, "an answer without content-length"))?;
            return Ok((end, length));
        }
        more(stream, buffer).await?;
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Error> {
    buffer.reserve(4_096);
    match stream.read_buf(buffer).await? {
        0 => {
            Err(Error::new(ErrorKind::UnexpectedEof, "the connection was closed before the answer was whole"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, head_end};

    #[test]
    fn a_head_tells_its_status_and_headers() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\ncontent-length:0\r\n\r\n";
        let end = head_end(bytes).unwrap();
        let head = Head::parse(&bytes[..end]).unwrap();
        assert_eq!(
            (head.status, head.header("retry-after"), head.header("content-length")),
            (503, Some("3"), Some("0"))
        );
        assert_eq!(head.header("etag"), None);
        assert!(Head::parse(b"SSH-2.0").is_err());
    }
}
