//! Thousands of listeners lose their server at the same moment, and come back: all of them, without a gap.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::home::block_on;
use crate::support::wait::PATIENCE;
use crate::support::{Home, Server, wait_until};

/// How many there are: two sockets each, here and in the server, fit into the usual limit of open files.
const HERD: usize = 2_000;

/// One of the herd: as little as follows a stream.
struct Sheep {
    socket: TcpStream,
    text: String,
    /// `<epoch>-<revision>` of the last event.
    id: String,
    refused: usize,
}

impl Sheep {
    /// Comes, with the id it has; again when it is refused.
    async fn come(address: SocketAddr, request: &str, id: String) -> Sheep {
        let mut refused = 0;
        loop {
            let last = if id.is_empty() { String::new() } else { format!("Last-Event-ID: {id}\r\n\r\n") };
            let request = if last.is_empty() {
                request.to_owned()
            } else {
                request.replacen("\r\n\r\n", &format!("\r\n{last}"), 1)
            };
            if let Ok(socket) = TcpStream::connect(address).await {
                let mut sheep = Sheep { socket, text: String::new(), id: id.clone(), refused };
                if sheep.socket.write_all(request.as_bytes()).await.is_ok() && sheep.is_in().await {
                    return sheep;
                }
            }
            refused += 1;
            // As Retry-After says at the least; a test's clients are in a hurry.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_in(&mut self) -> bool {
        while !self.text.contains("\r\n\r\n") {
            if !self.read().await {
                return false;
            }
        }
        self.text.get(..12).is_some_and(|start| start.ends_with(" 200"))
    }

    async fn read(&mut self) -> bool {
        let mut buffer = [0; 4_096];
        match tokio::time::timeout(PATIENCE, self.socket.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 => {
                self.text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                true
            }
            _ => false,
        }
    }

    /// Reads until an event of this kind is there; what it says stands between `data: ` and the end of its line.
    async fn until(&mut self, kind: &str) -> String {
        let event = format!("event: {kind}\n");
        loop {
            let found = self.text.find(&event).and_then(|at| {
                let rest = &self.text[at..];
                let data = rest.find("data: ")?;
                Some((at, rest[data..].find("\n\n").map(|end| rest[data + 6..data + end].to_owned())?))
            });
            if let Some((at, data)) = found {
                let id =
                    self.text[..at].rfind("id: ").map(|start| self.text[start + 4..at].trim().to_owned());
                if kind != "goodbye" {
                    self.id = id.expect("an id before the event");
                }
                self.text.clear();
                return data;
            }
            assert!(self.read().await, "the end, and no {kind}: {}", self.text);
        }
    }
}

/// All do the same at once.
async fn all<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let spawned: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut done = Vec::with_capacity(spawned.len());
    for task in spawned {
        done.push(task.await.expect("no panic in the herd"));
    }
    done
}

fn number(data: &str, member: &str) -> i64 {
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    data[member].as_i64().expect("a number")
}

