//! OFREP 0.3: every status of the table, and what a provider in the field depends on.

use serde_json::json;

use crate::support::paths::{configure, flag_that_is_on, make, project};
use crate::support::{Answer, Client, Server};

const BULK: &str = "/ofrep/v1/evaluate/flags";

fn single(key: &str) -> String {
    format!("{BULK}/{key}")
}

#[track_caller]
fn failure(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.at("/errorCode")), (status, json!(code)), "{answer}");
    assert!(answer.at("/errorDetails").is_string(), "{answer}");
    assert_eq!(answer.header("content-type"), "application/json", "{answer}");
}

/// A flag with a rule, a prerequisite, metadata of its own, and one that needs a unit.
fn prepare(owner: &Client) {
    flag_that_is_on(owner, "base");
    make(owner, r#"{"key": "rich", "clientVisible": true, "metadata": {"team": "payments", "n": 3.0}}"#);
    configure(
        owner,
        "rich",
        r#"{"enabled": true, "fallthrough": {"variant": "off"}, "rules": [{"id": "pro", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "on"}}]}"#,
    );
    make(owner, r#"{"key": "needs-unit", "clientVisible": true}"#);
    configure(
        owner,
        "needs-unit",
        r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "on", "weight": 50000}, {"variant": "off", "weight": 50000}]}}"#,
    );
    make(owner, r#"{"key": "gated", "clientVisible": true}"#);
    configure(
        owner,
        "gated",
        r#"{"enabled": true, "prerequisites": [{"flag": "base", "variants": ["off"]}]}"#,
    );
}

