//! More than the database takes just now, and a database that takes nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{EVENTS, FLAG, batch, counted, exposure, stored, summary, taken};
use crate::support::{Answer, Cluster, Home, Server, wait_until};

fn told_to_come_back(answer: &Answer) -> bool {
    answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=5).contains(&seconds))
}

/// Sends a batch of each of so many sessions at once; answers what came of them.
fn at_once(server: &Server, sessions: std::ops::Range<u64>) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let send =
            |session: u64| scope.spawn(move || server.tell(&batch(session, 1, &summary(FLAG, "on", 1))));
        let waiting: Vec<_> = sessions.map(send).collect();
        waiting.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn who_finds_no_room_is_told_when_to_come_back_and_what_was_sent_counts_once() {
    let cluster = Cluster::start("pressure");
    let server = Server::with(cluster.home(), &[("PENNON_MAX_EVENT_BATCHES", "2")]);
    let mut first = 1;
    // Once the node knows that the database is silent (after three seconds) nobody is let in at all: a slow machine may be late.
    let answers = wait_until("somebody finds no room", || {
        wait_until("the database answers", || {
            (server.anonymous().get("/health/ready").expect(200).at("/database") == true).then_some(())
        });
        cluster.pause();
        let started = Instant::now();
        let answers = at_once(&server, first..first + 4);
        assert!(started.elapsed() < Duration::from_secs(15), "nobody waits for ever");
        cluster.resume();
        first += 4;
        answers.iter().any(|answer| answer.status == 429).then_some(answers)
    });
    for answer in &answers {
        assert!(told_to_come_back(answer), "{answer}");
        let code = if answer.status == 429 { "rate_limited" } else { "unavailable" };
        assert!(matches!(answer.status, 429 | 503) && answer.at("/code") == code, "{answer}");
    }
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 503).count(),
        2,
        "as many as there is room for"
    );
    for session in first - 4..first {
        let body = batch(session, 1, &summary(FLAG, "on", 1));
        wait_until("the batch is taken", || (server.tell(&body).status == 200).then_some(()));
        assert_eq!(server.tell(&body).at("/repeated"), true);
    }
    let of_these = stored(
        &server.home,
        "SELECT session, high FROM event_session WHERE seen_at > 0 ORDER BY session",
        &["session"],
        &["high"],
    );
    assert_eq!(
        counted(&server.home, FLAG),
        i64::try_from(of_these.len()).unwrap(),
        "each session once: {of_these:?}"
    );
}

#[test]
fn while_the_database_is_away_a_batch_is_503_and_afterwards_it_is_taken_once() {
    let cluster = Cluster::start("events-outage");
    let server = Server::on(cluster.home());
    let body = batch(1, 1, &summary(FLAG, "on", 5));
    cluster.stop();
    let away =
        wait_until("the batch is refused", || Some(server.tell(&body)).filter(|answer| answer.status != 200));
    assert_eq!((away.status, away.at("/code")), (503, json!("unavailable")), "{away}");
    assert!(told_to_come_back(&away), "{away}");
    assert_eq!(server.evaluate(&server.server_key, FLAG, "{}").status, 200);
    cluster.start_again();
    let first =
        wait_until("the batch is taken", || Some(server.tell(&body)).filter(|answer| answer.status == 200));
    assert_ne!(first.at("/repeated"), true, "it was never stored before: {first}");
    assert_eq!(server.tell(&body).at("/repeated"), true);
    assert_eq!(counted(&server.home, FLAG), 5);
}

#[test]
fn a_node_that_has_not_reached_its_database_yet_takes_no_events() {
    let cluster = Cluster::start("events-start");
    let mut server = Server::on(cluster.home());
    assert!(server.stop().success());
    cluster.stop();
    server.launch();
    let address = wait_until("it says its address", || {
        std::fs::read_to_string(server.directory.join("address")).ok().filter(|text| !text.is_empty())
    });
    let client =
        crate::support::Client::new(&address).with("Authorization", &format!("Bearer {}", server.server_key));
    let body = batch(1, 1, &summary(FLAG, "on", 1));
    let refused = wait_until("it answers", || client.post(EVENTS).json(&body).try_send().ok());
    assert_eq!((refused.status, refused.at("/code")), (503, json!("unavailable")), "{refused}");
    cluster.start_again();
    wait_until("the batch is taken", || (client.post(EVENTS).json(&body).send().status == 200).then_some(()));
    assert_eq!(counted(&server.home, FLAG), 1);
}

on_both! {
    fn many_who_send_at_once_are_all_counted(server: Server) {
        let senders = 24;
        std::thread::scope(|scope| {
            for session in 1..=senders {
                let server = &server;
                scope.spawn(move || {
                    for sequence in 1..=10 {
                        let events = [summary(FLAG, "on", 1), summary(FLAG, "off", 2), exposure(FLAG, "r", "a", &format!("u-{}", (session + 3) % 5))];
                        taken(&server.tell(&batch(session, sequence, &events.join(","))), 3);
                    }
                });
            }
        });
        assert_eq!(counted(&server.home, FLAG), i64::try_from(senders).unwrap() * 10 * 3);
        let units = stored(&server.home, "SELECT run, units FROM exposure_total", &["run"], &["units"]);
        assert_eq!(units, [json!({"run": "r", "units": 5})]);
        let stored = server.metric("pennon_usage_batches_total{outcome=\"stored\"}");
        assert!((stored - 240.0).abs() < 0.5, "{stored}");
    }
}

#[test]
fn a_batch_counts_once_however_often_it_is_sent_at_the_same_time() {
    let server = Server::on(Home::sqlite());
    let news = std::thread::scope(|scope| {
        let send = |server: &Server, sequence: i64| server.tell(&batch(1, sequence, &summary(FLAG, "on", 1)));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let server = &server;
                scope.spawn(move || {
                    (1..=20).filter(|sequence| send(server, *sequence).at("/repeated") != true).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!((news, counted(&server.home, FLAG)), (20, 20));
}
