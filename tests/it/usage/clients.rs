//! What is taken with a client key, which anybody may hold: what it may see, marked as untrusted, and not much of it.

use serde_json::json;

use super::{FLAG, batch, counts, exposure, send, stored, summary, taken};
use crate::support::paths::{configure, make};
use crate::support::{Home, Server, wait_until};

/// A visible flag with a tracked rule, and one that is not visible.
fn flags(server: &Server) {
    let owner = server.owner();
    let rule = |key: &str| {
        let patch = r#"{"enabled": true, "rules": [{"id": "r", "serve": {"variant": "on"}, "track": {"run": "r-1", "arm": "a"}}]}"#;
        configure(&owner, key, patch);
    };
    make(&owner, r#"{"key": "seen", "clientVisible": true}"#);
    make(&owner, r#"{"key": "hidden"}"#);
    rule("seen");
    rule("hidden");
}

on_both! {
    fn a_client_key_tells_of_what_it_can_see_only(server: Server) {
        flags(&server);
        let shown = |flag: &str| server.evaluate(&server.client_key, flag, r#"{"targetingKey": "u"}"#).status;
        wait_until("the flags are served", || ((shown("seen"), shown("hidden")) == (200, 404)).then_some(()));
        let events = [
            summary("seen", "on", 1),
            summary("hidden", "on", 1),
            summary("seen", "no_such_variant", 1),
            summary("asked_for", "", 2),
            exposure("seen", "r-1", "a", "u-1"),
            exposure("seen", "another-run", "a", "u-1"),
            exposure("hidden", "r-1", "a", "u-1"),
            exposure("gone", "r-1", "a", "u-1"),
            r#"{"kind": "track", "metric": "m", "unit": "u-1"}"#.to_owned(),
            r#"{"kind": "instance", "sdk": "pennon-web", "labels": {"said": "anything"}}"#.to_owned(),
        ];
        let answer = server.tell_as_client(&batch(1, 1, &events.join(",")));
        assert_eq!(answer.json(), json!({"accepted": 5, "refused": [], "ignored": 5}), "{answer}");
        let home = &server.home;
        assert_eq!(counts(home)[0], ("60 seen on SPLIT client".to_owned(), 1));
        assert_eq!(counts(home).len(), 2);
        let unknown = stored(home, "SELECT flag, trusted, count FROM unknown_flag", &["flag"], &["trusted", "count"]);
        assert_eq!(unknown, [json!({"flag": "asked_for", "trusted": 0, "count": 2})]);
        let exposed = stored(home, "SELECT flag, run, trusted FROM exposure", &["flag", "run"], &["trusted"]);
        assert_eq!(exposed, [json!({"flag": "seen", "run": "r-1", "trusted": 0})]);
        let tracked = stored(home, "SELECT metric, trusted FROM track WHERE span = 60", &["metric"], &["trusted"]);
        assert_eq!(tracked, [json!({"metric": "m", "trusted": 0})]);
        let instances = stored(home, "SELECT sdk, labels, trusted FROM instance", &["sdk", "labels"], &["trusted"]);
        assert_eq!(instances, [json!({"sdk": "pennon-web", "labels": "{}", "trusted": 0})]);
    }

    fn what_a_client_tells_is_kept_apart_from_what_a_server_tells(server: Server) {
        flags(&server);
        wait_until("the flag is served", || (server.evaluate(&server.client_key, "seen", r#"{"targetingKey": "u"}"#).status == 200).then_some(()));
        let events = [summary("seen", "on", 1), exposure("seen", "r-1", "wrong", "u-1")].join(",");
        taken(&server.tell_as_client(&batch(1, 1, &events)), 2);
        // Nobody takes a server's number, or its unit, by guessing them.
        let events = [summary("seen", "on", 1), exposure("seen", "r-1", "a", "u-1")].join(",");
        taken(&server.tell(&batch(1, 1, &events)), 2);
        let exposed = stored(&server.home, "SELECT arm, trusted FROM exposure ORDER BY trusted", &["arm"], &["trusted"]);
        assert_eq!(exposed, [json!({"arm": "wrong", "trusted": 0}), json!({"arm": "a", "trusted": 1})]);
        let by = |source: &str| (format!("60 seen on SPLIT {source}"), 1);
        assert_eq!(counts(&server.home)[..2], [by("client"), by("server")]);
    }
}

#[test]
fn a_client_key_is_bound_to_its_origins_and_its_rate() {
    let server = Server::with(Home::sqlite(), &[("PENNON_CLIENT_KEY_REQUESTS_PER_MINUTE", "60")]);
    let key = r#"{"kind": "client", "name": "web", "environment": "development", "origins": ["https://shop.example.com"]}"#;
    let key = server.owner().post("/api/v1/projects/default/keys").json(key).expect(201).text_at("/secret");
    let bound = server.holding(&key);
    assert_eq!(
        send(&bound.clone().with("Origin", "https://elsewhere.example.com"), &batch(1, 1, "")).status,
        403
    );
    let home = bound.with("Origin", "https://shop.example.com");
    let answers: Vec<_> = (1..=8).map(|sequence| send(&home, &batch(1, sequence, ""))).collect();
    assert_eq!(answers[0].status, 200, "{}", answers[0]);
    let refused = answers.last().unwrap();
    assert_eq!((refused.status, refused.at("/code")), (429, json!("rate_limited")), "{refused}");
    assert_ne!(refused.header("retry-after"), "");
    assert_eq!(server.tell(&batch(1, 1, &summary(FLAG, "on", 1))).status, 200, "server keys are not limited");
}
