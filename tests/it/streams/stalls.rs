//! Clients that stop reading, or never say what they want: they cost a bounded amount, harm nobody, and are cut off.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

use super::make_large;
use crate::support::paths::project;
use crate::support::stream::End;
use crate::support::{Follower, Home, Opening, Server, Stream, wait_until};

/// So small that the server soon notices who reads nothing.
const SMALL: usize = 4_096;

/// Memory of the server's process, in kilobytes: now (`VmRSS:`), or at its highest so far (`VmHWM:`).
fn memory(server: &Server, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Changes a large segment so often; answers the last revision.
fn change_large(server: &Server, times: usize) -> i64 {
    for number in 0..times {
        let body = format!(r#"{{"excluded": ["{number}"]}}"#);
        server
            .owner()
            .patch(&project("/segments/large"))
            .header("If-Match", "*")
            .reason("r")
            .json(&body)
            .expect(200);
    }
    server.snapshot().json()["revision"].as_i64().unwrap()
}

/// Makes so many changes while somebody reads them.
fn read_along(server: &Server, reader: &mut Follower, times: usize) {
    let last = reader.revision() + i64::try_from(times).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| reader.until(last));
        assert_eq!(change_large(server, times), last);
    });
}

#[test]
fn clients_that_stall_cost_little_hold_nobody_up_and_are_cut_off() {
    let server = Server::with(Home::sqlite(), &[("PENNON_WRITE_TIMEOUT", "1s")]);
    make_large(&server, "large", 200);
    let mut reader = server.follower();
    read_along(&server, &mut reader, 10);
    let before = memory(&server, "VmRSS:");
    let openings: Vec<Opening> = [server.stream(""), server.client_stream(&server.client_key, "{}")]
        .into_iter()
        .map(|o| o.receive_buffer(SMALL))
        .collect();
    let mut stalled: Vec<Stream> = (0..100).map(|_| openings[0].listen()).collect();
    let started = Instant::now();
    read_along(&server, &mut reader, 40);
    eprintln!("FIGURE 40 changes of 200 kB beside 100 stalled readers took {:?}", started.elapsed());
    assert_eq!((reader.puts, reader.openings), (1, 1), "who reads is served");
    // The highest: some are cut off before the last change.
    let after = memory(&server, "VmHWM:");
    let grown = after.saturating_sub(before) / 1_024;
    eprintln!(
        "FIGURE {before} kB before, {after} kB at the most: {grown} MiB for 100 stalled readers of 200 kB documents"
    );
    assert!(grown < 64, "{grown} MiB");
    wait_until("the stalled ones are cut off", || (server.open_streams("server") < 1.5).then_some(()));
    eprintln!(
        "FIGURE stalled readers were cut off {:?} after they came, at a patience of 1 s",
        started.elapsed()
    );
    assert!((server.metric("pennon_stream_ended_total{reason=\"client\"}") - 100.0).abs() < 0.5);
    // What they find, when they read again, is the end in the middle of what they were sent.
    assert_eq!(stalled[0].end(), End::Cut);
    let mut back = openings[1].listen();
    back.event("put");
    let revision = server.flips(1);
    reader.until(revision);
}

#[test]
fn a_reader_that_is_slow_gets_several_revisions_as_one_patch() {
    let server = Server::with(Home::sqlite(), &[]);
    make_large(&server, "large", 1_000);
    let mut slow = Follower::of(server.stream("").receive_buffer(SMALL));
    let revision = change_large(&server, 12);
    slow.until(revision);
    assert_eq!(slow.document, server.snapshot().json());
    assert_eq!((slow.puts, slow.openings), (1, 1));
    eprintln!("FIGURE a reader that paused for 12 changes of 1 MB got {} patches", slow.patches);
    assert!(slow.patches < 12, "they were merged: {}", slow.patches);
}

#[test]
fn connections_that_ask_for_nothing_or_half_hold_nobody_up() {
    let server = Server::with(Home::sqlite(), &[("PENNON_MAX_STREAMS", "5")]);
    let address = server.stream("").socket_address();
    let whole = server.stream("").text();
    let mut half: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address).unwrap()).collect();
    for (number, socket) in half.iter_mut().enumerate() {
        // Nothing, a few bytes, or all but the last.
        let length = match number % 3 {
            0 => 0,
            1 => 20,
            _ => whole.len() - 1,
        };
        socket.write_all(&whole.as_bytes()[..length]).unwrap();
    }
    let mut results = server.client_stream(&server.client_key, "{}").text();
    results.truncate(results.len() - 3);
    for _ in 0..20 {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(results.as_bytes()).unwrap();
        half.push(socket);
    }
    // None of them has a place.
    let mut reader = server.follower();
    assert!((server.open_streams("") - 1.0).abs() < 0.5);
    let revision = server.flips(2);
    reader.until(revision);
    // Those that go on are served.
    let places: Vec<Stream> = (0..4).map(|_| server.stream("").listen()).collect();
    server.stream("").refused(503);
    drop(places);
    drop(half);
    wait_until("one is left", || ((server.open_streams("") - 1.0).abs() < 0.5).then_some(()));
    let revision = server.flips(1);
    reader.until(revision);
}

#[test]
fn clients_that_hang_up_give_their_places_back() {
    let server = Server::with(Home::sqlite(), &[("PENNON_STREAM_HEARTBEAT", "50ms")]);
    let kinds = [
        server.stream(""),
        server.client_stream(&server.client_key, "{}"),
        server.ofrep_stream(&server.client_key),
    ];
    for round in 0..3 {
        let open: Vec<Stream> = (0..30).map(|number| kinds[number % 3].listen()).collect();
        wait_until("all are in", || ((server.open_streams("") - 30.0).abs() < 0.5).then_some(()));
        if round == 1 {
            server.flips(1);
        }
        drop(open);
        wait_until("all have gone", || (server.open_streams("") < 0.5).then_some(()));
    }
    let ended = server.metric("pennon_stream_ended_total{reason=\"client\"}");
    assert!((ended - 90.0).abs() < 0.5, "{ended}");
}
