//! A connection whose other end may be slow, but not dead: when it takes no byte of what is written for too long, the
//! connection ends. A reader that stalls would otherwise hold its place, and what was meant for it, for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A connection with a limit to the patience of its writes.
#[derive(Debug)]
pub struct Patient {
    stream: TcpStream,
    at_most: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    heard: Heard,
}

/// Whether the other end of a connection has said anything yet.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<AtomicBool>);

impl Heard {
    /// Whether it has.
    #[must_use]
    pub fn anything(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Patient {
    /// Ends the connection when a write waits longer than this; the system is asked to do the same with what it has taken
    /// over and nobody acknowledges.
    #[must_use]
    pub fn new(stream: TcpStream, at_most: Duration) -> Patient {
        // Without this a peer that vanished is noticed after a quarter of an hour.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(at_most));
        Patient { stream, at_most, waiting: None, heard: Heard::default() }
    }

    /// Tells, now and later, whether the other end has said anything.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.heard.clone()
    }

    /// What a write came to: done, or waiting, or waiting for too long.
    fn judged<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = None;
            return outcome;
        }
        let at_most = self.at_most;
        let timer = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(at_most)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other end takes nothing")))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.heard.0.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judged(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.judged(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::{Duration, Patient, io};

    async fn pair(at_most: Duration) -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Patient::new(listener.accept().await.unwrap().0, at_most), theirs)
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_given_up_and_one_that_reads_is_not() {
        let (mut ours, _theirs) = pair(Duration::from_millis(50)).await;
        let block = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = ours.write_all(&block).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let (mut ours, mut theirs) = pair(Duration::from_secs(20)).await;
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.map(|_| all.len())
        });
        for _ in 0..16 {
            ours.write_all(&block).await.unwrap();
        }
        ours.shutdown().await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), 16 << 20);
    }
}
