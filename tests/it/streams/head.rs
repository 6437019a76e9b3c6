//! What comes first and what comes when nothing happens: the head, the greeting, heartbeats; the snapshot beside them.

use std::io::Read as _;
use std::time::Instant;

use super::Lively;
use crate::support::listening::FLAG;
use crate::support::paths::{configure, make};
use crate::support::{Home, Opening, Server, Stream, wait_until};

/// Each kind of stream, by a client that would take everything compressed.
fn all_kinds(server: &Server) -> [(&'static str, Opening); 3] {
    [
        ("rules", server.stream("")),
        ("results", server.client_stream(&server.client_key, "{}")),
        ("ofrep", server.ofrep_stream(&server.client_key)),
    ]
    .map(|(kind, opening)| {
        (kind, opening.header("Accept-Encoding", "gzip, br").header("Origin", "https://shop.example"))
    })
}

fn head(stream: &Stream) -> Vec<String> {
    let changes = ["date", "x-request-id"];
    let headers = stream.headers.iter().filter(|(name, _)| !changes.contains(&name.as_str()));
    let mut lines: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    lines.sort();
    lines
}

#[test]
fn the_head_of_a_stream_lets_no_proxy_hold_compress_or_keep_it() {
    let server = Server::on(Home::sqlite());
    for (kind, opening) in all_kinds(&server) {
        let stream = opening.listen();
        let want = [
            "access-control-allow-origin: *",
            "access-control-expose-headers: etag,retry-after,x-pennon-revision,x-pennon-applied,x-request-id",
            "cache-control: no-store, no-transform",
            "content-type: text/event-stream",
            "transfer-encoding: chunked",
            "x-accel-buffering: no",
            "x-content-type-options: nosniff",
        ];
        assert_eq!(head(&stream), want, "{kind}");
    }
}

#[test]
fn what_a_client_tells_of_itself_and_a_request_for_the_head_alone_do_no_harm() {
    let server = Server::on(Home::sqlite());
    let path = "/api/v1/sdk/stream?instanceId=pod-1&sdk=x&sdkVersion=1.0&label.zone=a%20b&unknown=1";
    let key = format!("Bearer {}", server.server_key);
    let opening =
        |method: &str, path: &str| Opening::new(&server.address, method, path).header("Authorization", &key);
    opening("GET", path).listen().event("put");
    for path in ["/api/v1/sdk/stream", "/api/v1/sdk/snapshot", &server.ofrep_uri(&server.client_key)] {
        let head = opening("HEAD", path).open();
        assert!(matches!(head.status, 200 | 405), "{head}");
    }
    wait_until("nobody has a place who reads nothing", || (server.open_streams("") < 0.5).then_some(()));
}

#[test]
fn a_listener_is_greeted_at_once_and_told_another_time_to_come_back_each_time() {
    let server = Server::with(Home::sqlite(), &[("PENNON_STREAM_RETRY", "1s")]);
    for (kind, opening) in all_kinds(&server) {
        let mut told = Vec::new();
        for _ in 0..8 {
            let mut stream = opening.listen();
            let greeting = stream.next_block().expect("a greeting");
            assert_eq!(greeting.comments, ["default/development"], "{kind}");
            assert!(!greeting.is_event(), "{kind}: {greeting:?}");
            let retry = greeting.retry.expect("when to come back");
            assert!((500..=1_500).contains(&retry), "{kind}: {retry}");
            told.push(retry);
        }
        told.dedup();
        assert!(told.len() > 1, "{kind}: not all at the same moment: {told:?}");
    }
}

#[test]
fn heartbeats_come_when_nothing_happens_and_go_on_after_something_did() {
    let server = Lively::from(Home::sqlite()).0;
    for (kind, opening) in all_kinds(&server) {
        let first = if kind == "ofrep" { "message" } else { "put" };
        let mut stream = opening.listen();
        stream.event(first);
        let started = Instant::now();
        stream.heartbeats(5);
        eprintln!("FIGURE five heartbeats of 50 ms on {kind} came within {:?}", started.elapsed());
        assert!(stream.text().ends_with(": heartbeat\n\n"), "{stream}");
        let revision = server.flips(1);
        let change = stream.next_event().expect("a change");
        assert!(change.id.ends_with(&format!("-{revision}")), "{kind}: {change:?}");
        stream.heartbeats(3);
    }
    assert!(server.metric("pennon_stream_events_total{event=\"heartbeat\"}") >= 24.0);
}

on_both! {
    fn the_snapshot_is_tagged_compressed_and_the_same_as_the_put(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "price", "type": "number", "variants": {"old": 3.0, "new": 1e2}}"#);
        configure(&owner, "price", r#"{"enabled": true, "fallthrough": {"variant": "old"}}"#);
        let snapshot = server.snapshot();
        let document = snapshot.json();
        assert_eq!(snapshot.header("content-type"), "application/json");
        assert_eq!(snapshot.header("etag"), format!("\"{}-{}\"", document["epoch"], document["revision"]));
        assert_eq!((&document["schemaVersion"], &document["project"], &document["environment"]),
            (&1.into(), &"default".into(), &"development".into()));
        assert!(snapshot.text().contains("3.0") && snapshot.text().contains("1e2"), "numbers as they were written: {snapshot}");
        // The stream has the same bytes.
        let mut stream = server.stream("").listen();
        assert_eq!(stream.event("put").data, Some(snapshot.text()));

        let asked = |headers: &[(&str, &str)]| {
            let mut call = server.holding(&server.server_key).get("/api/v1/sdk/snapshot");
            for (name, value) in headers {
                call = call.header(name, value);
            }
            call.send()
        };
        let tag = snapshot.header("etag");
        for known in [tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
            let unchanged = asked(&[("If-None-Match", known)]);
            assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, tag), "{unchanged}");
        }
        let compressed = asked(&[("Accept-Encoding", "gzip")]);
        assert_eq!(compressed.header("content-encoding"), "gzip", "{compressed}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&compressed.body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, snapshot.text());
        server.flips(1);
        let changed = asked(&[("If-None-Match", tag)]);
        assert_eq!(changed.status, 200, "{changed}");
        assert_ne!(changed.header("etag"), tag);
        assert_eq!(changed.at(&format!("/flags/{FLAG}/enabled")), true, "{changed}");
    }
}

#[test]
fn a_short_session_reads_well() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    for (found, instead) in [
        (r"\b\d{13}\b", "[epoch]"),
        (r"retry: \d+", "retry: [ms]"),
        (r#""reconnectAfterMs":\d+"#, r#""reconnectAfterMs":[ms]"#),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[time]"),
        (r"(: heartbeat\n\n)+", ": heartbeat\n\n"),
    ] {
        settings.add_filter(found, instead);
    }
    let mut server = Lively::from(Home::sqlite()).0;
    let mut streams = all_kinds(&server).map(|(kind, opening)| (kind, opening.listen()));
    for (_, stream) in &mut streams {
        stream.next_event().expect("the first event");
        stream.heartbeats(1);
    }
    server.flip(true);
    for (_, stream) in &mut streams {
        stream.next_event().expect("the change");
        stream.heartbeats(1);
    }
    assert!(server.stop().success());
    settings.bind(|| {
        for (kind, stream) in &mut streams {
            stream.goodbye("draining");
            insta::assert_snapshot!(format!("stream_of_{kind}"), stream.text());
        }
    });
}
