//! The bytes of a stream: HTTP's chunks are taken off, then blocks are cut at their empty line. Keeps nothing but the
//! block that has not ended yet, so that thousands of streams cost this program little.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};

/// A block larger than this is no snapshot of ours.
const BLOCK_LIMIT: usize = 64 << 20;
/// What a stream keeps of a large block's buffer when the block has gone.
const KEPT: usize = 4_096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the hexadecimal size of a chunk.
    Size(usize),
    /// After the size, up to the end of its line.
    SizeEnd(usize),
    /// In a chunk, with so many bytes to come.
    Data(usize),
    /// In the line's end after a chunk.
    DataEnd,
    /// The last chunk was seen.
    End,
}

/// Takes bytes and gives blocks.
#[derive(Debug)]
pub struct Reader {
    at: At,
    pending: Vec<u8>,
}

impl Reader {
    /// At the start of a body.
    pub fn new() -> Reader {
        Reader { at: At::Size(0), pending: Vec::new() }
    }

    /// Whether the body ended as it should.
    pub fn is_at_end(&self) -> bool {
        self.at == At::End
    }

    /// Takes what was read and calls `each` with every block that is whole, without its empty line.
    pub fn take(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.at {
                At::Data(left) => {
                    let (now, later) = bytes.split_at(left.min(bytes.len()));
                    self.at = if now.len() == left { At::DataEnd } else { At::Data(left - now.len()) };
                    self.add(now, &mut each)?;
                    bytes = later;
                    continue;
                }
                At::Size(size) => match char::from(first).to_digit(16) {
                    Some(digit) if size < BLOCK_LIMIT => self.at = At::Size(size * 16 + digit as usize),
                    Some(_) => bail!("a chunk that is too large"),
                    None => self.at = At::SizeEnd(size),
                },
                At::SizeEnd(size) if first == b'\n' => {
                    self.at = if size == 0 { At::End } else { At::Data(size) }
                }
                At::DataEnd if first == b'\n' => self.at = At::Size(0),
                At::SizeEnd(_) | At::DataEnd | At::End => {}
            }
            bytes = rest;
        }
        Ok(())
    }

    fn add(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        // The empty line may lie across two chunks.
        let mut from = self.pending.len().saturating_sub(1);
        self.pending.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(length) = self.pending.get(from..).and_then(empty_line) {
            each(self.pending.get(start..from + length).unwrap_or_default())?;
            start = from + length + 2;
            from = start;
        }
        self.pending.drain(..start);
        if self.pending.is_empty() && self.pending.capacity() > KEPT {
            self.pending = Vec::new();
        }
        ensure!(self.pending.len() <= BLOCK_LIMIT, "a block without an end");
        Ok(())
    }
}

fn empty_line(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\n\n")
}

/// The fields of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block<'a> {
    /// `event:`, none for a comment.
    pub event: Option<&'a str>,
    /// `id:`.
    pub id: Option<&'a str>,
    /// `data:`, its lines put together.
    pub data: Cow<'a, str>,
    /// `retry:`, in milliseconds.
    pub retry: Option<u64>,
}

impl<'a> Block<'a> {
    /// Reads a block.
    pub fn parse(bytes: &'a [u8]) -> Result<Block<'a>> {
        let mut block = Block::default();
        for line in std::str::from_utf8(bytes)?.split('\n') {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "event" => block.event = Some(value),
                "id" => block.id = Some(value),
                "data" if block.data.is_empty() => block.data = Cow::Borrowed(value),
                "data" => block.data = Cow::Owned(format!("{}\n{value}", block.data)),
                "retry" => block.retry = Some(value.parse()?),
                "" => {}
                _ => bail!("a line that is no field: {line:?}"),
            }
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Reader};

    #[test]
    fn blocks_are_found_wherever_the_bytes_are_cut() {
        let body = b"13\r\n: hello\nretry: 900\n\r\nb\r\n\nevent: put\r\n1d\r\n\nid: 7-1\ndata: {\"a\":\ndata: 1}\r\n2;x=y\r\n\n\n\r\n0\r\n\r\n";
        for size in 1..=body.len() {
            let (mut reader, mut blocks) = (Reader::new(), Vec::new());
            for piece in body.chunks(size) {
                let add = |block: &[u8]| {
                    blocks.push(String::from_utf8(block.to_vec()).unwrap());
                    Ok(())
                };
                reader.take(piece, add).unwrap();
            }
            assert!(reader.is_at_end());
            assert_eq!(
                blocks,
                [": hello\nretry: 900", "event: put\nid: 7-1\ndata: {\"a\":\ndata: 1}"],
                "{size}"
            );
        }
    }

    #[test]
    fn a_block_gives_its_fields() {
        let block = Block::parse(b"event: put\nid: 7-1\ndata: {\ndata:}\nretry: 5").unwrap();
        assert_eq!(
            (block.event, block.id, &*block.data, block.retry),
            (Some("put"), Some("7-1"), "{\n}", Some(5))
        );
        assert_eq!(Block::parse(b": heartbeat").unwrap(), Block::default());
        assert!(Block::parse(b"garbage").is_err());
    }
}
