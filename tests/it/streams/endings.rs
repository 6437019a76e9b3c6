//! How streams end: the key, the environment, the epoch; and who is not let in at all.

use serde_json::Value;

use super::{Lively, make_key, soon};
use crate::support::paths::project;
use crate::support::{Follower, Home, Opening, Sent, Server, Stream};

/// A stream of each kind that this key may open.
pub fn streams_of(server: &Server, kind: &str, key: &str) -> Vec<Opening> {
    let mut all = vec![server.client_stream(key, "{}"), server.ofrep_stream(key)];
    if kind == "server" {
        all.push(server.stream_with(key));
    }
    all
}

/// Streams of two keys of a kind, of which the first is about to end.
fn witnesses(server: &Server, kind: &str, key: &str) -> (Vec<Opening>, Vec<Stream>, Follower) {
    let openings = streams_of(server, kind, key);
    let mut streams: Vec<_> = openings.iter().map(Opening::listen).collect();
    for stream in &mut streams {
        stream.next_event().expect("the first event");
    }
    (openings, streams, server.follower())
}

/// All have ended because of their key, cannot be opened again, and the other key's goes on.
#[track_caller]
fn ended_by_key(server: &Server, (openings, streams, mut other): (Vec<Opening>, Vec<Stream>, Follower)) {
    for mut stream in streams {
        stream.goodbye("key");
    }
    for opening in openings {
        opening.refused(401);
    }
    let revision = server.flips(1);
    other.until(revision);
    assert_eq!(other.openings, 1, "the other key's stream goes on");
}

/// Hearts that do not beat: what ends a stream is told of by itself.
struct Quiet(Server);

impl From<Home> for Quiet {
    fn from(home: Home) -> Quiet {
        Quiet(Server::with(home, &[("PENNON_STREAM_HEARTBEAT", "10m")]))
    }
}

on_both! {
    fn streams_of_a_revoked_key_end_at_once_and_those_of_others_go_on(quiet: Quiet) {
        let server = quiet.0;
        for kind in ["server", "client"] {
            let (path, key) = make_key(&server, kind, "");
            let witnesses = witnesses(&server, kind, &key);
            server.owner().delete(&path).expect(200);
            ended_by_key(&server, witnesses);
        }
        let ended = "pennon_stream_ended_total{reason=\"key\"}";
        assert!((server.metric(ended) - 5.0).abs() < 0.5, "{}", server.metric(ended));
    }

    fn streams_of_a_rotated_key_live_as_long_as_the_overlap(quiet: Quiet) {
        let server = quiet.0;
        for (overlap, kind) in [(0, "server"), (1, "client")] {
            let (path, key) = make_key(&server, kind, "");
            let witnesses = witnesses(&server, kind, &key);
            let rotated = server.owner().post(&format!("{path}/rotate"));
            let new = rotated.json(&format!(r#"{{"overlapSeconds": {overlap}}}"#)).expect(201).text_at("/secret");
            let mut streams: Vec<_> = streams_of(&server, kind, &new).iter().map(Opening::listen).collect();
            ended_by_key(&server, witnesses);
            for stream in &mut streams {
                assert!(!stream.has_ended(), "the new key's goes on: {stream}");
            }
        }
    }

    fn streams_of_a_key_end_when_it_expires(quiet: Quiet) {
        let server = quiet.0;
        let soon = soon();
        let (_, key) = make_key(&server, "server", &format!(r#", "expiresAt": "{soon}""#));
        let witnesses = witnesses(&server, "server", &key);
        ended_by_key(&server, witnesses);
        assert!(jiff::Timestamp::now() >= soon, "not before its time");
    }

    fn a_new_epoch_comes_as_the_whole_on_every_stream(lively: Lively) {
        let server = lively.0;
        server.flips(3);
        let mut rules = server.follower();
        let mut results = Follower::of(server.client_stream(&server.client_key, "{}"));
        let mut ofrep = server.ofrep_stream(&server.client_key).listen();
        ofrep.event("message");
        let (old, epoch) = (rules.id(), rules.epoch());
        let path = project("/environments/development/new-epoch");
        let new = server.owner().post(&path).if_match(1).reason("r").json("{}").expect(200);
        for follower in [&mut rules, &mut results] {
            assert_eq!(follower.step(), Sent::Put);
            assert_eq!((follower.epoch(), follower.revision()), (new.number_at("/epoch"), new.number_at("/revision")));
            assert!(follower.epoch() > epoch);
        }
        assert_eq!(rules.document, server.snapshot().json());
        let told = ofrep.event("message");
        assert_eq!((told.json()["etag"].clone(), &told.id), (Value::from(rules.id()), &rules.id()));
        // Who comes from the old one gets the whole, too; from there on, patches.
        assert_eq!(server.stream(&old).listen().event("put").json(), rules.document);
        let revision = server.flips(1);
        for follower in [&mut rules, &mut results] {
            follower.until(revision);
            assert_eq!((follower.puts, follower.patches), (2, 1));
        }
    }

    fn the_wrong_key_opens_no_stream(server: Server) {
        let rules = |key: &str| server.stream_with(key);
        let results = |key: &str| server.client_stream(key, "{}");
        let refused = |opening: &Opening, status: u16, code: &str| {
            let refused = opening.refused(status);
            assert_eq!(refused.header("content-type"), "application/problem+json", "{refused}");
            assert_eq!(refused.at("/code"), code, "{refused}");
        };
        refused(&rules(&server.client_key), 403, "wrong_key_kind");
        for opening in [rules(&server.token), results(&server.token)] {
            refused(&opening, 403, "wrong_key_kind");
        }
        server.holding(&server.client_key).get("/api/v1/sdk/snapshot").refused(403, "wrong_key_kind");
        let wrong = crate::outage::wrong_secret(&server.server_key);
        for key in ["nonsense", &wrong] {
            for opening in [rules(key), results(key)] {
                refused(&opening, 401, "unauthenticated");
            }
        }
        refused(&server.stream("").header("Authorization", ""), 401, "unauthenticated");
        server.stream("").header("Authorization", "").header("X-API-Key", &server.server_key).listen().event("put");
        results(&server.server_key).listen().event("put");
        assert!((server.metric("pennon_stream_opened_total") - 2.0).abs() < 0.5, "nobody else was let in");
    }
}
