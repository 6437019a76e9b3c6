//! What a node refuses to who wants too many streams, and what goes on meanwhile.

use crate::support::{Home, Opening, Server, Stream, wait_until};

/// Refused for now, and told when to come back.
#[track_caller]
fn come_back(opening: &Opening, status: u16, code: &str) -> u32 {
    let refused = opening.refused(status);
    let seconds: u32 =
        refused.header("retry-after").parse().unwrap_or_else(|_| panic!("no Retry-After: {refused}"));
    assert!((1..=5).contains(&seconds), "{refused}");
    if code.is_empty() {
        assert_eq!(refused.header("content-type"), "application/json", "{refused}");
        assert!(refused.at("/errorDetails").is_string(), "{refused}");
    } else {
        assert_eq!(refused.header("content-type"), "application/problem+json", "{refused}");
        assert_eq!(refused.at("/code"), code, "{refused}");
    }
    seconds
}

fn wait_for_streams(server: &Server, kind: &str, number: f64) {
    wait_until("so many streams are open", || {
        ((server.open_streams(kind) - number).abs() < 0.5).then_some(())
    });
}

fn counted(server: &Server, series: &str, number: f64) {
    let told = server.metric(series);
    assert!((told - number).abs() < 0.5, "{series} is {told}, not {number}");
}

#[test]
fn streams_beyond_the_limit_are_refused_until_one_ends() {
    let server = Server::with(Home::sqlite(), &[("PENNON_MAX_STREAMS", "3")]);
    let kinds = [
        (server.stream(""), "too_many_streams"),
        (server.client_stream(&server.client_key, "{}"), "too_many_streams"),
        (server.ofrep_stream(&server.client_key), ""),
    ];
    let mut open: Vec<Stream> = kinds.iter().map(|(opening, _)| opening.listen()).collect();
    for kind in ["server", "client", "ofrep"] {
        wait_for_streams(&server, kind, 1.0);
    }
    let mut told = Vec::new();
    for (opening, code) in &kinds {
        told.extend((0..8).map(|_| come_back(opening, 503, code)));
    }
    told.sort_unstable();
    told.dedup();
    assert!(told.len() > 1, "not all at the same moment: {told:?}");
    counted(&server, "pennon_stream_refused_total{reason=\"full\"}", 24.0);
    // What needs no place goes on.
    let snapshot = server.snapshot();
    let revision = server.flips(1);
    let call = server.holding(&server.server_key).get("/api/v1/sdk/snapshot");
    assert_eq!(
        call.header("If-None-Match", snapshot.header("etag")).expect(200).number_at("/revision"),
        revision
    );
    // Those who are in hear of it, and a place that is left can be taken.
    for stream in &mut open {
        stream.next_event().expect("the first event");
        stream.next_event().expect("the change");
    }
    for (number, (opening, _)) in kinds.iter().enumerate() {
        open.remove(0);
        open.push(wait_until("the place is free", || {
            Some(opening.open()).filter(|stream| stream.status == 200)
        }));
        wait_for_streams(&server, "", 3.0);
        counted(
            &server,
            "pennon_stream_ended_total{reason=\"client\"}",
            f64::from(u32::try_from(number).unwrap() + 1),
        );
    }
    counted(&server, "pennon_stream_opened_total", 6.0);
    drop(open);
    wait_for_streams(&server, "", 0.0);
    counted(&server, "pennon_stream_ended_total", 6.0);
}

#[test]
fn a_server_that_is_to_have_no_streams_has_none() {
    let server = Server::with(Home::sqlite(), &[("PENNON_MAX_STREAMS", "0")]);
    come_back(&server.stream(""), 503, "too_many_streams");
    server.stream_with("nonsense").refused(401);
    server.stream_with(&server.client_key).refused(403);
    server.snapshot();
}

#[test]
fn a_client_key_has_so_many_streams_from_one_address_and_others_have_their_own() {
    let variables =
        [("PENNON_CLIENT_KEY_STREAMS_PER_ADDRESS", "2"), ("PENNON_TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::with(Home::sqlite(), &variables);
    let results = server.client_stream(&server.client_key, "{}");
    let ofrep = server.ofrep_stream(&server.client_key);
    let open = (results.listen(), ofrep.listen());
    come_back(&results, 429, "rate_limited");
    come_back(&ofrep, 429, "");
    counted(&server, "pennon_stream_refused_total{reason=\"address\"}", 2.0);
    let (_, other) = super::make_key(&server, "client", "");
    let _theirs = server.client_stream(&other, "{}").listen();
    let elsewhere = results.clone().header("X-Forwarded-For", "203.0.113.9");
    let _elsewhere = [elsewhere.listen(), elsewhere.listen()];
    come_back(&elsewhere, 429, "rate_limited");
    // A server key is not public: it is not counted.
    let _many: Vec<Stream> = (0..5).map(|_| server.stream("").listen()).collect();
    drop(open);
    for opening in [&results, &ofrep] {
        wait_until("the place is free", || (opening.open().status == 200).then_some(()));
    }
}

#[test]
fn more_than_so_many_a_second_are_asked_to_come_back() {
    let server = Server::with(Home::sqlite(), &[("PENNON_STREAM_OPENS_PER_SECOND", "5")]);
    let (mut open, mut refused) = (Vec::new(), 0);
    while refused < 10 {
        let stream = server.stream("").open();
        match stream.status {
            200 => open.push(stream),
            503 => refused += 1,
            _ => panic!("{stream}"),
        }
    }
    assert!(open.len() >= 5, "a second's worth may come at once: {}", open.len());
    come_back(&server.stream(""), 503, "too_many_streams");
    counted(&server, "pennon_stream_refused_total{reason=\"herd\"}", 11.0);
    server.snapshot();
    open.push(wait_until("they may come back", || {
        Some(server.stream("").open()).filter(|stream| stream.status == 200)
    }));
    // The refused have taken no place.
    wait_for_streams(&server, "server", f64::from(u32::try_from(open.len()).unwrap()));
    let revision = server.flips(1);
    for stream in &mut open {
        stream.event("put");
        assert_eq!(stream.next_event().unwrap().json()["revision"], revision);
    }
}
