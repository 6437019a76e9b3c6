//! Tests of the protocol against a server that plays a script: what is sent, what is repeated, and when.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;

use super::*;

/// One answer of the script; none cuts the connection.
pub type Line = Option<&'static str>;

/// Plays the script, one connection a line, and answers the requests it saw.
pub fn play(script: Vec<Line>) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for line in script {
            let (mut stream, _) = listener.accept().unwrap();
            seen.push(read_request(&mut stream));
            if let Some(answer) = line {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
        seen
    });
    let address = Address::parse(&address).unwrap();
    (Client::new(&address, Some("pnn_api_x_y".to_owned()), Some("größer".to_owned())), seen)
}

fn read_request(stream: &mut std::net::TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        text.extend_from_slice(&buffer[..read]);
        let request = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if read == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return request;
        }
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// A success whose ETag is "7".
pub const OK: Line = Some(
    "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"7\"\r\nX-Pennon-Revision: 12\r\nX-Pennon-Applied: false\r\nContent-Length: 13\r\n\r\n{\"number\":1 }",
);
/// Somebody else was faster.
pub const STALE: Line = Some(
    "HTTP/1.1 412 Precondition Failed\r\nConnection: close\r\nContent-Length: 34\r\n\r\n{\"code\":\"stale\",\"detail\":\"changed\"}",
);

#[test]
fn an_answer_is_kept_as_it_came_with_its_headers() {
    let (client, seen) = play(vec![OK]);
    let answer = client.get("/x?y=1").unwrap();
    assert_eq!(answer.text, "{\"number\":1 }");
    assert_eq!(answer.etag.as_deref(), Some("\"7\""));
    assert_eq!((answer.revision.as_deref(), answer.applied), (Some("12"), false));
    let request = &seen.join().unwrap()[0];
    assert!(request.starts_with("get /x?y=1 "), "{request}");
    assert_eq!(header(request, "authorization"), Some("bearer pnn_api_x_y"));
    assert_eq!(header(request, "x-pennon-reason"), None);
}

#[test]
fn a_post_carries_the_version_the_reason_and_a_key_of_its_own() {
    let (client, seen) = play(vec![OK, OK]);
    for _ in 0..2 {
        client.post("/x", &json!({"a": 1}), Some("\"7\"")).unwrap();
    }
    let seen = seen.join().unwrap();
    for request in &seen {
        assert_eq!(header(request, "if-match"), Some("\"7\""));
        assert_eq!(header(request, "x-pennon-reason"), Some("größer"));
        assert_eq!(header(request, "content-type"), Some("application/json"));
        assert!(request.ends_with("{\"a\":1}"), "{request}");
    }
    assert_eq!(header(&seen[0], "idempotency-key").unwrap().len(), 32);
    assert_ne!(header(&seen[0], "idempotency-key"), header(&seen[1], "idempotency-key"));
}

#[test]
fn a_post_whose_answer_is_lost_is_repeated_once_under_the_same_key() {
    let (client, seen) = play(vec![None, OK]);
    client.post("/x", &json!({}), None).unwrap();
    let seen = seen.join().unwrap();
    assert_eq!(header(&seen[0], "idempotency-key"), header(&seen[1], "idempotency-key"));
    let (client, seen) = play(vec![None, None]);
    assert!(matches!(client.post("/x", &json!({}), None), Err(Failure::Unreachable { .. })));
    assert_eq!(seen.join().unwrap().len(), 2);
}

#[test]
fn a_patch_and_a_delete_are_never_repeated() {
    let (client, seen) = play(vec![None]);
    assert!(matches!(client.patch("/x", &json!({}), Some("\"7\"")), Err(Failure::Unreachable { .. })));
    assert_eq!(seen.join().unwrap().len(), 1);
    let (client, seen) = play(vec![None]);
    assert!(matches!(client.delete("/x", Some("\"7\"")), Err(Failure::Unreachable { .. })));
    assert_eq!(seen.join().unwrap().len(), 1);
}

#[test]
fn a_refusal_keeps_its_status_and_is_not_repeated() {
    let (client, seen) = play(vec![STALE]);
    let failure = client.post("/x", &json!({}), Some("\"7\"")).unwrap_err();
    assert_eq!(failure.status(), Some(412));
    assert_eq!(seen.join().unwrap().len(), 1);
}

#[test]
fn pages_are_followed_until_there_are_enough() {
    let page = |text: &'static str| Some(text);
    let first = page(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 36\r\n\r\n{\"items\":[1.0,2],\"nextCursor\":\"a/b\"}",
    );
    let last = page("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n{\"items\":[3]}");
    let (client, seen) = play(vec![first, last]);
    let items = client.items("/x?tag=t", None).unwrap();
    assert_eq!(items.iter().map(|item| item.get()).collect::<Vec<_>>(), ["1.0", "2", "3"]);
    let seen = seen.join().unwrap();
    assert!(seen[0].starts_with("get /x?tag=t&limit=100 "), "{}", seen[0]);
    assert!(seen[1].starts_with("get /x?tag=t&limit=100&cursor=a%2fb "), "{}", seen[1]);
    let (client, seen) = play(vec![first]);
    assert_eq!(client.items("/x", Some(2)).unwrap().len(), 2);
    assert!(seen.join().unwrap()[0].starts_with("get /x?limit=2 "));
}

#[test]
fn nobody_listening_is_told_as_that() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(&Address::parse(&format!("http://{free}")).unwrap(), None, None);
    let Err(Failure::Unreachable { message, hint }) = client.get("/x") else { panic!("nobody listens") };
    assert!(message.contains("nothing listens") && hint.contains("`pennon`"), "{message} {hint}");
}
