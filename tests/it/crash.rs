//! SIGKILL and SIGTERM in the middle of writes: what was acknowledged is there, once, and nothing else is half there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::http::Call;
use crate::support::{Answer, Books, Client, Home, Server, wait_until};

const DEVELOPMENT: &str = "default/development";
const PRODUCTION: &str = "default/production";
/// Flags that are flipped, each by a writer of its own.
const FLIPPED: [&str; 3] = ["flip_a", "flip_b", "flip_c"];

/// A change of a configuration that was acknowledged.
#[derive(Debug, Clone)]
struct Acknowledged {
    environment: &'static str,
    flag: String,
    version: i64,
    revision: i64,
}

/// What the writers know.
#[derive(Debug, Default)]
struct Journal {
    acknowledged: Vec<Acknowledged>,
    /// Flags whose making was acknowledged.
    made: Vec<String>,
    /// POSTs that got no answer: sent again, with the same Idempotency-Key, after the restart.
    unanswered: Vec<Unanswered>,
    /// Patches that got no answer: the flag and the version they were made for.
    uncertain: Vec<(String, i64)>,
    /// Answers that nobody should get.
    surprises: Vec<String>,
}

#[derive(Debug, Clone)]
struct Unanswered {
    path: String,
    once: String,
    if_match: Option<i64>,
    body: String,
    flag: String,
}

impl Unanswered {
    fn call(&self, client: &Client) -> Call {
        let call = client.post(&self.path).once(&self.once).json(&self.body);
        self.if_match.map_or(call.clone(), |version| call.if_match(version))
    }
}

/// What all writers share.
struct Writers<'a> {
    client: Client,
    journal: &'a Mutex<Journal>,
    done: &'a AtomicUsize,
    stop: &'a AtomicBool,
    round: usize,
}

