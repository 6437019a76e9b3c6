//! A batch whose sender got no answer, or an answer from a node that died: sent again, to whichever node, it counts once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::{EVENTS, FLAG, batch, counted, exposure, stored, summary};
use crate::support::{Client, Home, Server, wait_until};

/// Sends a batch until it is acknowledged, to one node after the other; answers how often it was sent.
fn deliver(clients: &[Client], body: &str) -> usize {
    let mut sent = 0;
    wait_until("the batch is acknowledged", || {
        let client = &clients[sent % clients.len()];
        sent += 1;
        let answer = client.clone().patient(Duration::from_secs(3)).post(EVENTS).json(body).try_send();
        answer.ok().filter(|answer| answer.status == 200)
    });
    sent
}

fn one_of_each(session: u64, sequence: i64) -> String {
    let unit = format!("u-{session}-{sequence}");
    batch(session, sequence, &[summary(FLAG, "on", 1), exposure(FLAG, "r", "a", &unit)].join(","))
}

fn units(home: &Home) -> i64 {
    let rows = stored(home, "SELECT run, units FROM exposure_total", &["run"], &["units"]);
    let listed = stored(home, "SELECT 'r' AS run, COUNT(*) AS units FROM exposure", &["run"], &["units"]);
    assert_eq!(rows, listed, "the total is what is there");
    rows[0]["units"].as_i64().unwrap()
}

#[test]
fn a_batch_that_two_nodes_are_sent_at_the_same_time_counts_once() {
    let one = Server::on(Home::postgres());
    let mut two = one.beside("node-2", &[]);
    two.start();
    let news = AtomicUsize::new(0);
    for sequence in 1..=40 {
        std::thread::scope(|scope| {
            for server in [&one, &two, &one, &two] {
                let news = &news;
                scope.spawn(move || {
                    let answer = server.tell(&one_of_each(1, sequence));
                    assert_eq!(answer.status, 200, "{answer}");
                    if answer.at("/repeated") != true {
                        news.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
    }
    assert_eq!(news.into_inner(), 40);
    assert_eq!((counted(&one.home, FLAG), units(&one.home)), (40, 40));
}

#[test]
fn two_nodes_that_write_the_same_rows_do_not_stop_each_other() {
    let one = Server::on(Home::postgres());
    let mut two = one.beside("node-2", &[]);
    two.start();
    std::thread::scope(|scope| {
        for session in 1..=12_u64 {
            let server = if session % 2 == 0 { &one } else { &two };
            scope.spawn(move || {
                for sequence in 1..=15 {
                    // In another order each time.
                    let mut events: Vec<String> =
                        (0..6).map(|number| exposure(FLAG, "r", "a", &format!("u-{number}"))).collect();
                    events.extend((0..6).map(|number| summary(FLAG, &format!("v{number}"), 1)));
                    events.rotate_left(
                        usize::try_from(session + u64::try_from(sequence).unwrap()).unwrap() % 12,
                    );
                    let answer = server.tell(&batch(session, sequence, &events.join(",")));
                    assert_eq!(answer.status, 200, "{answer}");
                }
            });
        }
    });
    assert_eq!((counted(&one.home, FLAG), units(&one.home)), (12 * 15 * 6, 6));
    for server in [&one, &two] {
        assert!(!server.log().contains("deadlock"), "{}", server.log());
    }
}

on_both! {
    fn what_was_acknowledged_is_there_once_after_a_node_is_killed_in_between(given: Server) {
        let mut server = given;
        let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let client = server.holding(&server.server_key);
        let acknowledged = std::thread::scope(|scope| {
            let senders: Vec<_> = (1..=6_u64)
                .map(|session| {
                    let (stop, done, client) = (&stop, &done, &client);
                    scope.spawn(move || {
                        let mut sequence = 0;
                        while !stop.load(Ordering::Relaxed) {
                            sequence += 1;
                            deliver(std::slice::from_ref(client), &one_of_each(session, sequence));
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        sequence
                    })
                })
                .collect();
            for _ in 0..4 {
                let before = done.load(Ordering::Relaxed);
                wait_until("batches are being acknowledged", || (done.load(Ordering::Relaxed) > before + 10).then_some(()));
                server.kill();
                server.start();
            }
            stop.store(true, Ordering::Relaxed);
            senders.into_iter().map(|sender| sender.join().unwrap()).sum::<i64>()
        });
        assert_eq!((counted(&server.home, FLAG), units(&server.home)), (acknowledged, acknowledged));
    }
}

#[test]
fn a_batch_that_was_cut_off_with_its_node_counts_once_on_another_one() {
    let one = Server::on(Home::postgres());
    let mut two = one.beside("node-2", &[]);
    two.start();
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let clients = [one.holding(&one.server_key), two.holding(&two.server_key)];
    let acknowledged = std::thread::scope(|scope| {
        let senders: Vec<_> = (1..=4_u64)
            .map(|session| {
                let (stop, done, clients) = (&stop, &done, &clients);
                scope.spawn(move || {
                    let mut sequence = 0;
                    while !stop.load(Ordering::Relaxed) {
                        sequence += 1;
                        deliver(clients, &one_of_each(session, sequence));
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    sequence
                })
            })
            .collect();
        for _ in 0..3 {
            let before = done.load(Ordering::Relaxed);
            wait_until("batches are being acknowledged", || {
                (done.load(Ordering::Relaxed) > before + 20).then_some(())
            });
            two.kill();
            two.start();
        }
        stop.store(true, Ordering::Relaxed);
        senders.into_iter().map(|sender| sender.join().unwrap()).sum::<i64>()
    });
    assert_eq!((counted(&one.home, FLAG), units(&one.home)), (acknowledged, acknowledged));
}
