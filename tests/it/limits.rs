//! What a node refuses, so that nobody can take all of it; and how it does at its largest.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pennon::store::Arg;
use tokio_util::sync::CancellationToken;

use crate::support::home::block_on;
use crate::support::wait::PATIENCE;
use crate::support::{Home, Server, wait_until};

const FLAG: &str = "new_checkout_flow";
/// Long enough that an answer would have come, had there been one.
const MOMENT: Duration = Duration::from_millis(200);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn get(stream: &mut TcpStream) {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
}

/// What came at once; "" at the end of the stream.
fn some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(length) => String::from_utf8_lossy(&buffer[..length]).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn connections_beyond_the_limit_wait_until_one_is_closed() {
    let server = Server::with(Home::sqlite(), &[("PENNON_MAX_CONNECTIONS", "2")]);
    let mut open = [connect(&server), connect(&server)];
    for stream in &mut open {
        get(stream);
        assert!(some(stream).starts_with("HTTP/1.1 200"), "within the limit");
    }
    let mut third = connect(&server);
    get(&mut third);
    third.set_read_timeout(Some(MOMENT)).unwrap();
    let waits = third.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(waits.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{waits}");
    drop(open);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(some(&mut third).starts_with("HTTP/1.1 200"), "as soon as there is a place");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = Server::on(Home::sqlite());
    let mut stream = connect(&server);
    let head = format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(200_000));
    // The server may have closed it before all of it was sent.
    let _ = stream.write_all(head.as_bytes());
    let answer = some(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = "X-Many: a\r\n".repeat(200);
    let mut stream = connect(&server);
    let _ = stream.write_all(format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes());
    let answer = some(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    server.anonymous().get("/health/live").expect(200);
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let server = Server::on(Home::sqlite());
    let places = [
        ("/api/v1/projects/default/flags", &server.token),
        ("/ofrep/v1/evaluate/flags", &server.server_key),
        ("/ofrep/v1/evaluate/flags/new_checkout_flow", &server.client_key),
    ];
    for (path, key) in places {
        let mut stream = connect(&server);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let answer = some(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 413"), "not one byte of the body was asked for: {answer}");
    }
    // Without a key, the body is not read either.
    let mut stream = connect(&server);
    stream
        .write_all(b"POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
        .unwrap();
    assert!(some(&mut stream).starts_with("HTTP/1.1 401"));
}

#[test]
fn a_body_that_grows_too_large_on_the_way_is_refused() {
    let limits = [("PENNON_BODY_LIMIT", "2KiB"), ("PENNON_CONTEXT_LIMIT", "2KiB")];
    let server = Server::with(Home::sqlite(), &limits);
    for (path, key, kind) in [
        ("/api/v1/projects/default/flags", &server.token, "application/problem+json"),
        ("/ofrep/v1/evaluate/flags", &server.server_key, "application/json"),
    ] {
        let mut stream = connect(&server);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Read to its end, but not kept: the sender is to see the answer.
        for _ in 0..3 {
            stream.write_all(format!("400\r\n{}\r\n", " ".repeat(1_024)).as_bytes()).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        let answer = some(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains(kind), "{answer}");
    }
    let fits = format!(r#"{{"context": {{"targetingKey": "u", "pad": "{}"}}}}"#, "a".repeat(1_900));
    server.holding(&server.server_key).post("/ofrep/v1/evaluate/flags").json(&fits).expect(200);
}

#[test]
fn a_context_that_is_too_deep_is_refused_and_harms_nobody() {
    let server = Server::on(Home::sqlite());
    let shallow = format!(r#"{{"context": {{"deep": {}{}}}}}"#, "[".repeat(100), "]".repeat(100));
    server.holding(&server.server_key).post("/ofrep/v1/evaluate/flags").json(&shallow).expect(200);
    for depth in [200, 10_000, 120_000] {
        let body = format!(
            r#"{{"context": {{"targetingKey": "u", "deep": {}{}}}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        for path in ["/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/new_checkout_flow"] {
            let answer = server.holding(&server.server_key).post(path).json(&body).expect(400);
            assert_eq!(answer.at("/errorCode"), "PARSE_ERROR", "{answer}");
        }
        let nested =
            format!(r#"{{"key": "deep", "metadata": {}{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let answer = server.owner().post("/api/v1/projects/default/flags").json(&nested).send();
        assert!(matches!(answer.status, 400 | 422), "{answer}");
    }
    server.anonymous().get("/health/ready").expect(200);
}

#[test]
fn a_client_key_that_asks_too_often_is_told_when_to_come_back() {
    // 60 a minute, of which 6 may come at once.
    let server = Server::with(Home::sqlite(), &[("PENNON_CLIENT_KEY_REQUESTS_PER_MINUTE", "60")]);
    let answers: Vec<_> = (0..12).map(|_| server.evaluate(&server.client_key, FLAG, "{}")).collect();
    assert!(answers[..6].iter().all(|answer| answer.status == 200));
    let refused = &answers[11];
    assert_eq!(refused.status, 429, "{refused}");
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=7).contains(&seconds), "{refused}");
    assert_eq!(refused.header("content-type"), "application/json", "{refused}");
    let bulk = server
        .holding(&server.client_key)
        .post("/ofrep/v1/evaluate/flags")
        .json(r#"{"context": {}}"#)
        .expect(429);
    assert_ne!(bulk.header("retry-after"), "");
    for _ in 0..12 {
        assert_eq!(
            server.evaluate(&server.server_key, FLAG, "{}").status,
            200,
            "server keys are not limited"
        );
    }
    wait_until("it may come back", || {
        (server.evaluate(&server.client_key, FLAG, "{}").status == 200).then_some(())
    });
}

#[test]
fn a_client_that_sends_its_head_too_slowly_is_cut_off() {
    use pennon::http::server::{Bounds, serve};
    let drain = CancellationToken::new();
    let bounds = Bounds {
        connections: 10,
        head: Duration::from_millis(150),
        write: Duration::from_secs(10),
        drain: Duration::from_secs(1),
    };
    let (address, serving) = block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().route("/", axum::routing::get(|| async { "here" }));
        (address, tokio::spawn(serve(listener, router, bounds, drain.clone())))
    });
    let connect = || {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let mut slow = connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    let mut silent = connect();
    let mut idle = connect();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(some(&mut idle).contains("here"));
    for (name, stream) in [("slow", &mut slow), ("silent", &mut silent), ("idle", &mut idle)] {
        let end = loop {
            let text = some(stream);
            if !text.starts_with("HTTP/1.1 408") {
                break text;
            }
        };
        assert_eq!(end, "", "the {name} connection is closed");
    }
    drain.cancel();
    block_on(serving).unwrap();
}

on_both! {
    fn ten_thousand_flags_are_loaded_evaluated_and_changed(given: Server) {
        let mut server = given;
        assert!(server.stop().success());
        let started = Instant::now();
        block_on(async {
            let db = server.home.open().await;
            let mut tx = db.begin().await.unwrap();
            let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) ";
            let sql: [&'static str; 3] = [
                Box::leak(format!("{many} INSERT INTO flag (id, project_id, key, version, definition, created_at, updated_at) \
                    SELECT 'id-' || n.i, f.project_id, 'flag-' || n.i, 1, REPLACE(f.definition, 'new_checkout_flow', 'flag-' || n.i), 0, 0 \
                    FROM n, flag f WHERE f.key = 'new_checkout_flow'").into_boxed_str()),
                Box::leak(format!("{many} INSERT INTO configuration (flag_id, environment_id, version, document, updated_at, updated_by) \
                    SELECT 'id-' || n.i, c.environment_id, 1, c.document, 0, '' FROM n, configuration c JOIN flag f ON f.id = c.flag_id \
                    WHERE f.key = 'new_checkout_flow'").into_boxed_str()),
                "UPDATE environment SET epoch = epoch + 1 WHERE key <> $1",
            ];
            tx.execute(sql[0], &[]).await.unwrap();
            tx.execute(sql[1], &[]).await.unwrap();
            // Another epoch, so that the image on disk is not taken for the same history.
            tx.execute(sql[2], &[Arg::Text("")]).await.unwrap();
            tx.commit().await.unwrap();
            db.close().await;
        });
        eprintln!("FIGURE 9999 flags were written past the server in {:?}", started.elapsed());
        let started = Instant::now();
        server.start();
        eprintln!("FIGURE a node with twice 10 000 flags was ready after {:?}", started.elapsed());
        wait_until("all are loaded", || (server.evaluate(&server.server_key, "flag-9999", "{}").status == 200).then_some(()));
        eprintln!("FIGURE and had all of them after {:?}", started.elapsed());
        let path = "/api/v1/projects/default/flags/flag-5000/environments/development";
        let mut took: Vec<Duration> = (0..10)
            .map(|number| {
                let on = if number % 2 == 0 { "on" } else { "off" };
                let started = Instant::now();
                let answer = server.owner().post(&format!("{path}/{on}")).header("If-Match", "*").expect(200);
                assert_eq!(answer.header("x-pennon-applied"), "", "{answer}");
                started.elapsed()
            })
            .collect();
        took.sort();
        eprintln!("FIGURE a flip among 10 000 flags took {:?}, at most {:?}", took[5], took[9]);
        let started = Instant::now();
        let bulk = server.holding(&server.server_key).post("/ofrep/v1/evaluate/flags").json(r#"{"context": {}}"#).expect(200);
        eprintln!("FIGURE a bulk evaluation of 10 000 flags took {:?}, {} bytes", started.elapsed(), bulk.body.len());
        assert_eq!(bulk.json()["flags"].as_array().unwrap().len(), 10_000);
        let full = server.owner().post("/api/v1/projects/default/flags").json(r#"{"key": "one-too-many"}"#).invalid(&[("", "limit_exceeded")]);
        assert!(full.text().contains("10000"), "{full}");
    }
}
