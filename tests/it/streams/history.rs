//! A failover that lost commits, as listeners see it: they keep what they have, and a new epoch heals them.

use super::Lively;
use super::resume::write_past;
use crate::cli::succeeds;
use crate::outage::wait_for_status;
use crate::refusal::{is_refused, rewind, rewrite};
use crate::support::listening::FLAG;
use crate::support::paths::development;
use crate::support::{Follower, Home, Sent, Server, wait_until};

/// Listeners of rules, of results and of OFREP's word.
struct Listeners {
    rules: Follower,
    results: Follower,
    ofrep: crate::support::Stream,
}

impl Listeners {
    fn of(server: &Server) -> Listeners {
        let mut ofrep = server.ofrep_stream(&server.client_key).listen();
        ofrep.event("message");
        Listeners {
            rules: server.follower(),
            results: Follower::of(server.client_stream(&server.client_key, "{}")),
            ofrep,
        }
    }

    /// Nothing but heartbeats: what was served goes on.
    #[track_caller]
    fn are_told_nothing(&mut self) {
        for stream in [&mut self.rules.stream, &mut self.results.stream, &mut self.ofrep] {
            stream.heartbeats(2);
        }
    }

    /// The whole of the new epoch, then changes again.
    #[track_caller]
    fn are_healed(&mut self, server: &Server) {
        let before = self.rules.epoch();
        for follower in [&mut self.rules, &mut self.results] {
            assert_eq!(follower.step(), Sent::Put);
            assert!(follower.epoch() > before, "{}", follower.id());
        }
        assert_eq!(self.ofrep.event("message").id, self.rules.id());
        assert_eq!(self.rules.document, server.snapshot().json());
    }

    #[track_caller]
    fn reach(&mut self, revision: i64) {
        for follower in [&mut self.rules, &mut self.results] {
            follower.until(revision);
            assert_eq!((follower.puts, follower.openings), (2, 1));
        }
    }
}

/// The last four changes of the sample flag; answers the revision of the first.
fn four_changes(server: &Server) -> i64 {
    let first = server.flip(true);
    server.flip(false);
    server.flip(true);
    server.flip(false);
    first
}

on_both! {
    fn listeners_keep_what_they_have_until_an_operator_begins_a_new_epoch(lively: Lively) {
        let server = lively.0;
        let first = four_changes(&server);
        let mut listeners = Listeners::of(&server);
        let held = listeners.rules.document.clone();
        rewrite(&server, async |tx, id| rewind(tx, id, first).await);
        is_refused(&server);
        listeners.are_told_nothing();
        // A write is stored, but reaches nobody: it is of another history.
        let written = server.owner().post(&development(FLAG, "/off")).expect(200);
        assert_eq!(written.header("x-pennon-applied"), "false", "{written}");
        listeners.are_told_nothing();
        assert_eq!(server.snapshot().json(), held, "who comes now gets the same");
        assert_eq!(server.follower().document, held);
        let mut back = server.stream(&listeners.rules.id()).listen();
        back.next_block();
        back.heartbeats(2);

        let told = succeeds(&server, &["env", "new-epoch", "development", "--reason", "failover"]);
        assert!(told.contains("development"), "{told}");
        wait_for_status(&server, "ready");
        listeners.are_healed(&server);
        assert_eq!(back.event("put").json(), listeners.rules.document);
        let revision = server.flip(true);
        listeners.reach(revision);
        server.holds_the_same(&mut listeners.rules);
    }

    fn who_comes_back_to_a_node_started_on_another_history_gets_what_the_node_holds(lively: Lively) {
        let mut server = lively.0;
        let first = four_changes(&server);
        let early = format!("{}-{first}", server.snapshot().json()["epoch"]);
        let mut present = server.follower();
        assert!(server.stop().success());
        // The last three commits are lost, and others, which changed nothing, took their numbers.
        rewrite(&server, async |tx, id| rewind(tx, id, first).await);
        write_past(&server, 3);
        server.start();
        is_refused(&server);
        assert_eq!(server.snapshot().json(), present.document, "what the disk held is served");
        // The stored changes say that nothing happened since; the node knows better, or says all of it.
        let mut back = server.stream(&early).listen();
        let event = back.next_event().expect("something happened");
        let flag = &event.json()["flags"][FLAG];
        assert_eq!(*flag, present.document["flags"][FLAG], "{event:?}");
        assert_eq!(event.id, present.id());
        present.reconnect();
        present.stream.next_block();
        present.stream.heartbeats(2);
        succeeds(&server, &["env", "new-epoch", "development", "--reason", "failover"]);
        wait_for_status(&server, "ready");
        assert_eq!(present.step(), Sent::Put);
        assert_eq!(back.event("put").json(), present.document);
        server.holds_the_same(&mut present);
    }
}

#[test]
fn a_failover_is_healed_on_every_node_by_one_new_epoch() {
    let heartbeat = [("PENNON_STREAM_HEARTBEAT", "50ms")];
    let first = Server::with(Home::postgres(), &heartbeat);
    let mut second = first.beside("node-2", &heartbeat);
    second.start();
    let nodes = [first, second];
    let lost = four_changes(&nodes[0]);
    wait_until("both nodes have all of it", || {
        (nodes[1].snapshot().json()["revision"] == lost + 3).then_some(())
    });
    let mut all: Vec<Listeners> = nodes.iter().map(Listeners::of).collect();
    rewrite(&nodes[0], async |tx, id| rewind(tx, id, lost).await);
    for (node, listeners) in nodes.iter().zip(&mut all) {
        is_refused(node);
        listeners.are_told_nothing();
    }
    succeeds(&nodes[1], &["env", "new-epoch", "development", "--reason", "failover"]);
    for (node, listeners) in nodes.iter().zip(&mut all) {
        wait_for_status(node, "ready");
        listeners.are_healed(node);
    }
    let revision = nodes[0].flips(1);
    for listeners in &mut all {
        listeners.reach(revision);
    }
}
