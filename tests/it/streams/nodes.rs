//! Streams of several nodes on one Postgres: a change through any of them is on all of them, whatever is lost on the way.

use std::time::Instant;

use super::make_key;
use super::resume::write_past;
use crate::support::home::block_on;
use crate::support::listening::FLAG;
use crate::support::paths::project;
use crate::support::{Cluster, Follower, Home, Opening, Server, wait_until};

/// Two nodes on a home.
fn pair(home: Home, variables: &[(&str, &str)]) -> [Server; 2] {
    let first = Server::with(home, variables);
    let mut second = first.beside("node-2", variables);
    second.start();
    [first, second]
}

/// A follower of rules and one of results, on each node.
fn followers(nodes: &[Server; 2]) -> Vec<Follower> {
    let of = |node: &Server| [node.follower(), Follower::of(node.client_stream(&node.client_key, "{}"))];
    nodes.iter().flat_map(of).collect()
}

/// Everybody comes to this revision over the stream that was opened first.
#[track_caller]
fn all_reach(followers: &mut [Follower], revision: i64) {
    for follower in followers.iter_mut() {
        follower.until(revision);
        assert_eq!((follower.puts, follower.openings), (1, 1), "nothing was lost, and no stream");
    }
}

/// The process ids of the connections that listen.
fn listeners(home: &Home) -> Vec<u32> {
    block_on(async {
        let db = home.open().await;
        let sql = "SELECT CAST(pid AS BIGINT) AS pid FROM pg_stat_activity \
                   WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let rows = db.fetch_all(sql, &[]).await.unwrap();
        db.close().await;
        rows.iter().map(|row| u32::try_from(row.int("pid").unwrap()).unwrap()).collect()
    })
}

fn terminate_listeners(home: &Home) {
    block_on(async {
        let db = home.open().await;
        let sql = "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity \
                   WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        db.fetch_all(sql, &[]).await.unwrap();
        db.close().await;
    });
}

#[test]
fn a_change_through_one_node_is_on_the_streams_of_all() {
    // A minute is far above what the test waits: only notifications can be the reason.
    let nodes = pair(Home::postgres(), &[("PENNON_POLL_INTERVAL", "60s")]);
    wait_until("both listen", || (listeners(&nodes[0].home).len() == 2).then_some(()));
    let mut followers = followers(&nodes);
    let mut ofrep = nodes[1].ofrep_stream(&nodes[1].client_key).listen();
    ofrep.event("message");
    for number in 0..6 {
        let started = Instant::now();
        let revision = nodes[number % 2].flip(number % 2 == 0);
        all_reach(&mut followers, revision);
        eprintln!("FIGURE four streams on two nodes had a change {:?} after it was begun", started.elapsed());
        assert!(ofrep.event("message").id.ends_with(&format!("-{revision}")));
    }
    nodes[1].holds_the_same(&mut followers[0]);
    nodes[0].holds_the_same(&mut followers[2]);
    assert_eq!(
        nodes[0].ofrep_uri(&nodes[0].client_key),
        nodes[1].ofrep_uri(&nodes[0].client_key),
        "whichever node it is"
    );
    // A key made here opens streams there; revoked here, they end there.
    let (path, key) = make_key(&nodes[0], "server", "");
    let mut there = Follower::of(nodes[1].stream_with(&key));
    there.until(followers[0].revision());
    nodes[0].owner().delete(&path).expect(200);
    there.stream.goodbye("key");
    nodes[1].stream_with(&key).refused(401);
}

