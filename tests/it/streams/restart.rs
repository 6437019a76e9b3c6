//! Coming back to a node that was started again: what was missed is told as if it had never stopped.

use pennon::store::Arg;

use super::Lively;
use crate::support::Server;
use crate::support::home::block_on;
use crate::support::paths::make;

/// Forgets changes of `development` up to a revision, as pruning does.
fn prune(server: &Server, revision: i64) {
    block_on(async {
        let db = server.home.open().await;
        let mut tx = db.begin().await.unwrap();
        tx.execute("DELETE FROM change WHERE revision <= $1", &[Arg::Int(revision)]).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    });
}

on_both! {
    fn what_was_missed_across_a_restart_is_read_from_the_database(lively: Lively) {
        let mut server = lively.0;
        let mut follower = server.follower();
        let mut early = server.follower();
        make(&server.owner(), r#"{"key": "before"}"#);
        server.holds_the_same(&mut follower);
        let mut present = server.follower();
        assert!(server.stop().success());
        server.start();
        // Nothing was missed, one change, and all of them.
        present.reconnect();
        present.stream.next_block();
        present.stream.heartbeats(2);
        let revision = server.flips(2);
        for (follower, what) in [(&mut present, "nothing"), (&mut follower, "one"), (&mut early, "two")] {
            if what != "nothing" {
                follower.reconnect();
            }
            follower.until(revision);
            assert_eq!((follower.puts, &follower.document), (1, &server.snapshot().json()), "{what}");
        }
        // Killed, it is the same.
        server.kill();
        server.start();
        follower.reconnect();
        server.flips(1);
        server.holds_the_same(&mut follower);
        assert_eq!(follower.puts, 1);
        // What was pruned meanwhile cannot be told.
        let id = follower.id();
        let revision = server.flips(2);
        assert!(server.stop().success());
        prune(&server, revision - 1);
        server.start();
        let mut late = server.stream(&id).listen();
        assert_eq!(late.event("put").json(), server.snapshot().json());
    }
}