#[test]
fn two_thousand_listeners_come_back_after_a_restart_without_a_gap() {
    let mut server = Server::with(Home::sqlite(), &[("PENNON_STREAM_RETRY", "200ms")]);
    // HTTP/1.0 has no chunks: what comes is the stream itself.
    let request = server.stream("").text().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let address = server.stream("").socket_address();
    let started = Instant::now();
    let come = |id: String| {
        let request = request.clone();
        async move { Sheep::come(address, &request, id).await }
    };
    let herd = block_on(all((0..HERD).map(|_| come(String::new()))));
    let refused: usize = herd.iter().map(|sheep| sheep.refused).sum();
    eprintln!(
        "FIGURE {HERD} listeners were in after {:?}, {refused} times asked to come back",
        started.elapsed()
    );
    let put = |mut sheep: Sheep| async move {
        let revision = number(&sheep.until("put").await, "revision");
        (sheep, revision)
    };
    let herd = block_on(all(herd.into_iter().map(put)));
    wait_until("all are counted", || (server.open_streams("server") > 1_999.5).then_some(()));

    let started = Instant::now();
    let revision = server.flips(1);
    let patch = |(mut sheep, have): (Sheep, i64)| async move {
        let data = sheep.until("patch").await;
        assert_eq!(number(&data, "from"), have, "a gap: {data}");
        (sheep, number(&data, "revision"))
    };
    let herd = block_on(all(herd.into_iter().map(patch)));
    eprintln!("FIGURE a change was on {HERD} streams after {:?}", started.elapsed());
    assert!(herd.iter().all(|(_, have)| *have == revision));

    let started = Instant::now();
    server.signal("TERM");
    let goodbye = |(mut sheep, have): (Sheep, i64)| async move {
        let after = number(&sheep.until("goodbye").await, "reconnectAfterMs");
        (sheep.id, have, after)
    };
    let ids = block_on(all(herd.into_iter().map(goodbye)));
    assert!(server.wait_for_exit().success());
    eprintln!(
        "FIGURE {HERD} listeners were said goodbye and the process had ended after {:?}",
        started.elapsed()
    );
    let mut delays: Vec<i64> = ids.iter().map(|(_, _, after)| *after).collect();
    delays.sort_unstable();
    // Half of `stream_retry` to one and a half, and as long as another node takes to let so many in: 2 000 a second.
    assert!(delays[0] >= 100 && delays[HERD - 1] <= 1_300, "{} to {}", delays[0], delays[HERD - 1]);
    let half = delays[HERD * 3 / 4] - delays[HERD / 4];
    assert!(half > 200, "spread out, but half of them come within {half} ms");

    server.start();
    let revision = server.flips(3);
    let started = Instant::now();
    let back = |(id, have, after): (String, i64, i64)| {
        let request = request.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(u64::try_from(after).expect("a delay"))).await;
            let sheep = Sheep::come(address, &request, id).await;
            let refused = sheep.refused;
            let (sheep, now) = patch((sheep, have)).await;
            (sheep, refused, now)
        }
    };
    let herd = block_on(all(ids.into_iter().map(back)));
    let refused: usize = herd.iter().map(|(_, refused, _)| refused).sum();
    eprintln!(
        "FIGURE {HERD} listeners were back with all they had missed after {:?}, {refused} times asked to come back",
        started.elapsed()
    );
    assert!(herd.iter().all(|(_, _, now)| *now == revision), "everybody has all of it");
    assert!(
        (server.metric("pennon_stream_events_total{event=\"put\"}")).abs() < 0.5,
        "nobody needed the whole"
    );
    drop(herd);
    wait_until("all places are free", || (server.open_streams("") < 0.5).then_some(()));
}

#[test]
fn a_herd_that_comes_faster_than_it_may_is_let_in_bit_by_bit() {
    let server = Server::with(Home::sqlite(), &[("PENNON_STREAM_OPENS_PER_SECOND", "100")]);
    let request = server.stream("").text().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let address = server.stream("").socket_address();
    let started = Instant::now();
    let come = |_| {
        let request = request.clone();
        async move { Sheep::come(address, &request, String::new()).await }
    };
    let herd = block_on(all((0..300).map(come)));
    let refused: usize = herd.iter().map(|sheep| sheep.refused).sum();
    eprintln!(
        "FIGURE 300 listeners at 100 a second were in after {:?}, {refused} times asked to come back",
        started.elapsed()
    );
    assert!(refused > 0, "not all at once");
    assert!((server.metric("pennon_streams") - 300.0).abs() < 0.5, "{}", server.metric("pennon_streams"));
    let told = server.metric("pennon_stream_refused_total{reason=\"herd\"}");
    assert!((told - f64::from(u32::try_from(refused).unwrap())).abs() < 0.5, "{told} and {refused}");
}