#[test]
fn a_new_environment_is_listened_to_on_the_other_node_at_once() {
    let nodes = pair(Home::postgres(), &[]);
    let owner = nodes[0].owner();
    for number in 0..5 {
        let environment = format!("staging-{number}");
        owner.post(&project("/environments")).json(&format!(r#"{{"key": "{environment}"}}"#)).expect(201);
        let body = format!(r#"{{"kind": "server", "name": "s", "environment": "{environment}"}}"#);
        let key = owner.post(&project("/keys")).json(&body).expect(201).text_at("/secret");
        let mut follower = Follower::of(nodes[1].stream_with(&key));
        assert_eq!(follower.document["environment"], environment);
        let path = project(&format!("/flags/{FLAG}/environments/{environment}/on"));
        let revision = owner.post(&path).header("If-Match", "*").expect(200).revision();
        follower.until(revision);
        let path = project(&format!("/environments/{environment}"));
        owner.delete(&path).if_match(1).expect(200);
        follower.stream.goodbye("environment");
    }
}

#[test]
fn a_change_made_while_nobody_listens_is_on_every_stream() {
    let nodes = pair(Home::postgres(), &[("PENNON_POLL_INTERVAL", "60s")]);
    wait_until("both listen", || (listeners(&nodes[0].home).len() == 2).then_some(()));
    let mut followers = followers(&nodes);
    for number in 0..3 {
        terminate_listeners(&nodes[0].home);
        // Nobody listens, or the listener is just coming back: either way the change is not missed.
        let revision = nodes[number % 2].flips(1);
        let started = Instant::now();
        all_reach(&mut followers, revision);
        eprintln!("FIGURE a change made while nobody listened took {:?}", started.elapsed());
        wait_until("both listen again", || (listeners(&nodes[0].home).len() == 2).then_some(()));
    }
}

#[test]
fn a_change_that_nobody_was_told_of_is_on_every_stream() {
    let nodes = pair(Home::postgres(), &[]);
    let mut followers = followers(&nodes);
    let before = followers[0].revision();
    write_past(&nodes[0], 3);
    all_reach(&mut followers, before + 3);
    let revision = nodes[1].flips(2);
    all_reach(&mut followers, revision);
    nodes[0].holds_the_same(&mut followers[2]);
}

#[test]
fn a_listener_that_is_silent_but_not_dead_is_made_up_for_by_the_poll() {
    // A cluster of its own: its processes are on this machine, and nobody else's.
    let cluster = Cluster::start("silent-listener");
    let nodes = pair(cluster.home(), &[]);
    wait_until("both listen", || (listeners(&nodes[0].home).len() == 2).then_some(()));
    let mut followers = followers(&nodes);
    let stopped = listeners(&nodes[0].home);
    for pid in &stopped {
        crate::support::server::send_signal(*pid, "STOP");
    }
    for number in 0..4 {
        let started = Instant::now();
        let revision = nodes[number % 2].flips(1);
        all_reach(&mut followers, revision);
        eprintln!("FIGURE a change past silent listeners, polled every 100 ms, took {:?}", started.elapsed());
    }
    for node in &nodes {
        assert_eq!(crate::outage::health(node).at("/status"), "ready", "nothing is wrong with the node");
    }
    for pid in &stopped {
        crate::support::server::send_signal(*pid, "CONT");
    }
    let revision = nodes[0].flips(1);
    all_reach(&mut followers, revision);
}

#[test]
fn writers_on_both_nodes_are_followed_without_a_gap() {
    let nodes = pair(Home::postgres(), &[]);
    let mut followers = followers(&nodes);
    std::thread::scope(|scope| {
        for node in &nodes {
            for writer in 0..2 {
                let name = format!("{}_{writer}", node.pid());
                scope.spawn(move || {
                    crate::support::paths::make(&node.owner(), &format!(r#"{{"key": "f_{name}"}}"#));
                    for number in 0..25 {
                        let body = format!(r#"{{"enabled": {}}}"#, number % 2 == 0);
                        crate::support::paths::configure(&node.owner(), &format!("f_{name}"), &body);
                    }
                });
            }
        }
    });
    let revision = nodes[0].flips(1);
    all_reach(&mut followers, revision);
    let patches: Vec<usize> = followers.iter().map(|follower| follower.patches).collect();
    eprintln!("FIGURE {revision} revisions of four writers came as {patches:?} patches");
    for (at, node) in [(0, 1), (2, 0)] {
        nodes[node].holds_the_same(&mut followers[at]);
    }
}

#[test]
fn the_address_of_a_key_made_on_one_node_is_good_on_the_other_at_once() {
    let [first, second] = pair(Home::postgres(), &[("PENNON_POLL_INTERVAL", "60s")]);
    for _ in 0..10 {
        let (_, key) = make_key(&first, "client", "");
        let uri = first.ofrep_uri(&key);
        // The other node hears of it by a notification, or asks when the stream is opened: whichever is first.
        Opening::new(second.origin(), "GET", &uri).listen().event("message");
    }
    let made_up = first.ofrep_uri(&first.client_key).replace("event-stream/", "event-stream/x");
    let rounds = || second.metric("pennon_sync_rounds_total");
    let before = rounds();
    for _ in 0..20 {
        Opening::new(second.origin(), "GET", &made_up).refused(401);
    }
    assert!(rounds() - before < 2.0, "who makes an address up does not make the node ask its database");
}
