//! Every operation of the document with every kind of credential: the right ones pass, the wrong ones are told apart,
//! and none of the wrong ones changes anything.

use serde_json::Value;

use crate::support::paths::State;
use crate::support::{Home, Server};

/// One operation: method, path with its parameters filled in, and whether it has a body.
struct Operation {
    id: String,
    method: String,
    path: String,
    has_body: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(pennon::http::openapi_json()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let is_flag = path.contains("/flags/{flag}") || path.starts_with("/ofrep");
            let path = path
                .replace("{project}", "default")
                .replace("{environment}", "development")
                .replace("{flag}", "new_checkout_flow")
                .replace("{channel}", "nobody.0")
                .replace("{key}", if is_flag { "new_checkout_flow" } else { "nobody" });
            assert!(!path.contains('{'), "{path}");
            let needs_environment = operation["parameters"].as_array().is_some_and(|parameters| {
                parameters.iter().any(|one| {
                    one["in"] == "query" && one["name"] == "environment" && one["required"] == true
                })
            });
            let path = if needs_environment { format!("{path}?environment=development") } else { path };
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path,
                has_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(found.len() > 40, "{}", found.len());
    found
}

/// Streams end by themselves, so that their answers can be read to the end.
struct ShortStreams(Server);

impl From<Home> for ShortStreams {
    fn from(home: Home) -> ShortStreams {
        ShortStreams(Server::with(home, &[("PENNON_STREAM_MAX_AGE", "20ms")]))
    }
}

on_both! {
    fn every_operation_tells_credentials_apart(short: ShortStreams) {
        let server = short.0;
        let garbage = ["", "nonsense", "pnn_api_", "pnn_srv_development_AAAAAAAAAAAAAAAA_AAAA"];
        let wrong = |key: &str| format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' });
        let revoked = {
            let body = r#"{"kind": "api", "name": "gone", "grants": [{"role": "owner"}]}"#;
            let made = server.owner().post("/api/v1/keys").json(body).expect(201);
            server.owner().delete(&format!("/api/v1/keys/{}", made.text_at("/id"))).expect(200);
            made.text_at("/secret")
        };
        let before = State::of(&server);
        for operation in operations() {
            let send = |headers: &[(&str, &str)]| {
                let mut call = server.anonymous().call(&operation.method, &operation.path);
                for (name, value) in headers {
                    call = call.header(name, value);
                }
                if operation.has_body { call.json("{}").send() } else { call.send() }
            };
            let holding = |key: &str| send(&[("Authorization", &format!("Bearer {key}"))]);
            let id = &operation.id;
            if operation.path.starts_with("/health") {
                assert_eq!(send(&[]).status, 200, "{id} needs no credential");
                continue;
            }
            let is_ofrep = operation.path.starts_with("/ofrep");
            if operation.path.ends_with("/nobody.0") {
                // The address is the credential, whatever else is sent; tests/it/streams has the good ones.
                for key in ["", &server.token, &server.server_key] {
                    assert_eq!(holding(key).status, 401, "{id}");
                }
                continue;
            }
            let check = |answer: crate::support::Answer, status: u16, code: &str, what: &str| {
                assert_eq!(answer.status, status, "{id} with {what}: {answer}");
                if is_ofrep {
                    assert_eq!(answer.header("content-type"), "application/json", "{id}: {answer}");
                    assert!(answer.at("/errorDetails").is_string(), "{id}: {answer}");
                } else {
                    assert_eq!(answer.at("/code"), code, "{id} with {what}: {answer}");
                    assert!(answer.at("/requestId").is_string(), "{id}: {answer}");
                }
                if status == 401 {
                    assert_eq!(answer.header("www-authenticate"), "Bearer", "{id}: {answer}");
                }
            };
            check(send(&[]), 401, "unauthenticated", "none");
            check(send(&[("Authorization", "Basic dTpw")]), 401, "unauthenticated", "Basic");
            for text in garbage {
                check(holding(text), 401, "unauthenticated", "garbage");
                check(send(&[("X-API-Key", text)]), 401, "unauthenticated", "garbage");
            }
            for (key, name) in [(&server.token, "a token"), (&server.server_key, "a server key"), (&server.client_key, "a client key")] {
                check(holding(&wrong(key)), 401, "unauthenticated", &format!("{name} with a wrong secret"));
            }
            check(holding(&revoked), 401, "unauthenticated", "a revoked token");
            if is_ofrep {
                check(holding(&server.token), 403, "", "a token");
                for key in [&server.server_key, &server.client_key] {
                    assert_eq!(holding(key).status, 200, "{id}");
                    assert_eq!(send(&[("X-API-Key", key)]).status, 200, "{id}");
                }
            } else if operation.path.starts_with("/api/v1/sdk/") {
                check(holding(&server.token), 403, "wrong_key_kind", "a token");
                // An empty batch is let in, and then is no batch.
                let expected = if operation.path.ends_with("/events") { 422 } else { 200 };
                let answer = holding(&server.client_key);
                assert_eq!(answer.status, if operation.method == "POST" { expected } else { 403 }, "{id}: {answer}");
                assert_eq!(holding(&server.server_key).status, expected, "{id}");
                assert_eq!(send(&[("X-API-Key", &server.server_key)]).status, expected, "{id}");
            } else {
                check(holding(&server.server_key), 403, "wrong_key_kind", "a server key");
                check(holding(&server.client_key), 403, "wrong_key_kind", "a client key");
                check(send(&[("X-API-Key", &server.server_key)]), 403, "wrong_key_kind", "a server key");
            }
        }
        assert_eq!(State::of(&server), before, "a wrong credential changes nothing");
        // The right one passes everywhere: whatever else is missing from the request is told.
        let is_admin = |operation: &&Operation| {
            operation.path.starts_with("/api") && !operation.path.starts_with("/api/v1/sdk/")
        };
        for operation in operations().iter().filter(is_admin) {
            let call = server.owner().call(&operation.method, &operation.path);
            let answer = if operation.has_body { call.json("{}").send() } else { call.send() };
            let known = matches!(answer.status, 200 | 201 | 404 | 422 | 428);
            assert!(known, "{}: {answer}", operation.id);
            assert!(answer.status != 404 || operation.path.contains("nobody"), "{}: {answer}", operation.id);
        }
    }
}