on_both! {
    fn each_reason_and_what_comes_with_it(server: Server) {
        prepare(&server.owner());
        for (key, context, want) in [
            ("base", "{}", r#"{"key":"base","value":true,"variant":"on","reason":"STATIC","metadata":{}}"#),
            ("rich", r#"{"plan": "pro"}"#, r#"{"key":"rich","value":true,"variant":"on","reason":"TARGETING_MATCH","metadata":{"team":"payments","n":3.0,"ruleId":"pro"}}"#),
            ("rich", "{}", r#"{"key":"rich","value":false,"variant":"off","reason":"DEFAULT","metadata":{"team":"payments","n":3.0}}"#),
            ("gated", "{}", r#"{"key":"gated","value":false,"variant":"off","reason":"DEFAULT","metadata":{"prerequisite":"base"}}"#),
            ("new_checkout_flow", "{}", r#"{"key":"new_checkout_flow","value":false,"variant":"off","reason":"DISABLED","metadata":{}}"#),
        ] {
            let answer = server.evaluate(&server.server_key, key, context);
            assert_eq!((answer.status, answer.text().as_str()), (200, want));
            assert_eq!(answer.header("content-type"), "application/json");
        }
        // Bucket of the contract: user-1 of the salt new_checkout_flow is at 93552 of a split.
        make(&server.owner(), r#"{"key": "split", "salt": "new_checkout_flow"}"#);
        for (weight, value) in [(93_552, false), (93_553, true)] {
            configure(&server.owner(), "split", &format!(r#"{{"enabled": true, "fallthrough": {{"variant": null, "split": [{{"variant": "on", "weight": {weight}}}, {{"variant": "off", "weight": {}}}]}}}}"#, 100_000 - weight));
            let answer = server.evaluate(&server.server_key, "split", r#"{"targetingKey": "user-1"}"#);
            assert_eq!((answer.at("/value"), answer.text_at("/reason")), (json!(value), "SPLIT".to_owned()));
        }
    }

    fn the_code_s_own_default_applies_by_an_absent_value_never_by_null(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "bare", "offVariant": null, "clientVisible": true}"#);
        for key in [&server.server_key, &server.client_key] {
            let answer = server.evaluate(key, "bare", "{}");
            assert_eq!(answer.text(), r#"{"key":"bare","variant":"","reason":"DISABLED","metadata":{}}"#);
            let all = server.holding(key).post(BULK).json("{}").expect(200);
            assert!(all.text().contains(&answer.text()) && !all.text().contains("null"), "{all}");
        }
    }

    fn a_client_key_sees_what_is_for_clients_and_never_why(server: Server) {
        prepare(&server.owner());
        failure(&server.evaluate(&server.client_key, "base", "{}"), 404, "FLAG_NOT_FOUND");
        failure(&server.evaluate(&server.client_key, "nobody", "{}"), 404, "FLAG_NOT_FOUND");
        let hidden = server.evaluate(&server.client_key, "base", "{}").text().replace("base", "nobody");
        assert_eq!(hidden, server.evaluate(&server.client_key, "nobody", "{}").text(), "hidden looks like absent");
        for context in ["{}", r#"{"plan": "pro", "targetingKey": "u"}"#] {
            for key in ["rich", "gated"] {
                let answer = server.evaluate(&server.client_key, key, context);
                assert_eq!(answer.status, 200);
                for word in ["ruleId", "cause", "prerequisite", "base", "\"pro\""] {
                    assert!(!answer.text().contains(word), "{answer}");
                }
            }
            let all = server.holding(&server.client_key).post(BULK).json(&format!(r#"{{"context": {context}}}"#)).expect(200);
            let keys: Vec<String> = all.at("/flags").as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap().to_owned()).collect();
            assert_eq!(keys, ["gated", "needs-unit", "new_checkout_flow", "rich"]);
            for word in ["ruleId", "cause", "prerequisite", "base"] {
                assert!(!all.text().contains(word), "{all}");
            }
        }
        assert_eq!(server.evaluate(&server.client_key, "rich", r#"{"plan": "pro"}"#).at("/metadata"), json!({"team": "payments", "n": 3.0}));
    }

    fn a_bulk_answer_holds_every_flag_and_one_that_errs_does_not_spoil_it(server: Server) {
        prepare(&server.owner());
        let all = server.holding(&server.server_key).post(BULK).json("{}").expect(200);
        let flags = all.at("/flags");
        let keys: Vec<&str> = flags.as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["base", "gated", "needs-unit", "new_checkout_flow", "rich"]);
        assert_eq!(flags[2]["errorCode"], "TARGETING_KEY_MISSING");
        assert!(flags[2]["errorDetails"].is_string() && flags[2].get("value").is_none());
        assert_eq!(all.header("content-type"), "application/json");
        assert!(all.at("/metadata").is_object(), "{all}");
        failure(&server.evaluate(&server.server_key, "needs-unit", "{}"), 400, "TARGETING_KEY_MISSING");
        assert_eq!(server.evaluate(&server.server_key, "needs-unit", "{}").text_at("/key"), "needs-unit");
        // Each entry is what the flag alone answers.
        for flag in flags.as_array().unwrap() {
            let alone = server.evaluate(&server.server_key, flag["key"].as_str().unwrap(), "{}").json();
            assert_eq!(*flag, alone);
        }
    }

    fn the_tag_is_of_the_answer_itself(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let ask = |key: &str, context: &str, tag: &str| {
            let call = server.holding(key).post(BULK).json(&format!(r#"{{"context": {context}}}"#));
            if tag.is_empty() { call.send() } else { call.header("If-None-Match", tag).send() }
        };
        let (free, pro) = (r#"{"targetingKey": "u"}"#, r#"{"targetingKey": "u", "plan": "pro"}"#);
        let first = ask(&server.server_key, free, "");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
        for sent in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let known = ask(&server.server_key, free, &sent);
            assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, tag.as_str()), "{known}");
        }
        // Another attribute, another answer: never a stale 304.
        let other = ask(&server.server_key, pro, &tag);
        assert_eq!(other.status, 200);
        assert_ne!(other.header("etag"), tag);
        // The same answer for another key has another tag.
        let client = ask(&server.client_key, free, &tag);
        assert_eq!(client.status, 200);
        // An edit that changes no answer changes no tag; one that does, does.
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "unused"}"#).expect(201);
        assert_eq!(ask(&server.server_key, free, &tag).status, 304);
        owner.post("/api/v1/projects/default/flags/base/environments/development/off").expect(200);
        assert_eq!(ask(&server.server_key, free, &tag).status, 200);
        owner.post("/api/v1/projects/default/flags/base/environments/development/on").header("If-Match", "*").expect(200);
        assert_eq!(ask(&server.server_key, free, &tag).status, 304, "and back");
        // A single evaluation carries none.
        assert_eq!(server.evaluate(&server.server_key, "base", "{}").header("etag"), "");
    }

    fn what_cannot_be_read_and_what_can(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let client = server.holding(&server.server_key);
        let send = |path: &str, body: &[u8]| client.post(path).header("Content-Type", "application/json").body(body).send();
        for path in [single("base"), single("nobody"), BULK.to_owned()] {
            for body in [
                &b""[..], b" ", b"{", b"[]", b"null", b"7", b"\"x\"", b"{} {}", b"{\"context\": {\"a\": }}", b"{\"context\": {\"a\": \"\xff\"}}",
                br#"{"context": {"a": 1e400}}"#, br#"{"context": {"a": {"b": [-1e400]}}}"#, br#"{"context": {"a": "\ud800"}}"#, br#"{"context": {"\udc00": 1}}"#,
                br#"{"context": {"targetingKey": "\ud83d"}}"#, br#"{"context": {"a": 01}}"#, br#"{"context": {"a": NaN}}"#,
            ] {
                failure(&send(&path, body), 400, "PARSE_ERROR");
            }
            for body in [r#"{"context": null}"#, r#"{"context": []}"#, r#"{"context": "x"}"#, r#"{"context": 7}"#, r#"{"context": true}"#,
                r#"{"context": {"targetingKey": 1.5}}"#, r#"{"context": {"targetingKey": true}}"#, r#"{"context": {"targetingKey": {}}}"#, r#"{"context": {"targetingKey": []}}"#] {
                failure(&send(&path, body.as_bytes()), 400, "INVALID_CONTEXT");
            }
        }
        let deep = format!(r#"{{"context": {{"a": {}1{}}}}}"#, "[".repeat(60), "]".repeat(60));
        for body in ["{}", r#"{"context": {}}"#, r#"{"more": [1], "context": {}, "flags": null}"#, r#"{"context": {"targetingKey": null}}"#, r#"{"context": {"targetingKey": ""}}"#,
            r#"{"context": {"targetingKey": 9007199254740993}}"#, r#"{"context": {"targetingKey": 7.0}}"#, r#"{"context": {"a": 1e308, "b": "\u0000", "c": "\ud83d\udea9", "$now": 1, "$x": 2}}"#, &deep] {
            assert_eq!(send(&single("base"), body.as_bytes()).status, 200, "{body}");
            assert_eq!(send(BULK, body.as_bytes()).status, 200, "{body}");
        }
        // The last of duplicates wins, of members and of attributes.
        let twice = send(&single("rich"), br#"{"context": {"plan": "pro"}, "context": {"plan": "free", "plan": "pro"}}"#);
        assert_eq!(twice.at("/value"), true);
        let twice = send(&single("rich"), br#"{"context": {"plan": "pro"}, "context": {"plan": "pro", "plan": "free"}}"#);
        assert_eq!(twice.at("/value"), false);
        // Content types: as clients send them, and none at all.
        for kind in ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "APPLICATION/JSON"] {
            client.post(&single("base")).header("Content-Type", kind).body(b"{}").expect(200);
            client.post(BULK).header("Content-Type", kind).body(b"{}").expect(200);
        }
        client.post(&single("base")).body(b"{}").expect(200);
    }

    fn an_unknown_flag_a_strange_path_and_another_method(server: Server) {
        let client = server.holding(&server.server_key);
        let missing = server.evaluate(&server.server_key, "nobody", "{}");
        failure(&missing, 404, "FLAG_NOT_FOUND");
        assert_eq!(missing.text_at("/key"), "nobody");
        for key in ["a%00b", "a%20b", "%22", "%E6%97%A5", "a%2Fb"] {
            failure(&client.post(&single(key)).json("{}").send(), 404, "FLAG_NOT_FOUND");
        }
        assert_eq!(client.post(&single("%22")).json("{}").send().text_at("/key"), "\"");
        let bytes = client.post(&single("%ff")).json("{}").send();
        assert!(matches!(bytes.status, 400 | 404), "{bytes}");
        // There is no GET form: contexts would land in logs.
        for path in [single("new_checkout_flow"), BULK.to_owned()] {
            for method in ["GET", "PUT", "DELETE", "PATCH"] {
                let refused = client.call(method, &path).send();
                assert_eq!(refused.status, 405, "{method} {path}: {refused}");
                assert!(refused.header("allow").contains("POST"), "{refused}");
                assert_eq!(refused.header("content-type"), "application/json", "{refused}");
            }
            assert_eq!(client.call("HEAD", &path).send().status, 405);
        }
        for path in ["/ofrep/v1/nothing", "/ofrep/v2/evaluate/flags", "/ofrep/v1/evaluate/flags/a/b", "/"] {
            assert_eq!(client.post(path).json("{}").send().status, 404, "{path}");
        }
        server.anonymous().get("/nothing").refused(404, "not_found");
        server.anonymous().post("/health/ready").refused(405, "method_not_allowed");
    }

    fn a_context_that_is_too_large_is_refused_before_it_is_read(server: Server) {
        let client = server.holding(&server.server_key);
        let body = |size: usize| format!(r#"{{"context": {{"a": "{}"}}}}"#, "x".repeat(size - 22));
        for path in [single("new_checkout_flow"), BULK.to_owned()] {
            let most = 256 * 1024;
            assert_eq!(client.post(&path).json(&body(most)).send().status, 200);
            let refused = client.post(&path).json(&body(most + 1)).send();
            assert_eq!((refused.status, refused.header("content-type")), (413, "application/json"), "{refused}");
            assert!(refused.at("/errorDetails").is_string(), "{refused}");
        }
    }

    fn a_browser_may_call_from_anywhere_and_read_what_it_needs(server: Server) {
        let path = single("new_checkout_flow");
        let ask = |headers: &str| {
            server.anonymous().call("OPTIONS", &path).header("Origin", "https://shop.example.com")
                .header("Access-Control-Request-Method", "POST").header("Access-Control-Request-Headers", headers).send()
        };
        let preflight = ask("authorization,content-type,if-none-match,x-api-key");
        assert_eq!(preflight.status, 200, "{preflight}");
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert!(preflight.header("access-control-allow-methods").contains("POST"));
        for name in ["authorization", "content-type", "if-none-match", "x-api-key"] {
            assert!(preflight.header("access-control-allow-headers").contains(name), "{preflight}");
        }
        assert!(preflight.header("access-control-max-age").parse::<u32>().unwrap() > 0);
        for (key, status) in [(&server.client_key, 200), (&"nonsense".to_owned(), 401)] {
            let answer = server.holding(key).post(&path).header("Origin", "https://shop.example.com").json("{}").send();
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, "*"), "{answer}");
            for name in ["etag", "retry-after"] {
                assert!(answer.header("access-control-expose-headers").contains(name), "{answer}");
            }
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }

    fn a_client_key_with_origins_is_good_from_those_only(server: Server) {
        let body = r#"{"kind": "client", "name": "web", "environment": "development", "origins": ["https://shop.example.com"]}"#;
        let key = server.owner().post(&project("/keys")).json(body).expect(201).text_at("/secret");
        let from = |origin: &str| {
            let call = server.holding(&key).post(&single("new_checkout_flow")).json("{}");
            if origin.is_empty() { call.send() } else { call.header("Origin", origin).send() }
        };
        assert_eq!(from("https://shop.example.com").status, 200);
        assert_eq!(from("").status, 200, "not from a browser");
        for origin in ["https://evil.example.com", "http://shop.example.com", "https://shop.example.com.evil.com", "null"] {
            let refused = from(origin);
            assert_eq!((refused.status, refused.header("content-type")), (403, "application/json"), "{refused}");
        }
    }
}

#[test]
fn a_client_key_that_asks_too_often_is_told_when_to_come_back() {
    let server =
        Server::with(crate::support::Home::sqlite(), &[("PENNON_CLIENT_KEY_REQUESTS_PER_MINUTE", "30")]);
    let ask = |key: &str| server.evaluate(key, "new_checkout_flow", "{}");
    let refused = (0..10)
        .map(|_| ask(&server.client_key))
        .find(|answer| answer.status != 200)
        .expect("a tenth at once, no more");
    assert_eq!((refused.status, refused.header("content-type")), (429, "application/json"), "{refused}");
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{refused}");
    assert!(refused.at("/errorDetails").is_string(), "{refused}");
    for _ in 0..10 {
        assert_eq!(ask(&server.server_key).status, 200, "server keys are not limited");
    }
}

#[test]
fn only_origins_that_are_allowed_may_read_answers() {
    let server = Server::with(
        crate::support::Home::sqlite(),
        &[("PENNON_CORS_ORIGINS", "https://a.example,https://b.example")],
    );
    let ask = |origin: &str| {
        let call =
            server.holding(&server.client_key).post(&single("new_checkout_flow")).header("Origin", origin);
        call.json("{}").expect(200).header("access-control-allow-origin").to_owned()
    };
    assert_eq!(ask("https://b.example"), "https://b.example");
    assert_eq!(ask("https://c.example"), "");
}
