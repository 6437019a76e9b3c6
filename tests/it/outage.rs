//! The database away: evaluation goes on from memory, what cannot be done says so, nothing is lost when it is back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Answer, Books, Cluster, Home, Server, wait_until};

const FLAG: &str = "new_checkout_flow";
const OFF: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development/off";
const ON: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development/on";

/// A key of the right form whose selector nobody has.
pub fn unknown_key(key: &str) -> String {
    change(key, key.rfind('_').unwrap() - 1)
}

/// The same key with another secret.
pub fn wrong_secret(key: &str) -> String {
    change(key, key.len() - 1)
}

fn change(key: &str, at: usize) -> String {
    let other = if &key[at..=at] == "x" { "y" } else { "x" };
    format!("{}{other}{}", &key[..at], &key[at + 1..])
}

/// The health a balancer sees.
pub fn health(server: &Server) -> Answer {
    server.anonymous().get("/health/ready").send()
}

pub fn wait_for_status(server: &Server, status: &str) -> Answer {
    wait_until(&format!("the node is {status}"), || {
        Some(health(server)).filter(|answer| answer.at("/status") == status)
    })
}

fn evaluates(server: &Server, times: usize) {
    for _ in 0..times {
        let answer = server.evaluate(&server.server_key, FLAG, "{}");
        assert_eq!((answer.status, answer.at("/value")), (200, true.into()), "{answer}");
    }
}

/// While the database is away: what is said to whom.
fn says_what_cannot_be_done(server: &Server) {
    let refused = server.owner().post(OFF).refused(503, "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0, "{refused}");
    server.owner().get("/api/v1/projects/default/flags").refused(503, "unavailable");
    let unknown = server.evaluate(&unknown_key(&server.server_key), FLAG, "{}");
    assert_eq!(unknown.status, 503, "{unknown}");
    assert!(unknown.header("retry-after").parse::<u32>().unwrap() > 0, "{unknown}");
    server.holding(&unknown_key(&server.token)).get("/api/v1/whoami").refused(503, "unavailable");
    assert_eq!(server.evaluate(&wrong_secret(&server.server_key), FLAG, "{}").status, 401);
    assert_eq!(server.evaluate("no key at all", FLAG, "{}").status, 401);
    server.owner().get("/api/v1/whoami").expect(200);
    server.anonymous().get("/health/live").expect(200);
}

/// Evaluates and writes all the time; answers how often it evaluated, and the writes that were acknowledged.
fn under_load(server: &Server, act: impl FnOnce()) -> (usize, Vec<(i64, i64)>) {
    let (stop, evaluated, written) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let answer = server.evaluate(&server.server_key, FLAG, "{}");
                assert_eq!((answer.status, answer.at("/value")), (200, true.into()), "{answer}");
                evaluated.fetch_add(1, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            let path = "/api/v1/projects/default/flags/written/environments/development";
            for number in 0_u32.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let body = format!(r#"{{"targets": [{{"values": ["{number}"], "variant": "on"}}]}}"#);
                let answer = server.owner().patch(path).header("If-Match", "*").json(&body).send();
                assert!(matches!(answer.status, 200 | 503), "{answer}");
                if answer.status == 200 {
                    written.lock().unwrap().push((answer.version(), answer.revision()));
                }
            }
        });
        act();
        stop.store(true, Ordering::Relaxed);
    });
    (evaluated.into_inner(), written.into_inner().unwrap())
}

fn prepared(home: Home) -> Server {
    let server = Server::with(home, &[("PENNON_REQUEST_TIMEOUT", "1s")]);
    server.owner().post("/api/v1/projects/default/flags").json(r#"{"key": "written"}"#).expect(201);
    server.owner().post(ON).header("If-Match", "*").expect(200);
    evaluates(&server, 1);
    server
}

fn lost_nothing(server: &Server, written: &[(i64, i64)]) {
    let books = Books::checked(&server.home);
    for write in written {
        books.holds("default/development", "written", *write);
    }
    server.owner().post(OFF).expect(200);
    assert_eq!(server.evaluate(&server.server_key, FLAG, "{}").at("/value"), false);
    assert_eq!(server.evaluate(&unknown_key(&server.server_key), FLAG, "{}").status, 401);
}

#[test]
fn while_postgres_is_down_evaluation_goes_on_and_nothing_is_lost_when_it_is_back() {
    let cluster = Cluster::start("outage");
    let server = prepared(cluster.home());
    let (evaluated, written) = under_load(&server, || {
        cluster.stop();
        let degraded = wait_for_status(&server, "degraded");
        assert_eq!((degraded.status, degraded.at("/database")), (200, false.into()), "{degraded}");
        evaluates(&server, 200);
        says_what_cannot_be_done(&server);
        let started = Instant::now();
        cluster.start_again();
        eprintln!("FIGURE Postgres was back after {:?}", started.elapsed());
        let started = Instant::now();
        wait_for_status(&server, "ready");
        eprintln!("FIGURE the node was ready {:?} after Postgres was", started.elapsed());
        let started = Instant::now();
        wait_until("writes work", || {
            (server.owner().post(ON).header("If-Match", "*").send().status == 200).then_some(())
        });
        eprintln!("FIGURE writes worked {:?} after the node was ready", started.elapsed());
    });
    eprintln!("FIGURE {evaluated} evaluations without an error, {} writes", written.len());
    lost_nothing(&server, &written);
}

#[test]
fn while_postgres_is_silent_evaluation_goes_on_and_writes_end_within_their_time() {
    let cluster = Cluster::start("silence");
    let server = prepared(cluster.home());
    let (evaluated, written) = under_load(&server, || {
        cluster.pause();
        let started = Instant::now();
        server.owner().post(OFF).refused(503, "unavailable");
        let took = started.elapsed();
        eprintln!("FIGURE a write on a silent database ended after {took:?}");
        assert!(took < Duration::from_secs(3), "the request timeout is 1 s, this took {took:?}");
        evaluates(&server, 200);
        let started = Instant::now();
        wait_for_status(&server, "degraded");
        eprintln!("FIGURE the silence was noticed after another {:?}", started.elapsed());
        says_what_cannot_be_done(&server);
        let started = Instant::now();
        cluster.resume();
        wait_for_status(&server, "ready");
        eprintln!("FIGURE ready {:?} after the silence", started.elapsed());
        // What was told to try again may have been done all the same, once the database went on.
        wait_until("the flag is on", || {
            (server.owner().post(ON).header("If-Match", "*").send().status == 200
                && server.evaluate(&server.server_key, FLAG, "{}").at("/value") == true)
                .then_some(())
        });
    });
    eprintln!("FIGURE {evaluated} evaluations without an error, {} writes", written.len());
    lost_nothing(&server, &written);
}

#[test]
fn a_node_stops_in_time_while_its_database_is_silent() {
    let cluster = Cluster::start("stopping");
    let mut server = prepared(cluster.home());
    cluster.pause();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let owner = server.owner();
        scope.spawn(move || owner.post(OFF).try_send());
        server.signal("TERM");
    });
    assert!(server.wait_for_exit().success());
    eprintln!("FIGURE stopped {:?} after SIGTERM, with a silent database", started.elapsed());
    cluster.resume();
}
