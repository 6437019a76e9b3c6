//! Several nodes on one Postgres: what one does, all serve; whatever is lost on the way, the poll finds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pennon::store::Db;

use crate::outage::unknown_key;
use crate::support::home::block_on;
use crate::support::{Books, Home, Server, wait_until};

const FLAG: &str = "new_checkout_flow";
const CONFIGURATION: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development";

fn pair(variables: &[(&str, &str)]) -> (Server, Server) {
    let first = Server::with(Home::postgres(), variables);
    let mut second = first.beside("node-2", variables);
    second.start();
    (first, second)
}

fn flip(server: &Server, action: &str) {
    server.owner().post(&format!("{CONFIGURATION}/{action}")).header("If-Match", "*").expect(200);
}

fn serves(server: &Server, value: bool) -> Option<()> {
    (server.evaluate(&server.server_key, FLAG, "{}").at("/value") == value).then_some(())
}

fn in_database<T>(home: &Home, act: impl AsyncFnOnce(&Db) -> T) -> T {
    block_on(async {
        let db = home.open().await;
        let done = act(&db).await;
        db.close().await;
        done
    })
}

fn listeners(home: &Home) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    in_database(home, async |db| db.fetch_optional(sql, &[]).await.unwrap().unwrap().int("n").unwrap())
}

#[test]
fn nodes_that_start_together_on_an_empty_database_do_one_first_run() {
    let first = Server::not_started(Home::postgres(), &[]);
    let (second, third) = (first.beside("node-2", &[]), first.beside("node-3", &[]));
    let mut nodes = [first, second, third];
    for node in &mut nodes {
        node.launch();
    }
    for node in &mut nodes {
        node.wait_until_ready();
    }
    let first: Vec<&Server> =
        nodes.iter().filter(|node| node.directory.join("bootstrap.json").exists()).collect();
    assert_eq!(first.len(), 1, "how many did the first run");
    for node in &nodes {
        let answer = node.evaluate(&first[0].server_key, FLAG, "{}");
        assert_eq!(answer.status, 200, "{answer}");
        node.holding(&first[0].token).get("/api/v1/whoami").expect(200);
    }
    let books = Books::checked(&nodes[0].home);
    assert_eq!(books.audited("project.create", "default"), 1);
}

#[test]
fn a_change_through_one_node_is_evaluated_by_the_other() {
    let (first, second) = pair(&[]);
    for action in ["on", "off", "on", "off"] {
        let (writer, reader) = if action == "on" { (&first, &second) } else { (&second, &first) };
        flip(writer, action);
        assert!(serves(writer, action == "on").is_some(), "the writer's own node serves it when it answers");
        let started = Instant::now();
        wait_until("the other node serves it", || serves(reader, action == "on"));
        eprintln!("FIGURE the other node served a change after {:?}", started.elapsed());
    }
}

#[test]
fn a_notification_alone_carries_a_change_and_a_lost_listener_comes_back() {
    // A minute is far above what the test waits: only notifications can be the reason.
    let (first, second) = pair(&[("PENNON_POLL_INTERVAL", "60s")]);
    wait_until("both listen", || (listeners(&first.home) == 2).then_some(()));
    flip(&first, "on");
    let started = Instant::now();
    wait_until("the other node serves it", || serves(&second, true));
    eprintln!("FIGURE a notification alone took {:?}", started.elapsed());
    let sql = "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    in_database(&first.home, async |db| db.fetch_all(sql, &[]).await.unwrap());
    // Nobody listens, or the listener is just coming back: either way the change is not missed.
    flip(&first, "off");
    let started = Instant::now();
    wait_until("the other node serves it all the same", || serves(&second, false));
    eprintln!("FIGURE a change made while nobody listened took {:?}", started.elapsed());
    wait_until("both listen again", || (listeners(&first.home) == 2).then_some(()));
    flip(&first, "on");
    wait_until("the other node serves it", || serves(&second, true));
}

