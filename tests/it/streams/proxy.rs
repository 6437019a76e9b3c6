//! nginx between the clients and the nodes: streams pass at once and whole, and follow the nodes that are there.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::Until;
use crate::support::listening::FLAG;
use crate::support::nginx::Nginx;
use crate::support::paths::development;
use crate::support::{Client, Follower, Home, Opening, Server, wait_until};

/// What docs/OPERATIONS.md says.
const AS_DOCUMENTED: &str = r#"
        location /flags/ {
            proxy_pass http://pennon;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_read_timeout 60s;
        }"#;
/// The least that one writes: HTTP/1.0 to the nodes, and everything buffered that may be.
const LEAST: &str = "
        location /flags/ { proxy_pass http://pennon; }";
/// All that it can do to a stream.
const EAGER: &str = "
        gzip on;
        gzip_proxied any;
        gzip_min_length 1;
        gzip_types text/plain text/css application/json application/javascript;
        proxy_buffering on;
        proxy_buffers 8 64k;
        proxy_cache_valid any 1h;
        location /flags/ { proxy_pass http://pennon; proxy_http_version 1.1; }";

const BASE: (&str, &str) = ("PENNON_BASE_PATH", "/flags");

/// Where clients go: through nginx, below the path.
fn outside(nginx: &Nginx) -> String {
    format!("{}/flags", nginx.address)
}

fn in_front_of(nodes: &[&Server], configuration: &str) -> Nginx {
    Nginx::start(nodes[0].home.path("nginx"), nodes, configuration)
}

#[test]
fn events_pass_at_once_and_as_they_are_however_nginx_is_configured() {
    for configuration in [AS_DOCUMENTED, LEAST, EAGER] {
        let server = Server::with(Home::sqlite(), &[BASE, ("PENNON_STREAM_HEARTBEAT", "50ms")]);
        let nginx = in_front_of(&[&server], configuration);
        let zip = |opening: Opening| opening.at(&outside(&nginx)).header("Accept-Encoding", "gzip");
        let mut rules = Follower::of(zip(server.stream("")));
        let mut results = Follower::of(zip(server.client_stream(&server.client_key, "{}")));
        let mut ofrep = server
            .ofrep_stream(&server.client_key)
            .at(&nginx.address)
            .header("Accept-Encoding", "gzip")
            .listen();
        ofrep.event("message");
        for stream in [&rules.stream, &results.stream, &ofrep] {
            assert_eq!(stream.header("content-encoding"), "", "{configuration}: {stream}");
            assert_eq!(stream.header("content-type"), "text/event-stream", "{configuration}: {stream}");
            assert_eq!(stream.header("cache-control"), "no-store, no-transform", "{configuration}: {stream}");
        }
        // Each change is waited for while the stream is open: nothing is held back until more comes.
        for _ in 0..3 {
            let revision = server.flips(1);
            let started = Instant::now();
            rules.until(revision);
            results.until(revision);
            assert!(ofrep.event("message").id.ends_with(&format!("-{revision}")));
            eprintln!(
                "FIGURE an event through nginx arrived {:?} after its change was answered",
                started.elapsed()
            );
        }
        for stream in [&mut rules.stream, &mut results.stream, &mut ofrep] {
            stream.heartbeats(3);
        }
        server.holds_the_same(&mut rules);
        // A client that leaves gives its place back, though the proxy is between.
        drop((rules, results, ofrep));
        wait_until("the places are free", || (server.open_streams("") < 0.5).then_some(()));
    }
}

#[test]
fn the_limits_of_client_keys_are_those_of_the_client_behind_a_trusted_proxy() {
    let per_address = ("PENNON_CLIENT_KEY_STREAMS_PER_ADDRESS", "2");
    for (trusted, is_apart) in [("127.0.0.1", true), ("none", false)] {
        let server = Server::with(Home::sqlite(), &[BASE, per_address, ("PENNON_TRUSTED_PROXIES", trusted)]);
        // nginx tells whom it saw; the header stands for clients at several addresses before another trusted proxy.
        let as_told = AS_DOCUMENTED.replace("$proxy_add_x_forwarded_for", "$http_x_client");
        let nginx = in_front_of(&[&server], &as_told);
        let from = |address: &str| {
            server.client_stream(&server.client_key, "{}").at(&outside(&nginx)).header("X-Client", address)
        };
        let _open: Vec<_> = (0..2).map(|_| from("203.0.113.1").listen()).collect();
        assert_eq!(from("203.0.113.1").open().status, 429, "{trusted}");
        assert_eq!(from("203.0.113.2").open().status, if is_apart { 200 } else { 429 }, "{trusted}");
    }
}

#[test]
fn a_client_cannot_make_itself_another_one_through_a_trusted_proxy() {
    let variables =
        [BASE, ("PENNON_CLIENT_KEY_STREAMS_PER_ADDRESS", "2"), ("PENNON_TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::with(Home::sqlite(), &variables);
    // The client's own header stands first, what nginx saw last; nginx saw 127.0.0.1, which is trusted, so a proxy of
    // another address is simulated.
    let honest =
        AS_DOCUMENTED.replace("$proxy_add_x_forwarded_for", "\"$http_x_forwarded_for, 198.51.100.7\"");
    let nginx = in_front_of(&[&server], &honest);
    let claiming = |address: &str| {
        server.client_stream(&server.client_key, "{}").at(&outside(&nginx)).header("X-Forwarded-For", address)
    };
    let _open = [claiming("203.0.113.1").listen(), claiming("203.0.113.2").listen()];
    assert_eq!(claiming("203.0.113.3").open().status, 429);
}

#[test]
fn draining_a_node_moves_its_clients_to_the_other_and_no_revision_is_missed() {
    let variables = [BASE, ("PENNON_STREAM_RETRY", "50ms")];
    let first = Server::with(Home::postgres(), &variables);
    let mut second = first.beside("node-2", &variables);
    second.start();
    let nginx = in_front_of(&[&first, &second], AS_DOCUMENTED);
    let outside = outside(&nginx);
    let mut followers: Vec<Follower> = (0..10).map(|_| Follower::of(first.stream("").at(&outside))).collect();
    for node in [&first, &second] {
        assert!(node.open_streams("server") > 0.5, "both nodes have some of them");
    }
    let writer = Client::new(&outside).with("Authorization", &format!("Bearer {}", first.token));
    let mut nodes = [first, second];
    let (stop, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let more_are_written = |number: usize| {
        let enough = written.load(Ordering::Relaxed) + number;
        wait_until("some more are written", || (written.load(Ordering::Relaxed) >= enough).then_some(()));
    };
    std::thread::scope(|scope| {
        // Writes all the time, through the proxy too, so that changes fall before, into and after every goodbye.
        scope.spawn(|| {
            for number in 0_usize.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let path = development(FLAG, if number % 2 == 0 { "/on" } else { "/off" });
                writer.post(&path).header("If-Match", "*").expect(200);
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _until = Until(&stop);
        for round in 0..3 {
            more_are_written(10);
            let (goes, stays) = (round % 2, (round + 1) % 2);
            let moved = Instant::now();
            nodes[goes].signal("TERM");
            assert!(nodes[goes].wait_for_exit().success());
            // What the node that has gone cannot have told.
            more_are_written(3);
            let now = nodes[stays].snapshot().number_at("/revision");
            for follower in &mut followers {
                follower.until_past(now);
            }
            eprintln!("FIGURE the clients of a draining node were elsewhere after {:?}", moved.elapsed());
            let on_the_other = nodes[stays].open_streams("server");
            assert!((on_the_other - 10.0).abs() < 0.5, "all are on the node that stays: {on_the_other}");
            nodes[goes].start();
        }
    });
    for follower in &mut followers {
        nodes[1].holds_the_same(follower);
        assert_eq!(follower.puts, 1, "what was missed came as a patch");
        assert!(follower.goodbyes.iter().all(|reason| reason == "draining"), "{:?}", follower.goodbyes);
        assert_eq!(follower.goodbyes.len(), follower.openings - 1, "nobody was cut off without a word");
    }
    let moves: usize = followers.iter().map(|follower| follower.openings - 1).sum();
    assert!(moves >= 20, "everybody was moved twice at the least, after the first time: {moves}");
    eprintln!("FIGURE {} revisions, {moves} moves of 10 clients, no gap", followers[0].revision());
}
