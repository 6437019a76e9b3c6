//! What is wrong with a batch, or with one event of it.

use serde_json::json;

use super::{EVENTS, FLAG, batch, counted, stored, summary, taken};
use crate::support::{Home, Server};

on_both! {
    fn an_event_that_is_wrong_is_refused_alone(server: Server) {
        let good = summary(FLAG, "on", 1);
        let bad = [
            (r#"{"no": "kind"}"#, "missing member `kind`"),
            (r#"["summary"]"#, "expected an object"),
            ("7", "expected an object"),
            (r#"{"kind": "summary"}"#, "missing member `evaluations`"),
            (r#"{"kind": "summary", "evaluations": [{"flag": "f", "reason": "SPLIT", "count": 0}]}"#, "evaluations[0].count: 1 to"),
            (r#"{"kind": "summary", "evaluations": [{"flag": "f", "reason": "SPLIT", "count": -1}]}"#, "evaluations[0].count: 1 to"),
            (r#"{"kind": "summary", "evaluations": [{"flag": "f", "reason": "SPLIT", "count": 1e400}]}"#, "out of range"),
            (r#"{"kind": "summary", "evaluations": [{"flag": "f", "variant": "a b", "reason": "SPLIT", "count": 1}]}"#, "evaluations[0].variant"),
            (r#"{"kind": "exposure", "flag": "f", "variant": "on", "run": "r"}"#, "missing member `unit`"),
            (r#"{"kind": "exposure", "flag": "f", "variant": "on", "run": "r", "unit": ""}"#, "unit: 1 to 1000 characters"),
            (r#"{"kind": "exposure", "flag": "a/b", "variant": "on", "run": "r", "unit": "u"}"#, "flag: "),
            (r#"{"kind": "exposure", "flag": "f", "variant": "on", "run": "r\u0000", "unit": "u"}"#, "run: 1 to 100 characters"),
            (r#"{"kind": "track", "metric": "m", "unit": "u", "value": 2e15}"#, "value: at most"),
            (r#"{"kind": "track", "metric": "m", "unit": "u", "value": "1"}"#, "value: invalid type"),
            (r#"{"kind": "track", "metric": "m", "unit": 7}"#, "unit: invalid type"),
            (r#"{"kind": "track", "metric": "m", "unit": "u", "at": "yesterday"}"#, "at: a time"),
            (r#"{"kind": "track", "metric": "\ud800", "unit": "u"}"#, "metric"),
            (r#"{"kind": "instance", "labels": {"a": 1}}"#, "labels.a: invalid type"),
            (r#"{"kind": "instance", "labels": {"": "x"}}"#, "labels: a key: 1 to 64"),
            (r#"{"kind": "instance", "dropped": {"tracks": -1}}"#, "dropped: "),
            (r#"{"kind": "instance", "dropped": [1, 2, 3]}"#, "expected an object"),
        ];
        let events: Vec<&str> = bad.iter().map(|(event, _)| *event).chain([good.as_str()]).collect();
        let answer = server.tell(&batch(1, 1, &events.join(",")));
        assert_eq!((answer.status, answer.number_at("/accepted")), (200, 1), "{answer}");
        let refused = answer.json()["refused"].as_array().unwrap().clone();
        assert_eq!(refused.len(), bad.len(), "{answer}");
        for (index, ((event, said), refused)) in bad.iter().zip(&refused).enumerate() {
            assert_eq!(refused["index"], index, "{answer}");
            assert!(refused["detail"].as_str().unwrap().contains(said), "{event}: {refused}");
            let code = if said.starts_with("value: at most") { "limit_exceeded" } else { "invalid_event" };
            assert_eq!(refused["code"], code, "{event}: {refused}");
        }
        assert_eq!(counted(&server.home, FLAG), 1);
        // Its number is taken: what was refused is not to be sent again.
        assert_eq!(server.tell(&batch(1, 1, &good)).at("/repeated"), true);
    }

    fn what_a_newer_sdk_says_besides_is_ignored(server: Server) {
        let events = format!(
            r#"{{"kind": "replay", "anything": [1, {{}}]}}, {{"kind": "summary", "newer": 1, "evaluations": [
                {{"flag": "{FLAG}", "variant": "on", "reason": "SOMETHING_NEWER", "count": 2, "more": null}}]}}"#
        );
        let body = format!(r#"{{"newer": [1], "instanceId": "i", "session": "{:016x}", "sequence": 1, "events": [{events}]}}"#, 1);
        let answer = server.tell(&body);
        assert_eq!(answer.json(), json!({"accepted": 1, "refused": [], "ignored": 1}), "{answer}");
        let outcomes = stored(&server.home, "SELECT outcome, count FROM evaluation WHERE span = 60", &["outcome"], &["count"]);
        assert_eq!(outcomes, [json!({"outcome": "UNKNOWN", "count": 2})]);
    }

    fn a_batch_without_an_event_is_taken(server: Server) {
        taken(&server.tell(&batch(1, 1, "")), 0);
    }
}

#[test]
fn an_envelope_that_is_wrong_is_refused_as_a_whole() {
    let server = Server::on(Home::sqlite());
    let post = |body: &str| server.holding(&server.server_key).post(EVENTS).json(body);
    for bad in ["", " ", "{", r#"{"instanceId": "i""#, "\u{feff}{}"] {
        post(bad).refused(400, "invalid_json");
    }
    server.holding(&server.server_key).post(EVENTS).body(b"{\"a\": \"\xff\"}").refused(400, "invalid_json");
    let whole = |instance: &str, session: &str, sequence: &str, events: &str| {
        format!(
            r#"{{"instanceId": {instance}, "session": {session}, "sequence": {sequence}, "events": {events}}}"#
        )
    };
    let (instance, session) = (r#""i""#, r#""0123456789abcdef""#);
    let long = format!("\"{}\"", "i".repeat(201));
    for (body, pointer, code) in [
        ("[]".to_owned(), "", "wrong_type"),
        ("null".to_owned(), "", "wrong_type"),
        (r#"["i", "0123456789abcdef", 1, []]"#.to_owned(), "", "wrong_type"),
        ("{}".to_owned(), "", "missing_member"),
        (whole("7", session, "1", "[]"), "/instanceId", "wrong_type"),
        (whole(r#""""#, session, "1", "[]"), "/instanceId", "invalid_value"),
        (whole(&long, session, "1", "[]"), "/instanceId", "invalid_value"),
        (whole(r#""a\u0000b""#, session, "1", "[]"), "/instanceId", "invalid_value"),
        (whole(instance, r#""0123456789ABCDEF""#, "1", "[]"), "/session", "invalid_value"),
        (whole(instance, r#""0123456789abcde""#, "1", "[]"), "/session", "invalid_value"),
        (whole(instance, session, "0", "[]"), "/sequence", "invalid_number"),
        (whole(instance, session, "9007199254740992", "[]"), "/sequence", "invalid_number"),
        (whole(instance, session, "1.5", "[]"), "/sequence", "wrong_type"),
        (whole(instance, session, "1", "{}"), "/events", "wrong_type"),
        (whole(instance, session, "1", "null"), "/events", "wrong_type"),
    ] {
        post(&body).invalid(&[(pointer, code)]);
    }
    post(&whole(r#""""#, r#""""#, "0", "[]")).invalid(&[
        ("/instanceId", "invalid_value"),
        ("/session", "invalid_value"),
        ("/sequence", "invalid_number"),
    ]);
    assert!(
        stored(&server.home, "SELECT session, high FROM event_session", &["session"], &["high"]).is_empty()
    );
}

#[test]
fn events_want_a_key_of_an_environment() {
    let server = Server::on(Home::sqlite());
    let one = batch(1, 1, "");
    server.anonymous().post(EVENTS).json(&one).refused(401, "unauthenticated");
    server.owner().post(EVENTS).json(&one).refused(403, "wrong_key_kind");
    let other = server.owner().post("/api/v1/projects/default/keys");
    let other = other
        .json(r#"{"kind": "server", "name": "p", "environment": "production"}"#)
        .expect(201)
        .text_at("/secret");
    server.holding(&other).post(EVENTS).json(&batch(1, 1, &summary(FLAG, "on", 3))).expect(200);
    // The same session and number of another environment is another batch.
    taken(&server.tell(&batch(1, 1, &summary(FLAG, "on", 3))), 1);
    let sql = "SELECT e.key AS environment, c.count FROM evaluation c JOIN environment e ON e.id = c.environment_id \
               WHERE c.span = 60 ORDER BY e.key";
    let counted = |environment: &str| json!({"environment": environment, "count": 3});
    assert_eq!(
        stored(&server.home, sql, &["environment"], &["count"]),
        [counted("development"), counted("production")]
    );
}

#[test]
fn a_batch_is_taken_at_its_limits_and_refused_above_them() {
    let server = Server::on(Home::sqlite());
    let post = |body: &str| server.holding(&server.server_key).post(EVENTS).json(body);
    let event = r#"{"kind": "track", "metric": "m", "unit": "u"}"#;
    taken(&post(&batch(1, 1, &[event; 1_000].join(","))).send(), 1_000);
    post(&batch(1, 2, &[event; 1_001].join(","))).refused(413, "too_large");
    let padded = |bytes: usize| {
        let body = batch(1, 3, "");
        let fill = " ".repeat(bytes - body.len());
        body + &fill
    };
    taken(&post(&padded(256 * 1_024)).send(), 0);
    post(&padded(256 * 1_024 + 1)).refused(413, "too_large");
    let entry = format!(r#"{{"flag": "{FLAG}", "reason": "SPLIT", "count": 1}}"#);
    let entries = |number: usize| {
        format!(r#"{{"kind": "summary", "evaluations": [{}]}}"#, vec![entry.clone(); number].join(","))
    };
    taken(&post(&batch(1, 4, &entries(2_000))).send(), 1);
    let answer = post(&batch(1, 5, &entries(2_001))).expect(200);
    assert_eq!(answer.at("/refused/0/code"), "limit_exceeded", "{answer}");
    let labels = |number: usize| {
        let all: Vec<String> = (0..number).map(|at| format!("\"{at}\": \"x\"")).collect();
        format!(r#"{{"kind": "instance", "labels": {{{}}}}}"#, all.join(","))
    };
    taken(&post(&batch(1, 6, &labels(16))).send(), 1);
    assert_eq!(post(&batch(1, 7, &labels(17))).expect(200).at("/refused/0/code"), "limit_exceeded");
    let unit = |length: usize| {
        format!(r#"{{"kind": "track", "metric": "{}", "unit": "{}"}}"#, "m".repeat(100), "é".repeat(length))
    };
    taken(&post(&batch(1, 8, &unit(1_000))).send(), 1);
    assert_eq!(post(&batch(1, 9, &unit(1_001))).expect(200).at("/refused/0/code"), "invalid_event");
    let count = |number: i64| summary(FLAG, "on", number);
    taken(&post(&batch(1, 10, &count(1_000_000_000))).send(), 1);
    assert_eq!(post(&batch(1, 11, &count(1_000_000_001))).expect(200).at("/refused/0/code"), "invalid_event");
}
