//! What a change has for effects besides its own: on repetitions, on protected environments, on the log, on caches.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{development, make, project};

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
}
