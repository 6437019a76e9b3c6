//! Keys and tokens: made, shown once, rotated, revoked; what a caller may give away.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::paths::{PROJECT, State, project};
use crate::support::{Answer, Client, Server, wait_until};

const SAMPLE: &str = "new_checkout_flow";

/// Makes a key of the project.
fn make(client: &Client, body: &str) -> Answer {
    client.post(&project("/keys")).json(body).expect(201)
}

fn evaluates(server: &Server, key: &str) -> u16 {
    server.evaluate(key, SAMPLE, "{}").status
}

on_both! {
    fn a_key_works_from_the_answer_that_made_it(server: Server) {
        let owner = server.owner();
        for (kind, prefix) in [("server", "pnn_srv_development_"), ("client", "pnn_cli_development_")] {
            let made = make(&owner, &format!(r#"{{"kind": "{kind}", "name": "app", "environment": "development"}}"#));
            let secret = made.text_at("/secret");
            assert!(secret.starts_with(prefix), "{secret}");
            assert_eq!((made.text_at("/kind"), made.text_at("/name"), made.text_at("/createdBy")),
                (kind.to_owned(), "app".to_owned(), "owner (first run)".to_owned()));
            assert_eq!(evaluates(&server, &secret), 200);
            // The other header, and another case of the scheme.
            let path = format!("/ofrep/v1/evaluate/flags/{SAMPLE}");
            server.anonymous().post(&path).header("X-API-Key", &secret).json("{}").expect(200);
            server.anonymous().post(&path).header("Authorization", &format!("bEARER  {secret}")).json("{}").expect(200);
        }
        let token = make(&owner, r#"{"kind": "api", "name": "ci", "grants": [{"role": "editor", "project": "default"}]}"#);
        let secret = token.text_at("/secret");
        assert!(secret.starts_with("pnn_api_"), "{secret}");
        let who = server.holding(&secret).get("/api/v1/whoami").expect(200);
        assert_eq!(who.json(), json!({"kind": "api", "id": format!("token:{}", token.text_at("/id")), "name": "ci",
            "grants": [{"role": "editor", "project": "default"}]}));
    }

    fn a_key_sees_its_own_environment_only(server: Server) {
        let owner = server.owner();
        owner.post(&format!("{PROJECT}/flags/{SAMPLE}/environments/development/on")).if_match(1).expect(200);
        let key = make(&owner, r#"{"kind": "server", "name": "p", "environment": "production"}"#).text_at("/secret");
        assert_eq!(server.evaluate(&key, SAMPLE, "{}").at("/value"), false);
        assert_eq!(server.evaluate(&server.server_key, SAMPLE, "{}").at("/value"), true);
    }

    fn a_secret_is_shown_once_and_stands_nowhere_else(server: Server) {
        let owner = server.owner();
        let made = make(&owner, r#"{"kind": "server", "name": "app", "environment": "development"}"#);
        let secret = made.text_at("/secret");
        let (_, last) = secret.rsplit_once('_').unwrap();
        let verifier = pennon::auth::secret::hex(&Sha256::digest(last));
        let id = made.text_at("/id");
        evaluates(&server, &secret);
        for path in [project("/keys"), project(&format!("/keys/{id}")), project("/audit"), "/api/v1/audit".to_owned(), "/metrics".to_owned()] {
            let answer = owner.get(&path).expect(200);
            assert!(!answer.text().contains(last), "{path} shows the secret");
            assert!(!answer.text().contains(&verifier), "{path} shows the verifier");
        }
        assert!(!server.log().contains(last), "the log shows the secret");
        assert_eq!(owner.get(&project(&format!("/keys/{id}"))).expect(200).text_at("/id"), id);
    }

    fn a_revoked_key_is_refused_from_the_next_request_on(server: Server) {
        let owner = server.owner();
        for (kind, place) in [("server", r#""environment": "development""#), ("client", r#""environment": "development""#),
            ("api", r#""grants": [{"role": "viewer", "project": "default"}]"#)] {
            let made = make(&owner, &format!(r#"{{"kind": "{kind}", "name": "x", {place}}}"#));
            let (secret, path) = (made.text_at("/secret"), project(&format!("/keys/{}", made.text_at("/id"))));
            let status = || match kind {
                "api" => server.holding(&secret).get("/api/v1/whoami").send().status,
                _ => evaluates(&server, &secret),
            };
            assert_eq!(status(), 200);
            let revoked = owner.delete(&path).expect(200);
            assert!(revoked.at("/revokedAt").is_string(), "{revoked}");
            assert_eq!(status(), 401);
            // Once more changes nothing.
            let before = State::of(&server);
            assert_eq!(owner.delete(&path).expect(200).at("/revokedAt"), revoked.at("/revokedAt"));
            assert_eq!(State::of(&server), before);
            owner.post(&format!("{path}/rotate")).refused(409, "in_use");
        }
    }

    fn a_rotated_key_goes_on_for_the_overlap(server: Server) {
        let owner = server.owner();
        let made = make(&owner, r#"{"kind": "client", "name": "web", "environment": "development", "origins": ["https://shop.example.com"]}"#);
        let (old, path) = (made.text_at("/secret"), project(&format!("/keys/{}", made.text_at("/id"))));
        for bad in [r#"{"overlapSeconds": -1}"#, r#"{"overlapSeconds": 2592001}"#] {
            owner.post(&format!("{path}/rotate")).json(bad).invalid(&[("/overlapSeconds", "limit_exceeded")]);
        }
        let second = owner.post(&format!("{path}/rotate")).expect(201);
        let new = second.text_at("/secret");
        assert_eq!((second.at("/origins"), second.text_at("/name")), (json!(["https://shop.example.com"]), "web".to_owned()));
        assert_eq!((evaluates(&server, &old), evaluates(&server, &new)), (200, 200));
        let first = owner.get(&path).expect(200);
        assert_eq!(first.text_at("/rotatedTo"), second.text_at("/id"));
        assert!(first.at("/expiresAt").is_string(), "{first}");
        owner.post(&format!("{path}/rotate")).refused(409, "in_use");
        // Without an overlap the old one ends at once.
        let path = project(&format!("/keys/{}", second.text_at("/id")));
        let third = owner.post(&format!("{path}/rotate")).json(r#"{"overlapSeconds": 0}"#).expect(201).text_at("/secret");
        assert_eq!((evaluates(&server, &new), evaluates(&server, &third)), (401, 200));
    }

    fn a_key_ends_when_it_expires(server: Server) {
        let owner = server.owner();
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(700);
        let made = make(&owner, &format!(r#"{{"kind": "server", "name": "x", "environment": "development", "expiresAt": "{soon}"}}"#));
        let key = made.text_at("/secret");
        wait_until("the key has expired", || (evaluates(&server, &key) == 401).then_some(()));
        assert!(jiff::Timestamp::now() >= soon);
        let path = project(&format!("/keys/{}/rotate", made.text_at("/id")));
        owner.post(&path).refused(409, "in_use");
    }

    fn a_key_that_cannot_be_is_refused_with_its_place(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        let send = |body: &str| owner.post(&project("/keys")).json(body);
        let many = vec!["\"https://a.example\""; 51].join(",");
        let grants = vec![r#"{"role": "viewer", "project": "default"}"#; 51].join(",");
        for (body, pointer, code) in [
            (r#"{"kind": "server", "name": " ", "environment": "development"}"#.to_owned(), "/name", "missing_member"),
            (r#"{"kind": "server", "name": "a\u0000b", "environment": "development"}"#.to_owned(), "/name", "invalid_value"),
            (format!(r#"{{"kind": "server", "name": "{}", "environment": "development"}}"#, "x".repeat(201)), "/name", "limit_exceeded"),
            (r#"{"kind": "server", "name": "x"}"#.to_owned(), "/environment", "missing_member"),
            (r#"{"kind": "server", "name": "x", "environment": "nowhere"}"#.to_owned(), "/environment", "unknown_environment"),
            (r#"{"kind": "server", "name": "x", "environment": "development", "origins": ["https://x.example"]}"#.to_owned(), "/origins", "invalid_value"),
            (r#"{"kind": "client", "name": "x", "environment": "development", "origins": ["https://x.example", "x.example"]}"#.to_owned(), "/origins/1", "invalid_value"),
            (r#"{"kind": "client", "name": "x", "environment": "development", "origins": ["https://x.example/path"]}"#.to_owned(), "/origins/0", "invalid_value"),
            (format!(r#"{{"kind": "client", "name": "x", "environment": "development", "origins": [{many}]}}"#), "/origins", "limit_exceeded"),
            (r#"{"kind": "client", "name": "x", "environment": "development", "grants": [{"role": "viewer"}]}"#.to_owned(), "/grants", "invalid_value"),
            (r#"{"kind": "api", "name": "x"}"#.to_owned(), "/grants", "missing_member"),
            (format!(r#"{{"kind": "api", "name": "x", "grants": [{grants}]}}"#), "/grants", "missing_member"),
            (r#"{"kind": "api", "name": "x", "grants": [{"role": "viewer"}]}"#.to_owned(), "/grants/0", "invalid_value"),
            (r#"{"kind": "api", "name": "x", "grants": [{"role": "viewer", "project": "other"}]}"#.to_owned(), "/grants/0", "invalid_value"),
            (r#"{"kind": "api", "name": "x", "grants": [{"role": "viewer", "environment": "development"}]}"#.to_owned(), "/grants/0", "missing_member"),
            (r#"{"kind": "api", "name": "x", "environment": "development", "grants": [{"role": "viewer", "project": "default"}]}"#.to_owned(), "", "invalid_value"),
            (r#"{"kind": "server", "name": "x", "environment": "development", "expiresAt": "2020-01-01T00:00:00Z"}"#.to_owned(), "/expiresAt", "invalid_value"),
            (r#"{"kind": "server", "name": "x", "environment": "development", "expiresAt": "tomorrow"}"#.to_owned(), "/expiresAt", "invalid_date"),
        ] {
            send(&body).invalid(&[(pointer, code)]);
        }
        send(r#"{"kind": "owner", "name": "x"}"#).expect(422);
        send(r#"{"kind": "server", "name": "x", "environment": "development", "colour": 1}"#).expect(422);
        owner.post("/api/v1/keys").json(r#"{"kind": "server", "name": "x", "environment": "development"}"#)
            .invalid(&[("/environment", "missing_member")]);
        assert_eq!(State::of(&server), before);
    }

    fn nobody_gives_away_more_than_they_hold(server: Server) {
        let owner = server.owner();
        let admin = make(&owner, r#"{"kind": "api", "name": "a", "grants": [{"role": "admin", "project": "default"}]}"#);
        let admin = server.holding(&admin.text_at("/secret"));
        let send = |role: &str| admin.post(&project("/keys"))
            .json(&format!(r#"{{"kind": "api", "name": "x", "grants": [{{"role": "viewer", "project": "default"}}, {{"role": "{role}", "project": "default"}}]}}"#));
        let before = State::of(&server);
        send("owner").refused(403, "forbidden");
        assert_eq!(State::of(&server), before);
        send("admin").expect(201);
        let everywhere = server.with_role("admin");
        everywhere.post("/api/v1/keys").json(r#"{"kind": "api", "name": "x", "grants": [{"role": "owner"}]}"#).refused(403, "forbidden");
        // Rotating somebody's stronger token would hand out its secret.
        let strong = owner.post("/api/v1/keys").json(r#"{"kind": "api", "name": "o", "grants": [{"role": "owner"}]}"#).expect(201);
        everywhere.post(&format!("/api/v1/keys/{}/rotate", strong.text_at("/id"))).refused(403, "forbidden");
        assert_eq!(server.holding(&strong.text_at("/secret")).get("/api/v1/whoami").expect(200).status, 200);
    }

    fn a_key_belongs_to_its_project(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        let mine = make(&owner, r#"{"kind": "server", "name": "x", "environment": "development"}"#).text_at("/id");
        owner.get(&format!("/api/v1/projects/shop/keys/{mine}")).refused(404, "not_found");
        owner.delete(&format!("/api/v1/projects/shop/keys/{mine}")).refused(404, "not_found");
        owner.get(&format!("/api/v1/keys/{mine}")).refused(404, "not_found");
        owner.delete(&format!("/api/v1/keys/{mine}")).refused(404, "not_found");
        owner.post(&format!("/api/v1/keys/{mine}/rotate")).refused(404, "not_found");
        owner.get(&project(&format!("/keys/{mine}"))).expect(200);
    }
}
