//! Streams that the server ends: told so, properly closed, and taken up again without a loss.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::{Until, make_large};
use crate::support::{Follower, Home, Opening, Sent, Server, Stream, wait_until};

/// Streams are told to come back soon.
struct Hasty(Home);

impl From<Home> for Hasty {
    fn from(home: Home) -> Hasty {
        Hasty(home)
    }
}

const RETRY: (&str, &str) = ("PENNON_STREAM_RETRY", "200ms");

fn kinds(server: &Server) -> [Opening; 3] {
    [
        server.stream(""),
        server.client_stream(&server.client_key, "{}"),
        server.ofrep_stream(&server.client_key),
    ]
}

on_both! {
    fn a_server_that_stops_says_goodbye_on_every_stream_and_ends_in_time(hasty: Hasty) {
        let mut server = Server::with(hasty.0, &[RETRY]);
        let kinds = kinds(&server);
        let mut open: Vec<Stream> = (0..20).flat_map(|_| kinds.iter().map(Opening::listen)).collect();
        for stream in &mut open {
            stream.next_event().expect("the first event");
        }
        let started = Instant::now();
        server.signal("TERM");
        let mut told: Vec<u64> = open.iter_mut().map(|stream| stream.goodbye("draining")).collect();
        eprintln!("FIGURE 60 streams had their goodbye {:?} after SIGTERM", started.elapsed());
        // Half of `stream_retry` to one and a half, and as long as another node takes to let 60 in: 2 000 a second.
        assert!(told.iter().all(|after| (100..=330).contains(after)), "{told:?}");
        told.sort_unstable();
        told.dedup();
        assert!(told.len() > 10, "not all at the same moment: {told:?}");
        assert!(server.wait_for_exit().success());
        eprintln!("FIGURE the process ended {:?} after SIGTERM, with 60 streams", started.elapsed());
        assert!(!server.log().contains("patience"), "{}", server.log());
    }

    fn streams_that_are_old_enough_end_and_nothing_is_missed_by_it(hasty: Hasty) {
        let server = Server::with(hasty.0, &[RETRY, ("PENNON_STREAM_MAX_AGE", "200ms")]);
        let mut followers = [server.follower(), Follower::of(server.client_stream(&server.client_key, "{}"))];
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    server.flips(1);
                }
            });
            let _until = Until(&stop);
            for follower in &mut followers {
                while follower.goodbyes.len() < 5 {
                    match follower.step() {
                        Sent::Put | Sent::Patch => {}
                        Sent::Goodbye => {
                            assert_eq!(follower.step(), Sent::End);
                            follower.reconnect();
                        }
                        Sent::End => panic!("without a goodbye: {}", follower.stream),
                    }
                }
            }
        });
        let [rules, results] = &mut followers;
        server.holds_the_same(rules);
        assert!(rules.goodbyes.iter().all(|reason| reason == "age"), "{:?}", rules.goodbyes);
        assert_eq!(rules.puts, 1, "what happened between two streams came as a patch");
        eprintln!("FIGURE {} revisions over {} streams", rules.revision(), rules.openings);
        results.until(server.snapshot().json()["revision"].as_i64().unwrap());
        assert_eq!(results.puts, results.openings, "results begin anew each time");
        assert!(server.metric("pennon_stream_ended_total{reason=\"age\"}") >= 10.0);
    }

    fn a_restart_under_changes_is_survived_by_every_follower(hasty: Hasty) {
        let mut server = Server::with(hasty.0, &[RETRY]);
        let mut followers: Vec<Follower> = (0..10).map(|_| server.follower()).collect();
        for kill in [false, true] {
            server.flips(2);
            if kill {
                server.kill();
            } else {
                assert!(server.stop().success());
            }
            server.start();
            let revision = server.flips(2);
            for follower in &mut followers {
                follower.until(revision);
            }
        }
        for follower in &mut followers {
            server.holds_the_same(follower);
            assert_eq!((follower.puts, follower.openings), (1, 3));
        }
    }
}

#[test]
fn a_stream_opened_while_the_server_drains_is_told_to_go_elsewhere() {
    let mut server = Server::with(Home::sqlite(), &[RETRY]);
    // A connection that is there already; the request comes with the drain.
    let opening = server.stream("");
    let address = opening.socket_address();
    let mut held = server.stream("").listen();
    server.signal("TERM");
    held.event("put");
    held.goodbye("draining");
    wait_until("no new connection is accepted", || {
        std::net::TcpStream::connect(address).is_err().then_some(())
    });
    assert!(opening.try_open().is_err());
    assert!(server.wait_for_exit().success());
}

#[test]
fn a_stream_that_nobody_reads_keeps_no_server_from_stopping() {
    let variables = [("PENNON_DRAIN_TIMEOUT", "1s"), ("PENNON_WRITE_TIMEOUT", "60s")];
    let mut server = Server::with(Home::sqlite(), &variables);
    make_large(&server, "large", 400);
    let _stalled: Vec<Stream> = (0..20).map(|_| server.stream("").receive_buffer(4_096).listen()).collect();
    let started = Instant::now();
    server.signal("TERM");
    server.wait_for_exit();
    eprintln!(
        "FIGURE the process ended {:?} after SIGTERM, with 20 stalled streams and 1 s of patience",
        started.elapsed()
    );
}

#[test]
fn a_request_on_a_connection_that_was_open_before_the_drain_is_answered() {
    let mut server = Server::on(Home::sqlite());
    let address = server.stream("").socket_address();
    // Proxies connect before they speak: these have said nothing when the server is told to stop.
    let mut silent: Vec<_> = (0..5).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    server.anonymous().get("/health/live").expect(200);
    server.signal("TERM");
    wait_until("nothing new is accepted", || TcpStream::connect(address).is_err().then_some(()));
    for connection in &mut silent {
        connection.write_all(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is open");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer, and the end");
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("draining"), "{answer}");
    }
    assert!(server.wait_for_exit().success());
    assert!(!server.log().contains("patience"), "{}", server.log());
}
