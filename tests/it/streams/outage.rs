//! The database away, silent or restarted: streams stay open through it, and everything heals by itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Until;
use crate::outage::wait_for_status;
use crate::support::listening::FLAG;
use crate::support::paths::development;
use crate::support::{Cluster, Follower, Server, Stream, wait_until};

/// A client that asks all the time waits a little between two questions: the machine has other tests to run.
const BREATH: Duration = Duration::from_millis(2);

/// Two nodes on a cluster, whose hearts beat fast.
fn pair(cluster: &Cluster) -> [Server; 2] {
    let variables = [
        ("PENNON_REQUEST_TIMEOUT", "1s"),
        ("PENNON_STREAM_HEARTBEAT", "200ms"),
        ("PENNON_CLIENT_KEY_REQUESTS_PER_MINUTE", "1000000"),
    ];
    let first = Server::with(cluster.home(), &variables);
    let mut second = first.beside("node-2", &variables);
    second.start();
    [first, second]
}

/// Who listens to two nodes while something happens to their database.
struct Audience {
    followers: Vec<Follower>,
    ofrep: Vec<Stream>,
}

impl Audience {
    fn of(nodes: &[Server; 2]) -> Audience {
        let of = |node: &Server| [node.follower(), Follower::of(node.client_stream(&node.client_key, "{}"))];
        let told = |node: &Server| {
            let mut stream = node.ofrep_stream(&node.client_key).listen();
            stream.event("message");
            stream
        };
        Audience { followers: nodes.iter().flat_map(of).collect(), ofrep: nodes.iter().map(told).collect() }
    }

    /// Everybody comes to a revision without a gap, over the first stream.
    #[track_caller]
    fn reaches(&mut self, revision: i64) {
        for follower in &mut self.followers {
            follower.until(revision);
            assert_eq!((follower.puts, follower.openings), (1, 1), "nothing was lost, and no stream");
        }
        for stream in &mut self.ofrep {
            let end = format!("-{revision}");
            stream.wait_for("the last change", |block| block.id.ends_with(&end)).expect("the stream is open");
        }
    }

    /// Heartbeats go on whatever happens to the database.
    #[track_caller]
    fn is_alive(&mut self) {
        for follower in &mut self.followers {
            follower
                .stream
                .wait_for("a heartbeat", crate::support::stream::Block::is_heartbeat)
                .expect("open");
        }
    }
}

/// Evaluates through both nodes all the time: every answer is a good one. Answers how many there were.
fn under_evaluations(nodes: &[Server; 2], act: impl FnOnce(&AtomicUsize)) -> usize {
    let (stop, evaluated) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for node in nodes {
            let (stop, evaluated) = (&stop, &evaluated);
            scope.spawn(move || {
                for number in 0_usize.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let key = if number % 2 == 0 { &node.server_key } else { &node.client_key };
                    let answer = node.evaluate(key, FLAG, "{}");
                    assert!(answer.status == 200 && answer.at("/value").is_boolean(), "{answer}");
                    evaluated.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(BREATH);
                }
            });
        }
        let _until = Until(&stop);
        act(&evaluated);
    });
    evaluated.into_inner()
}

/// Writes as soon as it can be done again; answers the revision.
fn writes_again(node: &Server, on: bool) -> i64 {
    let path = development(FLAG, if on { "/on" } else { "/off" });
    wait_until("writes work", || {
        let answer = node.owner().post(&path).header("If-Match", "*").send();
        assert!(matches!(answer.status, 200 | 503), "{answer}");
        (answer.status == 200).then(|| answer.revision())
    })
}

#[test]
fn a_restarted_database_is_survived_by_every_stream() {
    let cluster = Cluster::start("stream-restart");
    let nodes = pair(&cluster);
    let mut audience = Audience::of(&nodes);
    let evaluated = under_evaluations(&nodes, |_| {
        for round in 0..3 {
            let revision = nodes[0].flip(true);
            audience.reaches(revision);
            cluster.stop();
            cluster.start_again();
            let started = Instant::now();
            let revision = writes_again(&nodes[round % 2], false);
            audience.reaches(revision);
            eprintln!(
                "FIGURE a change was on all streams {:?} after the database was back",
                started.elapsed()
            );
        }
    });
    eprintln!("FIGURE {evaluated} evaluations over three restarts, none failed");
    for node in &nodes {
        wait_for_status(node, "ready");
    }
    nodes[1].holds_the_same(&mut audience.followers[0]);
}

#[test]
fn a_database_away_for_half_a_minute_ends_no_stream_and_fails_no_evaluation() {
    let cluster = Cluster::start("stream-outage");
    let nodes = pair(&cluster);
    let mut audience = Audience::of(&nodes);
    let evaluated = under_evaluations(&nodes, |evaluated| {
        let revision = nodes[0].flips(2);
        audience.reaches(revision);
        cluster.stop();
        for node in &nodes {
            wait_for_status(node, "degraded");
        }
        audience.is_alive();
        let before = evaluated.load(Ordering::Relaxed);
        // As the nodes see it; in three waits, each within the patience of one.
        for seconds in [10.0, 20.0, 30.0] {
            for node in &nodes {
                wait_until("the database is away for so long", || {
                    (node.metric("pennon_sync_age_seconds") > seconds).then_some(())
                });
            }
            audience.is_alive();
        }
        let during = evaluated.load(Ordering::Relaxed) - before;
        eprintln!("FIGURE {during} evaluations while the database was away for 30 s, none failed");
        assert!(during > 1_000, "{during}");
        // New listeners are let in meanwhile, and known keys are known.
        let mut new = nodes[1].stream("").listen();
        assert_eq!(new.event("put").json(), audience.followers[0].document);
        nodes[0].stream_with("nonsense").refused(401);
        cluster.start_again();
        let started = Instant::now();
        for node in &nodes {
            wait_for_status(node, "ready");
        }
        eprintln!("FIGURE both nodes were ready {:?} after the database was", started.elapsed());
        let revision = writes_again(&nodes[1], true);
        audience.reaches(revision);
        assert_eq!(new.event("patch").json()["revision"], revision);
        eprintln!("FIGURE a change was on all streams {:?} after the database was back", started.elapsed());
    });
    eprintln!("FIGURE {evaluated} evaluations in all");
    nodes[0].holds_the_same(&mut audience.followers[2]);
}

#[test]
fn a_silent_database_ends_no_stream_and_its_changes_arrive_when_it_goes_on() {
    let cluster = Cluster::start("stream-silence");
    let nodes = pair(&cluster);
    let mut audience = Audience::of(&nodes);
    let evaluated = under_evaluations(&nodes, |_| {
        let revision = nodes[1].flips(1);
        audience.reaches(revision);
        cluster.pause();
        for node in &nodes {
            wait_for_status(node, "degraded");
        }
        audience.is_alive();
        cluster.resume();
        let started = Instant::now();
        let revision = writes_again(&nodes[0], false);
        audience.reaches(revision);
        eprintln!("FIGURE a change was on all streams {:?} after the silence", started.elapsed());
    });
    eprintln!("FIGURE {evaluated} evaluations around the silence, none failed");
}