#[test]
fn a_change_that_nobody_was_told_of_is_found_by_the_poll() {
    let (first, second) = pair(&[]);
    // Written past the server, without a notification.
    in_database(&first.home, async |db| {
        let mut tx = db.begin().await.unwrap();
        tx.execute("UPDATE environment SET revision = revision + 1 WHERE key = 'development'", &[])
            .await
            .unwrap();
        tx.execute(
            "INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
             SELECT 'told-nobody', e.id, e.epoch, e.revision, 0, 'flag', 'new_checkout_flow', NULL, 0 \
             FROM environment e WHERE e.key = 'development'",
            &[],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    });
    for node in [&first, &second] {
        wait_until("the flag has left the snapshot", || {
            (node.evaluate(&node.server_key, FLAG, "{}").status == 404).then_some(())
        });
    }
}

#[test]
fn a_key_made_on_one_node_works_on_the_other_at_once_and_a_revoked_one_ends_there() {
    let (first, second) = pair(&[("PENNON_POLL_INTERVAL", "60s")]);
    for number in 0..10 {
        let body = format!(r#"{{"kind": "server", "name": "k{number}", "environment": "development"}}"#);
        let made = first.owner().post("/api/v1/projects/default/keys").json(&body).expect(201);
        let key = made.text_at("/secret");
        let answer = second.evaluate(&key, FLAG, "{}");
        assert_eq!(answer.status, 200, "{answer}");
        first.owner().delete(&format!("/api/v1/projects/default/keys/{}", made.text_at("/id"))).expect(200);
        assert_eq!(first.evaluate(&key, FLAG, "{}").status, 401);
        wait_until("the other node refuses it", || {
            (second.evaluate(&key, FLAG, "{}").status == 401).then_some(())
        });
    }
}

#[test]
fn a_new_environment_and_its_key_work_on_the_other_node_at_once() {
    let (first, second) = pair(&[]);
    first.owner().post("/api/v1/projects/default/environments").json(r#"{"key": "staging"}"#).expect(201);
    let body = r#"{"kind": "server", "name": "s", "environment": "staging"}"#;
    let key = first.owner().post("/api/v1/projects/default/keys").json(body).expect(201).text_at("/secret");
    for node in [&first, &second] {
        let answer = node.evaluate(&key, FLAG, "{}");
        assert_eq!(answer.status, 200, "{answer}");
    }
    let version = first.owner().get("/api/v1/projects/default/environments/staging").expect(200).version();
    first.owner().delete("/api/v1/projects/default/environments/staging").if_match(version).expect(200);
    for node in [&first, &second] {
        wait_until("the key ends with its environment", || {
            (node.evaluate(&key, FLAG, "{}").status == 401).then_some(())
        });
    }
}

#[test]
fn unknown_keys_are_refused_without_asking_the_database_for_each() {
    let server = Server::with(Home::postgres(), &[("PENNON_POLL_INTERVAL", "60s")]);
    let rounds = || {
        let text = server.anonymous().get("/metrics").expect(200).text();
        let line =
            text.lines().find(|line| line.starts_with("pennon_sync_rounds_total ")).unwrap().to_owned();
        line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap()
    };
    let (before, started) = (rounds(), Instant::now());
    let key = unknown_key(&server.server_key);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(server.evaluate(&key, FLAG, "{}").status, 401);
                }
            });
        }
    });
    // One an interval, the first and the last cut short, and the one that the listener asks for when it begins.
    let most = usize::try_from(started.elapsed().as_millis() / 100).unwrap() + 3;
    let asked = rounds() - before;
    eprintln!("FIGURE 100 unknown keys made {asked} rounds in {:?}", started.elapsed());
    assert!(asked <= most, "{asked} rounds, where {most} are the most");
}

#[test]
fn writers_on_both_nodes_lose_no_revision_and_never_lock_each_other_out() {
    let (first, second) = pair(&[("PENNON_DATABASE_CONNECTIONS", "6")]);
    let written = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (number, node) in [&first, &second].into_iter().enumerate() {
            for writer in 0..3 {
                let written = &written;
                scope.spawn(move || write_all_kinds(node, &format!("{number}_{writer}"), written));
            }
        }
    });
    let written = written.into_inner();
    eprintln!("FIGURE {written} writes on two nodes in {:?}", started.elapsed());
    let books = Books::checked(&first.home);
    assert!(books.revisions["default/development"] > 200, "{:?}", books.revisions);
    let bulk = |node: &Server| {
        let all = node
            .holding(&node.server_key)
            .post("/ofrep/v1/evaluate/flags")
            .json(r#"{"context": {"targetingKey": "u"}}"#);
        all.expect(200).json()["flags"].clone()
    };
    wait_until("both serve the same", || (bulk(&first) == bulk(&second)).then_some(()));
}

/// Flags, segments, keys and configurations of two environments: every lock there is, in every mix.
fn write_all_kinds(node: &Server, name: &str, written: &AtomicUsize) {
    let owner = node.owner().with("X-Pennon-Reason", "a test").with("If-Match", "*");
    let project = "/api/v1/projects/default";
    let ok = |call: crate::support::http::Call| {
        let answer = call.send();
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        written.fetch_add(1, Ordering::Relaxed);
    };
    ok(owner
        .post(&format!("{project}/segments"))
        .json(&format!(r#"{{"key": "s_{name}", "included": ["u"]}}"#)));
    ok(owner.post(&format!("{project}/flags")).json(&format!(r#"{{"key": "f_{name}"}}"#)));
    for number in 0..8 {
        let on = if number % 2 == 0 { "on" } else { "off" };
        ok(owner.post(&format!("{project}/flags/f_{name}/environments/development/{on}")));
        ok(owner.post(&format!("{project}/flags/f_{name}/environments/production/{on}")));
        ok(owner
            .patch(&format!("{project}/segments/s_{name}"))
            .json(&format!(r#"{{"included": ["u{number}"]}}"#)));
        ok(owner
            .patch(&format!("{project}/flags/f_{name}"))
            .json(&format!(r#"{{"clientVisible": {}}}"#, number % 2 == 0)));
        let key = format!(r#"{{"kind": "server", "name": "{name}", "environment": "development"}}"#);
        ok(owner.post(&format!("{project}/keys")).json(&key));
        // Everybody flips this one.
        ok(owner
            .post(&format!("{CONFIGURATION}/targets"))
            .json(&format!(r#"{{"variant": "on", "add": ["{name}{number}"]}}"#)));
    }
}
