//! What a change has for effects besides its own: on repetitions, on protected environments, on the log, on caches.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{State, development, flag, make, project};

on_both! {
    fn a_repetition_of_what_changed_nothing_changes_nothing_later(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let off = || owner.post(&development("f", "/off")).once("off-1");
        let first = off().expect(200);
        assert_eq!((first.at("/enabled"), first.version()), (json!(false), 1));
        owner.post(&development("f", "/on")).if_match(1).expect(200);
        let again = off().expect(200);
        assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), "true"));
        assert_eq!(owner.get(&development("f", "")).expect(200).at("/enabled"), true);
        owner.post(&development("f", "/on")).once("off-1").if_match(2).refused(422, "idempotency_mismatch");
    }

    fn a_key_used_at_once_in_two_projects_is_a_mismatch_for_one(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "other"}"#).expect(201);
        for round in 0..10 {
            let calls = ["default", "other"].map(|name| {
                let call = owner.post(&format!("/api/v1/projects/{name}/flags")).once(&format!("k-{round}"));
                call.json(&format!(r#"{{"key": "f-{round}"}}"#))
            });
            let mut told: Vec<(u16, String)> = std::thread::scope(|scope| {
                let running: Vec<_> = calls.into_iter().map(|call| scope.spawn(|| call.send())).collect();
                running.into_iter().map(|one| one.join().unwrap()).map(|answer| (answer.status, answer.at("/code").to_string())).collect()
            });
            told.sort();
            assert_eq!(told, [(201, "null".to_owned()), (422, "\"idempotency_mismatch\"".to_owned())], "round {round}");
        }
    }

    fn a_repetition_tells_the_revision_too(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let on = || owner.post(&development("f", "/on")).if_match(1).once("k");
        let first = on().expect(200);
        let again = on().expect(200);
        assert_eq!((again.revision(), again.header("idempotent-replayed")), (first.revision(), "true"));
        assert_eq!(again.header("x-pennon-applied"), "");
        let key = || owner.post(&project("/keys")).once("key").json(r#"{"kind": "server", "name": "n", "environment": "development"}"#);
        key().expect(201);
        assert_eq!(key().expect(201).header("x-pennon-applied"), "");
    }

    fn restoring_changes_what_a_protected_environment_serves(server: Server) {
        let (owner, editor) = (server.owner(), server.with_role("editor"));
        make(&owner, r#"{"key": "f"}"#);
        owner.delete(&flag("f")).if_match(1).reason("r").expect(200);
        for kind in ["segments", "layers"] {
            owner.post(&project(&format!("/{kind}"))).json(r#"{"key": "s"}"#).expect(201);
            owner.delete(&project(&format!("/{kind}/s"))).if_match(1).reason("r").expect(200);
        }
        let before = State::of(&server);
        for path in ["flags/f", "segments/s", "layers/s"] {
            let restore = |client: &crate::support::Client| client.post(&project(&format!("/{path}/restore"))).if_match(2);
            restore(&editor).reason("r").refused(403, "forbidden");
            restore(&owner).refused(422, "reason_required");
        }
        assert_eq!(State::of(&server), before);
        owner.post(&project("/flags/f/restore")).if_match(2).reason("r").expect(200);
    }

    fn a_creation_that_says_what_is_served_is_an_edit_of_the_protected(server: Server) {
        let (owner, editor) = (server.owner(), server.with_role("editor"));
        let before = State::of(&server);
        for body in [
            r#"{"key": "f", "offVariant": "on"}"#,
            r#"{"key": "f", "offVariant": "off"}"#,
            r#"{"key": "f", "fallthrough": {"variant": "off"}}"#,
            r#"{"key": "f", "variants": {"on": false, "off": true}}"#,
            r#"{"key": "f", "type": "boolean", "variants": {"yes": true, "no": false}}"#,
        ] {
            editor.post(&project("/flags")).reason("r").json(body).refused(403, "forbidden");
            owner.post(&project("/flags")).json(body).refused(422, "reason_required");
        }
        assert_eq!(State::of(&server), before);
        for body in [
            r#"{"key": "plain"}"#,
            r#"{"key": "silent", "offVariant": null, "variants": {"yes": true, "no": false}}"#,
            r#"{"key": "words", "type": "string", "variants": {"a": "x", "b": "y"}}"#,
        ] {
            editor.post(&project("/flags")).json(body).expect(201);
        }
        owner.post(&project("/flags")).reason("r").json(r#"{"key": "f", "offVariant": "on"}"#).expect(201);
    }

    fn going_back_to_another_salt_must_be_meant_too(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "s"}"#);
        for kind in ["segments", "layers"] {
            owner.post(&project(&format!("/{kind}"))).json(r#"{"key": "s"}"#).expect(201);
        }
        for path in ["flags/s", "segments/s", "layers/s"] {
            let path = project(&format!("/{path}"));
            owner.patch(&format!("{path}?reshuffle=true")).if_match(1).reason("r").json(r#"{"salt": "other"}"#).expect(200);
            let revert = |query: &str| owner.post(&format!("{path}/revert{query}")).if_match(2).reason("r").json(r#"{"version": 1}"#);
            revert("").invalid(&[("/version", "reshuffle_required")]);
            revert("?reshuffle=false").invalid(&[("/version", "reshuffle_required")]);
            assert_eq!(revert("?reshuffle=true").expect(200).text_at("/salt"), "s");
            // The same salt needs no word.
            owner.patch(&path).if_match(3).json(r#"{"description": "d"}"#).expect(200);
            owner.post(&format!("{path}/revert")).if_match(4).json(r#"{"version": 3}"#).expect(200);
        }
    }
}
