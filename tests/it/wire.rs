//! One answer of each kind as it goes over the wire: a change here is a change of the contract. What differs from run
//! to run (times, ids, secrets, hashes) is replaced; the order of members and the form of numbers are not.
//! `INSTA_UPDATE=always` writes them anew.

use std::fmt::Write as _;

use crate::support::paths::{configure, development, flag, make, project};
use crate::support::{Answer, Home, Server};

/// Headers that belong to the contract, in this order.
const HEADERS: [&str; 8] = [
    "content-type",
    "etag",
    "cache-control",
    "retry-after",
    "www-authenticate",
    "x-pennon-revision",
    "x-pennon-applied",
    "idempotent-replayed",
];

fn shown(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in HEADERS.into_iter().filter(|name| !answer.header(name).is_empty()) {
        let _ = writeln!(text, "{name}: {}", answer.header(name));
    }
    let _ = write!(text, "\n{}", pretty(&answer.text()));
    text
}

/// Indents JSON without reading it: order, numbers and escapes stay as they were sent.
fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut inside, mut escaped) = (String::new(), 0, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut previous = ' ';
    for character in json.chars() {
        let opens = matches!(previous, '{' | '[') && !inside;
        if opens && !matches!(character, '}' | ']') {
            depth += 1;
            line(&mut out, depth);
        }
        match character {
            _ if inside => {
                inside = escaped || character != '"';
                escaped = !escaped && character == '\\';
                out.push(character);
                previous = 'x';
                continue;
            }
            '"' => inside = true,
            '}' | ']' if !opens => {
                depth -= 1;
                line(&mut out, depth);
            }
            _ => {}
        }
        out.push(character);
        match character {
            ',' => line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
        previous = character;
    }
    out
}

/// What differs from run to run, replaced.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (found, instead) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "[time]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r#""requestId": "[0-9a-f]{32}""#, r#""requestId": "[request]""#),
        (r"/event-stream/[0-9A-Za-z]{12}\.[0-9a-f]{64}", "/event-stream/[channel]"),
        (r"\b[0-9a-f]{64}\b", "[hash]"),
        (r#"etag: "[0-9a-f]{32}""#, r#"etag: "[hash]""#),
        (r"pnn_(srv|cli|api)_(development_)?[0-9A-Za-z]+_[0-9A-Za-z]{43}", "pnn_${1}_${2}[secret]"),
        (r#""selector": "[0-9A-Za-z]+""#, r#""selector": "[selector]""#),
        (r#""epoch": \d{13}"#, r#""epoch": "[milliseconds]""#),
        (r#""version": "\d+\.\d+\.\d+""#, r#""version": "[release]""#),
        (r"\b\d+ s ago", "[seconds] s ago"),
        (r#""revisionSent": "\d{13}-"#, r#""revisionSent": "[milliseconds]-"#),
        (r#""syncedMsAgo": \d+"#, r#""syncedMsAgo": "[milliseconds]""#),
    ] {
        settings.add_filter(found, instead);
    }
    settings
}

#[test]
fn answers_are_what_they_were() {
    let server = Server::on(Home::sqlite());
    let owner = server.owner();
    settings().bind(|| {
        let snapshot = |name: &str, answer: Answer| insta::assert_snapshot!(name, shown(&answer));
        let body = r#"{"key": "price", "type": "number", "variants": {"old": 3.0, "new": 1e2}, "clientVisible": true, "kind": "experiment",
            "description": "Price test", "tags": ["shop"], "owner": "team", "metadata": {"team": "payments", "weight": 2.50}}"#;
        snapshot("flag_created", owner.post(&project("/flags")).once("k").json(body).expect(201));
        snapshot("flag_created_replayed", owner.post(&project("/flags")).once("k").json(body).expect(201));
        snapshot("flag_edited", owner.patch(&flag("price")).if_match(1).reason("r").json(r#"{"description": null}"#).expect(200));
        snapshot("flag_list", owner.get(&project("/flags?limit=1")).expect(200));
        snapshot("flag_history", owner.get(&format!("{}/history", flag("price"))).expect(200));
        snapshot("configuration_on", owner.post(&development("price", "/on")).if_match(1).expect(200));
        let rollout = r#"{"percentage": 12.50, "variant": "new", "by": ["userId"], "otherwise": "old"}"#;
        snapshot("configuration_rollout", owner.post(&development("price", "/rollout")).if_match(2).json(rollout).expect(200));
        snapshot("configuration", owner.get(&development("price", "")).expect(200));
        snapshot("configuration_history", owner.get(&development("price", "/history?limit=1")).expect(200));
        let segment = r#"{"key": "beta", "included": ["u-1"], "when": {"attribute": "age", "op": "gte", "values": [18.0]}, "description": "d"}"#;
        snapshot("segment_created", owner.post(&project("/segments")).reason("r").json(segment).expect(201));
        snapshot("layer_created", owner.post(&project("/layers")).reason("r").json(r#"{"key": "tests", "by": ["userId"]}"#).expect(201));
        let rule = r#"[{"add": {"id": "beta", "when": {"all": [{"segment": "beta"}, {"not": {"percentage": [0, 50], "layer": "tests"}}]}, "serve": {"variant": "new"}}, "at": 0}]"#;
        owner.post(&development("price", "/rules")).if_match(3).json(rule).expect(200);
        let context = r#"{"context": {"targetingKey": "u-1", "userId": "7"}, "at": "2026-01-01T00:00:00Z"}"#;
        snapshot("explain", owner.post(&development("price", "/explain")).json(context).expect(200));
        snapshot("environment_list", owner.get(&project("/environments")).expect(200));
        snapshot("project", owner.get(&project("")).expect(200));
        snapshot("key_created", owner.post(&project("/keys")).json(r#"{"kind": "client", "name": "web", "environment": "development", "origins": ["https://shop.example.com"]}"#).expect(201));
        snapshot("token_created", owner.post("/api/v1/keys").json(r#"{"kind": "api", "name": "ci", "grants": [{"role": "editor", "project": "default", "environment": "development"}], "expiresAt": "2100-01-01T00:00:00Z"}"#).expect(201));
        snapshot("whoami", owner.get("/api/v1/whoami").expect(200));
        snapshot("audit", owner.get(&project("/audit?key=price&environment=development&limit=1")).header("X-Request-Id", "r").expect(200));
        snapshot("audit_head", owner.get(&project("/audit/head")).expect(200));
        snapshot("health_ready", server.anonymous().get("/health/ready").expect(200));

        snapshot("problem_invalid", owner.patch(&development("price", "")).header("If-Match", "*").json(r#"{"fallthrough": {"variant": "nobody"}, "rules": [{"id": "r", "when": {"attribute": "a", "op": "is", "values": ["x"]}, "serve": {"variant": "old"}}]}"#).expect(422));
        snapshot("problem_not_json", owner.post(&project("/flags")).json("{").expect(400));
        snapshot("problem_unauthenticated", server.anonymous().get("/api/v1/whoami").expect(401));
        snapshot("problem_wrong_key_kind", server.holding(&server.server_key).get("/api/v1/whoami").expect(403));
        snapshot("problem_forbidden", server.with_role("viewer").delete(&flag("price")).if_match(2).expect(403));
        snapshot("problem_not_found", owner.get(&flag("nobody")).expect(404));
        snapshot("problem_no_such_path", owner.get("/nothing").expect(404));
        snapshot("problem_method_not_allowed", owner.call("PUT", &flag("price")).expect(405));
        snapshot("problem_exists", owner.post(&project("/flags")).json(r#"{"key": "price"}"#).expect(409));
        snapshot("problem_in_use", owner.delete(&project("/segments/beta")).if_match(1).reason("r").expect(409));
        snapshot("problem_stale", owner.post(&development("price", "/on")).if_match(1).expect(412));
        snapshot("problem_precondition_required", owner.post(&development("price", "/on")).expect(428));
        snapshot("problem_reason_required", owner.post("/api/v1/projects/default/flags/price/environments/production/on").if_match(2).expect(422));
        snapshot("problem_idempotency_mismatch", owner.post(&project("/flags")).once("k").json("{}").expect(422));

        make(&owner, r#"{"key": "gated", "clientVisible": true, "offVariant": null}"#);
        configure(&owner, "gated", r#"{"enabled": true, "prerequisites": [{"flag": "price", "variants": ["new"]}]}"#);
        make(&owner, r#"{"key": "split"}"#);
        configure(&owner, "split", r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "on", "weight": 50000}, {"variant": "off", "weight": 50000}]}}"#);
        let bulk = |key: &str| server.holding(key).post("/ofrep/v1/evaluate/flags").json(r#"{"context": {"userId": "x"}}"#).expect(200);
        snapshot("ofrep_flag", server.evaluate(&server.server_key, "price", r#"{"targetingKey": "u-1", "userId": "7"}"#));
        snapshot("ofrep_bulk_server_key", bulk(&server.server_key));
        snapshot("ofrep_bulk_client_key", bulk(&server.client_key));
        snapshot("ofrep_not_found", server.evaluate(&server.client_key, "split", "{}"));
        snapshot("ofrep_targeting_key_missing", server.evaluate(&server.server_key, "split", "{}"));
        snapshot("ofrep_parse_error", server.evaluate(&server.server_key, "split", "{"));
        snapshot("ofrep_invalid_context", server.evaluate(&server.server_key, "split", "[]"));
        snapshot("ofrep_unauthenticated", server.evaluate("nonsense", "split", "{}"));
        snapshot("ofrep_wrong_key_kind", server.evaluate(&server.token, "split", "{}"));
    });
}

#[test]
fn answers_about_use_are_what_they_were() {
    let server = Server::on(Home::sqlite());
    let owner = server.owner();
    let told = |body: &str| server.holding(&server.server_key).post("/api/v1/sdk/events").json(body).send();
    settings().bind(|| {
        let snapshot = |name: &str, answer: Answer| insta::assert_snapshot!(name, shown(&answer));
        let batch = r#"{"instanceId": "shop-1", "session": "8f1c0a4be27d6395", "sequence": 1, "events": [
            {"kind": "instance", "sdk": "pennon-python", "sdkVersion": "0.1.0-rc.1", "startedAt": "2026-11-25T12:52:00.000Z", "state": "ready", "revision": "7-1",
             "healthy": false, "labels": {"region": "eu"}, "dropped": {"exposures": 1, "tracks": 2, "evaluations": 3}},
            {"kind": "summary", "evaluations": [
                {"flag": "new_checkout_flow", "variant": "on", "reason": "SPLIT", "count": 812},
                {"flag": "new_checkout_flow", "reason": "ERROR", "errorCode": "TYPE_MISMATCH", "count": 1},
                {"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 3}]},
            {"kind": "exposure", "flag": "new_checkout_flow", "variant": "on", "run": "r-1", "arm": "candidate", "unit": "user-1"},
            {"kind": "track", "metric": "latency", "unit": "user-1", "value": 2.5},
            {"kind": "track", "metric": "latency"},
            {"kind": "newer"}]}"#;
        snapshot("events_answer", told(batch));
        snapshot("events_repeated", told(batch));
        snapshot("problem_events_envelope", told(r#"{"instanceId": "", "session": "x", "sequence": 0, "events": []}"#));
        let of = |path: &str| owner.get(&project(&format!("{path}environment=development"))).expect(200);
        snapshot("usage", of("/usage?step=day&"));
        snapshot("usage_unknown", of("/usage/unknown?"));
        snapshot("instances", of("/instances?"));
        let mut stream = server.stream_named("a-listener").listen();
        stream.event("put");
        snapshot("instances_listening", of("/instances?limit=1&"));
        snapshot("problem_flag_in_use", owner.delete(&flag("new_checkout_flow")).if_match(1).reason("r").expect(409));
        snapshot("flag_seen", owner.get(&flag("new_checkout_flow")).expect(200));
    });
}
