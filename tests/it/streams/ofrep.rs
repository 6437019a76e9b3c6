//! The event stream of OFREP: an address that is a credential, and a word to ask again for each change.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Lively, dated_rule, make_key, soon};
use crate::support::paths::{configure, make};
use crate::support::stream::Block;
use crate::support::{Home, Opening, Server, wait_until};

/// What a message says is what its id says, and a moment.
#[track_caller]
fn etag(message: &Block) -> String {
    let data = message.json();
    assert_eq!(data["type"], "refetchEvaluation", "{message:?}");
    assert_eq!(data["etag"].as_str(), Some(message.id.as_str()), "{message:?}");
    let at: jiff::Timestamp = data["lastModified"].as_str().unwrap().parse().expect("a time of RFC 3339");
    assert!(at <= jiff::Timestamp::now(), "{message:?}");
    message.id.clone()
}

/// The id of the present.
fn here(server: &Server) -> String {
    server.snapshot().header("etag").trim_matches('"').to_owned()
}

fn channel(server: &Server, channel: &str) -> Opening {
    Opening::new(&server.address, "GET", &format!("/ofrep/v1/event-stream/{channel}"))
}

/// Another character at a place.
fn changed(text: &str, at: usize) -> String {
    let other = if &text[at..=at] == "1" { "2" } else { "1" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

on_both! {
    fn a_listener_is_told_where_it_stands_and_then_of_each_change(lively: Lively) {
        let server = lively.0;
        for key in [&server.client_key, &server.server_key] {
            let mut stream = server.ofrep_stream(key).listen();
            assert_eq!(etag(&stream.event("message")), here(&server));
            for _ in 0..3 {
                server.flips(1);
                assert_eq!(etag(&stream.event("message")), here(&server));
                stream.heartbeats(1);
            }
            // The present id: nothing is new. An older one, another epoch's, nonsense: where it stands.
            let present = here(&server);
            let mut back = server.ofrep_stream(key).last(&present).listen();
            back.next_block();
            back.heartbeats(2);
            let (epoch, revision) = present.split_once('-').unwrap();
            let (epoch, revision): (i64, i64) = (epoch.parse().unwrap(), revision.parse().unwrap());
            for id in [format!("{epoch}-{}", revision - 1), format!("{}-{revision}", epoch - 1), "x".to_owned()] {
                assert_eq!(etag(&server.ofrep_stream(key).last(&id).listen().event("message")), present, "{id}");
            }
            server.flips(1);
            assert_eq!(etag(&back.event("message")), here(&server));
            let after = revision + 1;
            let mut ahead = server.ofrep_stream(key).last(&format!("{epoch}-{}", after + 1)).listen();
            ahead.next_block();
            ahead.heartbeats(2);
            server.flips(1);
            ahead.heartbeats(2);
            server.flips(1);
            assert_eq!(etag(&ahead.event("message")), here(&server));
        }
    }

    fn the_address_is_the_keys_and_nobody_can_make_one(server: Server) {
        let (path, key) = make_key(&server, "client", "");
        let (_, other) = make_key(&server, "client", "");
        let uri = server.ofrep_uri(&key);
        assert!(!uri.contains(&key) && !uri.contains(key.rsplit('_').next().unwrap()), "{uri}");
        assert_ne!(uri, server.ofrep_uri(&other));
        let good = uri.rsplit('/').next().unwrap().to_owned();
        let (selector, secret) = good.split_once('.').unwrap();
        let other = server.ofrep_uri(&other);
        let (other, _) = other.rsplit('/').next().unwrap().split_once('.').unwrap();
        let bad = [changed(&good, 0), changed(&good, good.len() - 1), selector.to_owned(), format!("{selector}."), format!(".{secret}"),
            format!("{other}.{secret}"), format!("{good}.x"), format!("{selector}.{}", secret.to_uppercase()), format!("{selector}.{}", &secret[..62]), "x".repeat(5_000)];
        for bad in bad.iter().filter(|bad| **bad != good) {
            let refused = channel(&server, bad).refused(401);
            assert_eq!(refused.header("content-type"), "application/json", "{bad}: {refused}");
            assert!(refused.at("/errorDetails").is_string(), "{bad}: {refused}");
        }
        // Nothing else is opened by it, and no header makes it better or worse.
        server.holding(&good).get("/api/v1/sdk/snapshot").refused(401, "unauthenticated");
        channel(&server, &good).header("Authorization", "Bearer nonsense").listen().event("message");
        server.owner().delete(&path).expect(200);
        channel(&server, &good).refused(401);
    }

    fn the_address_outlives_restarts_and_is_the_same_in_every_answer(given: Server) {
        let mut server = given;
        let uri = server.ofrep_uri(&server.client_key);
        assert_eq!(uri, server.ofrep_uri(&server.client_key));
        server.stop();
        server.start();
        assert_eq!(uri, server.ofrep_uri(&server.client_key));
        Opening::new(server.origin(), "GET", &uri).listen().event("message");
        assert_eq!(server.ofrep_uri(&server.client_key), uri);
    }

    fn a_date_that_passes_is_told_although_no_revision_does(lively: Lively) {
        let server = lively.0;
        let date = soon();
        make(&server.owner(), r#"{"key": "dated", "clientVisible": true}"#);
        configure(&server.owner(), "dated", &dated_rule("after", date));
        let present = here(&server);
        let mut stream = server.ofrep_stream(&server.client_key).listen();
        let mut back = server.ofrep_stream(&server.client_key).last(&present).listen();
        assert_eq!(etag(&stream.event("message")), present);
        let mut both = [stream.event("message"), back.event("message")];
        eprintln!("FIGURE a date was told of {} after it had passed", jiff::Timestamp::now().duration_since(date));
        for told in &mut both {
            assert_eq!(etag(told), present);
            let at: jiff::Timestamp = told.json()["lastModified"].as_str().unwrap().parse().unwrap();
            assert!(at >= date, "{told:?}");
        }
        assert_eq!(server.evaluate(&server.client_key, "dated", "{}").at("/value"), true);
        stream.heartbeats(2);
        // Who comes later cannot be told by its id whether it knows.
        assert_eq!(etag(&server.ofrep_stream(&server.client_key).last(&present).listen().event("message")), present);
    }

    fn a_key_bound_to_origins_is_listened_to_from_there_only(server: Server) {
        let (_, key) = make_key(&server, "client", r#", "origins": ["https://shop.example"]"#);
        let bulk = server.holding(&key).post("/ofrep/v1/evaluate/flags").header("Origin", "https://shop.example").json("{}");
        let uri = bulk.expect(200).text_at("/eventStreams/0/endpoint/requestUri");
        let opening = Opening::new(server.origin(), "GET", &uri);
        opening.clone().header("Origin", "https://shop.example").listen().event("message");
        let refused = opening.header("Origin", "https://evil.example").refused(403);
        assert!(refused.at("/errorDetails").is_string(), "{refused}");
        server.client_stream(&key, "{}").header("Origin", "https://evil.example").refused(403);
        server.client_stream(&key, "{}").header("Origin", "https://shop.example").listen().event("put");
    }
}

#[test]
fn the_address_is_below_the_base_path_or_the_public_address() {
    let server = Server::with(Home::sqlite(), &[("PENNON_BASE_PATH", "/flags")]);
    let uri = server.ofrep_uri(&server.client_key);
    assert!(uri.starts_with("/flags/ofrep/v1/event-stream/"), "{uri}");
    server.ofrep_stream(&server.client_key).listen().event("message");
    let server = Server::with(Home::sqlite(), &[("PENNON_PUBLIC_URL", "https://flags.example/x")]);
    let bulk = server.holding(&server.client_key).post("/ofrep/v1/evaluate/flags").json("{}").expect(200);
    let url = bulk.text_at("/eventStreams/0/url");
    assert!(url.starts_with("https://flags.example/x/ofrep/v1/event-stream/"), "{url}");
    assert!(bulk.at("/eventStreams/0/endpoint").is_null(), "{bulk}");
    assert_eq!(
        (bulk.at("/eventStreams/0/type"), bulk.at("/eventStreams/0/inactivityDelaySec")),
        ("sse".into(), 120.into())
    );
}

#[test]
fn many_who_listen_are_told_one_after_another() {
    // 40 listeners, and 80 that are asked to come in a second: half a second.
    let server = Server::with(Home::sqlite(), &[("PENNON_REFETCH_RATE", "80")]);
    let opening = server.ofrep_stream(&server.client_key);
    let mut streams: Vec<_> = (0..40).map(|_| opening.listen()).collect();
    for stream in &mut streams {
        stream.event("message");
    }
    server.flips(1);
    let started = Instant::now();
    let mut told = BTreeSet::new();
    while told.len() < streams.len() {
        let before = told.len();
        wait_until("another one is told", || {
            for (number, stream) in streams.iter_mut().enumerate() {
                stream.has_ended();
                if stream.text().matches("event: message").count() > 1 {
                    told.insert(number);
                }
            }
            (told.len() > before).then_some(())
        });
    }
    eprintln!("FIGURE 40 listeners at 80 a second were told within {:?}", started.elapsed());
}

#[test]
fn an_answer_asked_for_with_what_the_stream_told_is_fresh_on_a_node_that_is_behind() {
    // Nothing but the hint can make the second node look: it polls once a minute, and nobody notifies it.
    let first = Server::with(Home::postgres(), &[("PENNON_POLL_INTERVAL", "60s")]);
    let mut second = first.beside("node-2", &[("PENNON_POLL_INTERVAL", "60s")]);
    second.start();
    super::resume::write_past(&first, 1);
    let ask = |query: &str| {
        let path = format!("/ofrep/v1/evaluate/flags{query}");
        second.holding(&second.client_key).post(&path).json(r#"{"context": {}}"#).expect(200)
    };
    let present = here(&second);
    let (epoch, revision) = present.split_once('-').unwrap();
    let next = format!("{epoch}-{}", revision.parse::<i64>().unwrap() + 1);
    ask("");
    assert_eq!(here(&second), present, "nobody has told it");
    let started = Instant::now();
    ask(&format!("?flagConfigEtag={next}"));
    eprintln!("FIGURE a node that was behind answered after {:?}", started.elapsed());
    assert_eq!(here(&second), next, "the hint made it look");
    // A hint that lies, or cannot be read, costs nobody more than a moment.
    for hint in [format!("{epoch}-999999"), "x".to_owned(), "-".to_owned(), "%22%22".to_owned()] {
        let started = Instant::now();
        ask(&format!("?flagConfigEtag={hint}&flagConfigLastModified=2026-01-01T00:00:00Z"));
        eprintln!("FIGURE the hint {hint} was answered after {:?}", started.elapsed());
    }
}