impl Writers<'_> {
    fn note(&self, act: impl FnOnce(&mut Journal)) {
        act(&mut self.journal.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn acknowledge(&self, environment: &'static str, flag: &str, answer: &Answer) {
        let (version, revision) = (answer.version(), answer.revision());
        let flag = flag.to_owned();
        self.note(|journal| journal.acknowledged.push(Acknowledged { environment, flag, version, revision }));
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Turns a flag of `development` on and off until the server is gone.
    fn flip(&self, flag: &str) {
        let path = configuration(flag, "development");
        let Ok(now) = self.client.get(&path).try_send() else { return };
        let (mut version, mut enabled) = (now.version(), now.at("/enabled") == true);
        while self.goes_on() {
            let sent = Unanswered {
                path: format!("{path}/{}", if enabled { "off" } else { "on" }),
                once: format!("{flag}-{version}-{}", self.round),
                if_match: Some(version),
                body: "{}".to_owned(),
                flag: flag.to_owned(),
            };
            match sent.call(&self.client).try_send() {
                Ok(answer) if answer.status == 200 => {
                    self.acknowledge(DEVELOPMENT, flag, &answer);
                    (version, enabled) = (version + 1, !enabled);
                }
                Ok(answer) => return self.note(|journal| journal.surprises.push(answer.to_string())),
                Err(_) => return self.note(|journal| journal.unanswered.push(sent)),
            }
        }
    }

    /// Edits a configuration of the protected environment, without an Idempotency-Key.
    fn edit(&self, flag: &str) {
        let path = configuration(flag, "production");
        let Ok(now) = self.client.get(&path).try_send() else { return };
        let mut version = now.version();
        while self.goes_on() {
            let body = format!(
                r#"{{"fallthrough": {{"variant": "{}"}}}}"#,
                if version % 2 == 0 { "on" } else { "off" }
            );
            match self.client.patch(&path).if_match(version).reason("a test").json(&body).try_send() {
                Ok(answer) if answer.status == 200 => {
                    self.acknowledge(PRODUCTION, flag, &answer);
                    version += 1;
                }
                Ok(answer) => return self.note(|journal| journal.surprises.push(answer.to_string())),
                Err(_) => return self.note(|journal| journal.uncertain.push((flag.to_owned(), version))),
            }
        }
    }

    /// Makes flags, which touches every environment at once.
    fn make(&self) {
        for number in 0_u32.. {
            if !self.goes_on() {
                return;
            }
            let flag = format!("made_{}_{number}", self.round);
            let sent = Unanswered {
                path: "/api/v1/projects/default/flags".to_owned(),
                once: flag.clone(),
                if_match: None,
                body: format!(r#"{{"key": "{flag}"}}"#),
                flag: flag.clone(),
            };
            match sent.call(&self.client).try_send() {
                Ok(answer) if answer.status == 201 => {
                    self.note(|journal| journal.made.push(flag));
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) => return self.note(|journal| journal.surprises.push(answer.to_string())),
                Err(_) => return self.note(|journal| journal.unanswered.push(sent)),
            }
        }
    }
}

/// Lets all writers write until `end` has ended the server or told them to stop; answers what they know.
fn write_until(
    server: &mut Server,
    round: usize,
    end: impl FnOnce(&mut Server, &AtomicUsize, &AtomicBool),
) -> Journal {
    let (journal, done, stop) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
    // No connection is kept for the next request: one that is closed as the server stops would look like a lost answer.
    let client = server.owner().with("Connection", "close");
    let writers = Writers { client, journal: &journal, done: &done, stop: &stop, round };
    std::thread::scope(|scope| {
        for flag in FLIPPED {
            let writers = &writers;
            scope.spawn(move || writers.flip(flag));
        }
        scope.spawn(|| writers.edit("edited"));
        scope.spawn(|| writers.make());
        end(server, &done, &stop);
        stop.store(true, Ordering::Relaxed);
    });
    journal.into_inner().unwrap()
}

fn prepare(server: &Server) {
    for flag in FLIPPED.iter().chain(&["edited"]) {
        let body = format!(r#"{{"key": "{flag}"}}"#);
        server.owner().post("/api/v1/projects/default/flags").json(&body).expect(201);
    }
}

fn configuration(flag: &str, environment: &str) -> String {
    format!("/api/v1/projects/default/flags/{flag}/environments/{environment}")
}

/// Every acknowledged write is there, once; a repetition of what was not answered has one effect.
fn check(server: &Server, journal: &Journal) {
    assert!(journal.surprises.is_empty(), "{:?}", journal.surprises);
    let books = Books::checked(&server.home);
    for change in &journal.acknowledged {
        books.holds(change.environment, &change.flag, (change.version, change.revision));
    }
    for flag in &journal.made {
        assert_eq!(books.audited("flag.create", flag), 1, "{flag} was acknowledged");
    }
    for (flag, version) in &journal.uncertain {
        let now = server.owner().get(&configuration(flag, "production")).expect(200).version();
        assert!(now == *version || now == version + 1, "{flag} is at {now}, not at {version} or the next");
    }
    for sent in &journal.unanswered {
        let first = sent.call(&server.owner()).send();
        assert!(matches!(first.status, 200 | 201), "{first}");
        let again = sent.call(&server.owner()).expect(first.status);
        assert_eq!(again.header("idempotent-replayed"), "true", "{again}");
        assert_eq!(again.at("/version"), first.at("/version"));
    }
    let books = Books::checked(&server.home);
    for sent in &journal.unanswered {
        match sent.if_match {
            None => assert_eq!(books.audited("flag.create", &sent.flag), 1, "{sent:?}"),
            Some(version) => {
                let versions = &books.versions[&(DEVELOPMENT.to_owned(), sent.flag.clone())];
                assert_eq!(versions.last().unwrap().0, version + 1, "{sent:?}: {versions:?}");
            }
        }
    }
}

/// What the node evaluates is what the database holds.
fn serves_what_is_stored(server: &Server) {
    let (evaluated, stored) = evaluated_and_stored(server);
    assert_eq!(evaluated, stored);
}

fn evaluated_and_stored(server: &Server) -> (BTreeMap<String, bool>, BTreeMap<String, bool>) {
    let bulk = server
        .holding(&server.server_key)
        .post("/ofrep/v1/evaluate/flags")
        .json(r#"{"context": {}}"#)
        .expect(200);
    let evaluated: BTreeMap<String, bool> = bulk.json()["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| (flag["key"].as_str().unwrap().to_owned(), flag["value"].as_bool().unwrap()))
        .collect();
    let mut stored = BTreeMap::new();
    let mut path = "/api/v1/projects/default/flags?limit=500".to_owned();
    loop {
        let page = server.owner().get(&path).expect(200).json();
        for flag in page["items"].as_array().unwrap() {
            let enabled = flag["environments"]["development"]["enabled"].as_bool().unwrap();
            stored.insert(flag["key"].as_str().unwrap().to_owned(), enabled);
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/projects/default/flags?limit=500&cursor={next}");
    }
    (evaluated, stored)
}

/// How many writes are acknowledged before the blow: another number each time, so that it falls anywhere.
fn some(least: usize, most: usize) -> usize {
    least + usize::try_from(uuid::Uuid::now_v7().as_u128() % u128::try_from(most - least).unwrap()).unwrap()
}

on_both! {
    fn a_server_killed_five_times_while_it_writes_loses_nothing_and_repeats_nothing(given: Server) {
        let mut server = given;
        prepare(&server);
        for round in 0..5 {
            let enough = some(10, 60);
            let journal = write_until(&mut server, round, |server, done, _| {
                wait_until("some writes are acknowledged", || (done.load(Ordering::Relaxed) >= enough).then_some(()));
                server.kill();
            });
            let started = Instant::now();
            server.start();
            eprintln!(
                "round {round}: {} acknowledged, {} unanswered, ready again after {:?}",
                journal.acknowledged.len() + journal.made.len(),
                journal.unanswered.len() + journal.uncertain.len(),
                started.elapsed()
            );
            check(&server, &journal);
            serves_what_is_stored(&server);
        }
    }

    fn a_server_that_is_told_to_stop_answers_what_it_has_begun(given: Server) {
        let mut server = given;
        prepare(&server);
        let enough = some(10, 40);
        let journal = write_until(&mut server, 0, |server, done, _| {
            wait_until("some writes are acknowledged", || (done.load(Ordering::Relaxed) >= enough).then_some(()));
            let started = Instant::now();
            let status = server.stop();
            eprintln!("stopped after {:?}", started.elapsed());
            assert!(status.success(), "{status}");
        });
        server.start();
        check(&server, &journal);
        serves_what_is_stored(&server);
    }

    fn a_request_under_way_when_the_server_is_told_to_stop_is_answered(given: Server) {
        let mut server = given;
        let mut request = Raw::connect(&server);
        // The head and a part of the body: the request is accepted, and waits for the rest.
        let body = r#"{"key": "late"}"#;
        request.send(&format!(
            "POST /api/v1/projects/default/flags HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            server.token,
            body.len()
        ));
        assert!(request.receive().starts_with("HTTP/1.1 100"), "the handler reads the body");
        server.signal("TERM");
        let log = || server.log().contains("draining").then_some(());
        wait_until("the server drains", log);
        request.send(body);
        let answer = request.receive();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(server.wait_for_exit().success());
        server.start();
        server.owner().get("/api/v1/projects/default/flags/late").expect(200);
    }

    fn clients_that_hang_up_in_the_middle_of_their_writes_leave_no_transaction_behind(home: Home) {
        // The database itself tells of a transaction within a transaction, as a notice.
        let server = Server::with(home, &[("PENNON_LOG_LEVEL", "warn,sqlx::postgres::notice=info")]);
        prepare(&server);
        let path = configuration("flip_a", "development");
        for number in 0..60 {
            let mut request = Raw::connect(&server);
            let on = if number % 2 == 0 { "on" } else { "off" };
            request.send(&format!(
                "POST {path}/{on} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIf-Match: *\r\nContent-Length: 0\r\n\r\n",
                server.token
            ));
            // Another moment each time, from at once to after the commit.
            std::thread::sleep(Duration::from_micros(number * 150));
            drop(request);
        }
        let started = Instant::now();
        server.owner().post(&format!("{path}/off")).expect(200);
        eprintln!("the next write took {:?}", started.elapsed());
        // A connection that went back with an open transaction is found by the next BEGIN on it.
        assert!(!server.log().contains("already a transaction in progress"), "{}", server.log());
        Books::checked(&server.home);
        // What was done for a client that had gone, nobody waited for: the poll finds it.
        wait_until("the node serves what is stored", || {
            let (evaluated, stored) = evaluated_and_stored(&server);
            (evaluated == stored).then_some(())
        });
    }
}

/// A connection on which anything can be written.
pub struct Raw(std::net::TcpStream);

impl Raw {
    pub fn connect(server: &Server) -> Raw {
        let authority = server.address.trim_start_matches("http://");
        let stream = std::net::TcpStream::connect(authority).unwrap();
        stream.set_read_timeout(Some(crate::support::wait::PATIENCE)).unwrap();
        Raw(stream)
    }

    pub fn send(&mut self, text: &str) {
        std::io::Write::write_all(&mut self.0, text.as_bytes()).unwrap();
    }

    /// What came, "" at the end of the stream; a reset is an end, too.
    pub fn receive(&mut self) -> String {
        let mut buffer = vec![0; 64 * 1024];
        match std::io::Read::read(&mut self.0, &mut buffer) {
            Ok(length) => String::from_utf8_lossy(&buffer[..length]).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("{error}"),
        }
    }
}
