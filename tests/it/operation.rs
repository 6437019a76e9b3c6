//! How a server is operated: under a path of its own, and stopped while it works.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::paths::{flag_that_is_on, project};
use crate::support::{Home, Server, wait_until};

#[test]
fn everything_works_under_a_base_path() {
    let server = Server::with(Home::sqlite(), &[("PENNON_BASE_PATH", "/flags")]);
    assert!(server.address.ends_with("/flags"), "{}", server.address);
    flag_that_is_on(&server.owner(), "f");
    assert_eq!(server.evaluate(&server.server_key, "f", "{}").at("/value"), true);
    server.holding(&server.client_key).post("/ofrep/v1/evaluate/flags").json("{}").expect(200);
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs"] {
        server.anonymous().get(path).expect(200);
    }
    let outside = crate::support::Client::new(server.address.trim_end_matches("/flags"));
    for path in ["/health/ready", "/api/v1/whoami", "/flagsx/health/ready", "/", "/flags/nothing"] {
        outside.get(path).refused(404, "not_found");
    }
    // The error forms hold here too.
    server.anonymous().get(&project("/flags")).refused(401, "unauthenticated");
    let refused = server.evaluate("nonsense", "f", "{}");
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/json"), "{refused}");
    outside.get("/flags/ofrep/v1/evaluate/flags/f").expect(405);
}

on_both! {
    fn a_request_under_way_is_finished_before_the_server_stops(given: Server) {
        let mut server = given;
        let address = server.address.trim_start_matches("http://").to_owned();
        let body = br#"{"key": "late"}"#;
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            project("/flags"), server.token, body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The server asks for the body: the request is under way.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&asked));
        server.signal("TERM");
        wait_until("no new connection is accepted", || TcpStream::connect(&address).is_err().then_some(()));
        assert!(server.exited().is_none(), "it waits for the request");
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let status = server.wait_for_exit();
        assert_eq!(status.code(), Some(0), "{status}");
        server.start();
        server.owner().get(&project("/flags/late")).expect(200);
    }

    fn a_body_too_large_is_answered_however_it_is_sent(server: Server) {
        let address = server.address.trim_start_matches("http://").to_owned();
        let megabyte = vec![b' '; 1 << 20];
        let send = |path: &str, key: &str, framing: &str, megabytes: usize| -> String {
            let mut stream = TcpStream::connect(&address).unwrap();
            write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n").unwrap();
            for _ in 0..megabytes {
                if framing.contains("chunked") {
                    stream.write_all(b"100000\r\n").unwrap();
                }
                stream.write_all(&megabyte).unwrap();
                if framing.contains("chunked") {
                    stream.write_all(b"\r\n").unwrap();
                }
            }
            if framing.contains("chunked") {
                stream.write_all(b"0\r\n\r\n").unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.lines().next().unwrap().to_owned()
        };
        let flags = project("/flags");
        for (path, key) in [(flags.as_str(), &server.token), ("/ofrep/v1/evaluate/flags", &server.server_key)] {
            // Sent to its end before the answer is read, in one piece and in chunks.
            assert_eq!(send(path, key, "Content-Length: 31457280", 30), "HTTP/1.1 413 Payload Too Large");
            assert_eq!(send(path, key, "Transfer-Encoding: chunked", 30), "HTTP/1.1 413 Payload Too Large");
            // Announced, and not sent until asked for: it is never asked for.
            assert_eq!(send(path, key, "Content-Length: 31457280\r\nExpect: 100-continue", 0), "HTTP/1.1 413 Payload Too Large");
            // More than anybody would read to throw away.
            assert_eq!(send(path, key, "Content-Length: 100000000000", 0), "HTTP/1.1 413 Payload Too Large");
        }
    }

    fn an_idle_server_stops_at_once_and_cleanly(given: Server) {
        let mut server = given;
        let idle = TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
        let before = std::time::Instant::now();
        assert_eq!(server.stop().code(), Some(0));
        assert!(before.elapsed() < std::time::Duration::from_secs(5), "{:?}", before.elapsed());
        drop(idle);
        assert!(server.log().contains("stopped"), "{}", server.log());
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }

    fn health_tells_how_a_node_is(server: Server) {
        let ready = server.anonymous().get("/health/ready").expect(200);
        assert_eq!((ready.text_at("/status"), ready.at("/database")), ("ready".to_owned(), true.into()));
        assert_eq!(ready.number_at("/environments"), 2);
        server.anonymous().get("/health/live").expect(200);
        let metrics = server.anonymous().get("/metrics").expect(200).text();
        assert!(metrics.contains("environment_revision") && metrics.contains("database_up"), "{metrics}");
    }

    fn a_request_has_an_id_that_its_caller_may_choose(server: Server) {
        let id = |sent: &str| {
            let call = server.owner().get("/api/v1/whoami");
            let answer = if sent.is_empty() { call.send() } else { call.header("X-Request-Id", sent).send() };
            answer.header("x-request-id").to_owned()
        };
        assert_eq!(id("abc-123"), "abc-123");
        assert_ne!(id(""), id(""));
        for bad in ["a b", &"x".repeat(129)] {
            assert_ne!(id(bad), *bad);
        }
        let problem = server.owner().get("/api/v1/nothing").header("X-Request-Id", "mine").refused(404, "not_found");
        assert_eq!(problem.text_at("/requestId"), "mine");
        assert_eq!(problem.header("x-content-type-options"), "nosniff");
    }

    fn nothing_secret_reaches_the_log(server: Server) {
        server.evaluate(&server.server_key, "new_checkout_flow", r#"{"targetingKey": "jane@example.com", "pin": "hunter2"}"#);
        server.evaluate("pnn_srv_development_wrong", "new_checkout_flow", r#"{"pin": "hunter2"}"#);
        server.owner().get(&project("/flags?q=hunter2")).expect(200);
        server.owner().post(&project("/flags")).json(r#"{"key": "x", "description": "hunter2", "bad": 1}"#).expect(422);
        server.anonymous().get("/hunter2").expect(404);
        let log = server.log();
        for secret in ["hunter2", "jane@", "pnn_", "verifier"] {
            assert!(!log.contains(secret), "the log holds {secret}:\n{log}");
        }
    }
}
