//! Coming back with the id of the last event: nothing, one patch, a put, or a wait, depending on where the node stands.

use pennon::store::Arg;

use crate::support::home::block_on;
use crate::support::listening::changed;
use crate::support::paths::make;
use crate::support::{Follower, Home, Sent, Server, wait_until};

use super::Lively;

/// Writes so many revisions of `development`, of which none changes a document, past the server.
pub fn write_past(server: &Server, number: i64) {
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT)) \
        INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
        SELECT 'past-' || CAST(e.revision + n.i AS TEXT), e.id, e.epoch, e.revision + n.i, 0, 'environment', e.key, NULL, 0 \
        FROM n, environment e WHERE e.key = 'development'";
    let update = "UPDATE environment SET revision = revision + CAST($1 AS BIGINT) WHERE key = 'development'";
    block_on(async {
        let db = server.home.open().await;
        let mut tx = db.begin().await.unwrap();
        for sql in [insert, update] {
            tx.execute(sql, &[Arg::Int(number)]).await.unwrap();
        }
        tx.commit().await.unwrap();
        db.close().await;
    });
}

on_both! {
    fn who_holds_the_present_hears_nothing_but_heartbeats_until_it_changes(lively: Lively) {
        let server = lively.0;
        server.flips(3);
        let mut follower = server.follower();
        follower.reconnect();
        assert_eq!(follower.stream.next_block().unwrap().comments, ["default/development"]);
        follower.stream.heartbeats(4);
        server.flips(1);
        server.holds_the_same(&mut follower);
        assert_eq!((follower.puts, follower.patches), (1, 1));
    }

    fn who_was_away_gets_all_of_it_as_one_patch(lively: Lively) {
        let server = lively.0;
        let mut follower = server.follower();
        let from = follower.revision();
        for number in 0..5 {
            make(&server.owner(), &format!(r#"{{"key": "f{number}"}}"#));
        }
        server.flips(7);
        follower.reconnect();
        assert_eq!(follower.step(), Sent::Patch);
        assert_eq!((follower.last["from"].as_i64(), follower.revision()), (Some(from), from + 12));
        assert_eq!(changed(&follower.last, "flags").len(), 6, "each document once: {}", follower.last);
        assert_eq!(follower.document, server.snapshot().json());
        follower.stream.heartbeats(2);
    }

    fn an_id_that_nobody_wrote_or_that_is_of_an_older_epoch_begins_anew(lively: Lively) {
        let server = lively.0;
        server.flips(4);
        let snapshot = server.snapshot().json();
        let (epoch, revision) = (snapshot["epoch"].as_i64().unwrap(), snapshot["revision"].as_i64().unwrap());
        let ids = ["x".to_owned(), "-".to_owned(), revision.to_string(), format!("{epoch}-"), format!("-{revision}"),
            format!("{epoch}-{revision}-1"), format!("{epoch}--1"), format!("+{epoch}-{revision}"), format!("{epoch}-99999999999999999999"),
            format!("{}-{revision}", epoch - 1), format!("{}-{}", epoch - 1, revision + 10), format!("0-{revision}"), "a".repeat(10_000), "0".repeat(10_000)];
        for id in ids {
            let mut stream = server.stream(&id).listen();
            let put = stream.event("put");
            assert_eq!(put.json(), snapshot, "{id}");
            stream.heartbeats(1);
        }
    }

    fn who_was_away_for_longer_than_changes_are_kept_begins_anew(lively: Lively) {
        let server = lively.0;
        let mut follower = server.follower();
        let first = follower.revision();
        write_past(&server, 1_200);
        // More than the node takes one by one: it reads everything, and cannot tell what happened before.
        follower.until(first + 1_200);
        assert_eq!(follower.puts, 2, "an open stream gets the whole, too");
        let mut late = server.stream(&format!("{}-{first}", follower.epoch())).listen();
        assert_eq!(late.event("put").json(), server.snapshot().json());
        // From there on, it is told again.
        let here = follower.id();
        let revision = server.flips(3);
        let mut back = server.stream(&here).listen();
        assert_eq!(back.event("patch").json()["revision"], revision);
    }

    fn who_is_ahead_of_the_node_waits_for_it(lively: Lively) {
        let server = lively.0;
        let snapshot = server.snapshot().json();
        let here = snapshot["revision"].as_i64().unwrap();
        let epoch = &snapshot["epoch"];
        let mut ahead = server.stream(&format!("{epoch}-{}", here + 3)).listen();
        ahead.next_block();
        ahead.heartbeats(3);
        for revision in here + 1..=here + 3 {
            assert_eq!(server.flips(1), revision);
            ahead.heartbeats(2);
        }
        server.flips(1);
        let patch = ahead.event("patch").json();
        assert_eq!((patch["from"].as_i64(), patch["revision"].as_i64()), (Some(here + 3), Some(here + 4)));
    }
}

#[test]
fn a_client_that_comes_from_a_node_ahead_makes_this_one_look_and_hears_nothing_twice() {
    // Nothing but the client can make the second node look: it polls once a minute, and nobody notifies it.
    let variables = [("PENNON_STREAM_HEARTBEAT", "50ms"), ("PENNON_POLL_INTERVAL", "60s")];
    let first = Server::with(Home::postgres(), &variables);
    let mut second = first.beside("node-2", &variables);
    second.start();
    let mut follower = first.follower();
    let mut ofrep = first.ofrep_stream(&first.client_key).listen();
    ofrep.event("message");
    let (epoch, before) = (follower.epoch(), follower.revision());
    write_past(&first, 2);
    // The first node is told by a hint.
    let ahead = format!("{epoch}-{}", before + 2);
    let path = format!("/ofrep/v1/evaluate/flags?flagConfigEtag={ahead}");
    first.holding(&first.client_key).post(&path).json("{}").expect(200);
    follower.until(before + 2);
    assert_eq!(second.snapshot().json()["revision"], before, "the second node is behind");
    // Its client goes over to the second node, and so does one of OFREP.
    follower.reconnect_at(&second.address);
    let mut moved = second.ofrep_stream(&second.client_key).last(&ahead).listen();
    wait_until("the second node has caught up", || {
        (second.snapshot().json()["revision"] == before + 2).then_some(())
    });
    for stream in [&mut follower.stream, &mut moved] {
        assert_eq!(stream.next_block().unwrap().comments, ["default/development"]);
        stream.heartbeats(3);
    }
    let last = second.flips(1);
    follower.until(last);
    assert_eq!((follower.puts, follower.patches), (1, 2));
    assert_eq!(moved.event("message").id, format!("{epoch}-{last}"));
    assert_eq!(follower.document, second.snapshot().json());
}

#[test]
fn a_follower_of_results_begins_anew_whatever_it_says() {
    let server = Server::on(Home::sqlite());
    let mut follower = Follower::of(server.client_stream(&server.client_key, "{}"));
    follower.reconnect();
    assert_eq!(follower.step(), Sent::Put);
}
