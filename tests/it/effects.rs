//! What a change has for effects besides its own: on repetitions, on protected environments, on the log, on caches.

use pennon::store::flag as store;
use serde_json::json;

use crate::support::home::block_on;
use crate::support::paths::{State, development, flag, make, project};
use crate::support::{Home, Server};

on_both! {
    fn a_kill_that_finds_the_flag_off_waits_for_this_node_and_tells_the_revision(server: Server) {
        let off = "/api/v1/projects/default/flags/new_checkout_flow/environments/development/off";
        for _ in 0..2 {
            let answer = server.owner().post(off).json("{}").expect(200);
            assert_eq!(answer.revision(), 1, "nothing changed, so the revision stays: {answer}");
            assert_eq!(answer.header("x-pennon-applied"), "", "{answer}");
        }
    }

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

    fn an_entry_of_what_is_shared_tells_every_revision(server: Server) {
        let owner = server.owner();
        let last = || owner.get(&project("/audit?limit=1")).expect(200).at("/items/0/entry");
        let told = |action: &str| {
            let (entry, state) = (last(), State::of(&server));
            assert_eq!(entry["action"], action);
            assert_eq!(entry["revisions"], json!({"development": state.development, "production": state.production}), "{entry}");
            assert!(entry["revision"].is_null(), "{entry}");
            entry
        };
        make(&owner, r#"{"key": "f"}"#);
        let made = told("flag.create");
        assert_eq!(made["after"]["configuration"], json!({"enabled": false, "offVariant": "off", "fallthrough": {"variant": "on"}}));
        owner.patch(&flag("f")).if_match(1).reason("r").json(r#"{"clientVisible": true}"#).expect(200);
        told("flag.edit");
        owner.delete(&flag("f")).if_match(2).reason("r").expect(200);
        told("flag.archive");
        owner.post(&format!("{}/restore", flag("f"))).if_match(3).reason("r").expect(200);
        told("flag.restore");
        for kind in ["segment", "layer"] {
            let path = project(&format!("/{kind}s"));
            owner.post(&path).json(r#"{"key": "s"}"#).expect(201);
            told(&format!("{kind}.create"));
            owner.patch(&format!("{path}/s")).if_match(1).reason("r").json(r#"{"by": ["plan"]}"#).expect(200);
            told(&format!("{kind}.edit"));
            owner.patch(&format!("{path}/s")).if_match(2).json(r#"{"owner": "me"}"#).expect(200);
            assert!(last()["revisions"].is_null(), "no snapshot changed: {}", last());
        }
        // What belongs to one environment tells that one's.
        let on = owner.post(&development("f", "/on")).header("If-Match", "*").expect(200);
        assert_eq!((last()["revision"].as_i64(), last()["revisions"].is_null()), (Some(on.revision()), true));
    }

    fn a_restored_flag_has_one_version_more_which_a_snapshot_carries(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        owner.post(&development("f", "/on")).if_match(1).expect(200);
        owner.delete(&flag("f")).if_match(1).reason("r").expect(200);
        owner.post(&format!("{}/restore", flag("f"))).if_match(2).reason("r").expect(200);
        let read = owner.get(&development("f", "")).expect(200);
        assert_eq!((read.version(), read.at("/enabled")), (3, json!(false)));
        let history = owner.get(&development("f", "/history")).expect(200).json();
        let told: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| (item["version"].clone(), item["action"].clone(), item["revision"].is_i64())).collect();
        let want = [(3, "flag.restore"), (2, "flag.on"), (1, "flag.create")].map(|(version, action)| (json!(version), json!(action), true));
        assert_eq!(told, want);
        assert_eq!(history["items"][0]["revision"], State::of(&server).development);
    }

    fn an_edit_of_the_definition_tells_in_words_where_a_configuration_breaks(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f", "type": "string", "variants": {"a": "x", "b": "y"}}"#);
        owner.patch(&development("f", "")).if_match(1).json(r#"{"rules": [{"id": "r", "serve": {"variant": "b"}}]}"#).expect(200);
        let edit = |body: &str| owner.patch(&flag("f")).if_match(1).reason("r").json(body);
        let refused = edit(r#"{"variants": {"b": null}}"#).invalid(&[("", "unknown_variant")]);
        let detail = refused.text_at("/errors/0/detail");
        assert!(detail.starts_with("in the configuration of \"development\" at /rules/0/serve/variant: "), "{detail}");
        edit(r#"{"variants": {"b": 7}}"#).invalid(&[("/variants/b", "wrong_type")]);
    }

    fn a_tag_of_the_admin_api_stands_for_the_bytes_that_are_sent(server: Server) {
        let owner = server.owner().with("Accept-Encoding", "gzip");
        let long = "d".repeat(1_000);
        make(&owner, &format!(r#"{{"key": "f", "description": "{long}"}}"#));
        owner.post(&project("/segments")).json(&format!(r#"{{"key": "s", "description": "{long}"}}"#)).expect(201);
        for path in ["/flags/f", "/flags/f/environments/development", "/segments/s", "/environments/development"] {
            let read = owner.get(&project(path)).expect(200);
            assert_eq!((read.header("content-encoding"), read.header("etag")), ("", "\"1\""), "{read}");
        }
        let known = owner.get(&project("/segments/s")).header("If-None-Match", "W/\"1\"").expect(304);
        assert_eq!(known.header("etag"), "\"1\"");
        let tag = owner.get(&flag("f")).expect(200).header("etag").to_owned();
        owner.patch(&flag("f")).header("If-Match", &tag).json(r#"{"owner": "me"}"#).expect(200);
        // What has no tag is compressed.
        for path in [project("/flags"), "/openapi.json".to_owned()] {
            assert_eq!(owner.get(&path).expect(200).header("content-encoding"), "gzip", "{path}");
        }
    }

    fn the_answer_for_all_flags_has_a_weak_tag_when_it_is_compressed(server: Server) {
        let (owner, plain) = (server.owner(), server.holding(&server.server_key));
        for key in ["one", "two", "three"] {
            make(&owner, &format!(r#"{{"key": "{key}"}}"#));
        }
        let all = |known: &str| {
            let call = plain.post("/ofrep/v1/evaluate/flags").header("Accept-Encoding", "gzip").json(r#"{"context": {"targetingKey": "u"}}"#);
            if known.is_empty() { call.send() } else { call.header("If-None-Match", known).send() }
        };
        let identity = plain.post("/ofrep/v1/evaluate/flags").json(r#"{"context": {"targetingKey": "u"}}"#).expect(200);
        let strong = identity.header("etag").to_owned();
        assert!(strong.starts_with('"'), "{identity}");
        let first = all("");
        assert_eq!((first.status, first.header("content-encoding")), (200, "gzip"));
        assert_eq!(first.header("etag"), format!("W/{strong}"));
        let known = all(first.header("etag"));
        assert_eq!((known.status, known.header("etag")), (304, first.header("etag")));
        let known = all(&strong);
        assert_eq!((known.status, known.header("etag")), (304, strong.as_str()));
    }
}

#[test]
fn a_restored_flag_counts_like_a_new_one() {
    let server = Server::on(Home::sqlite());
    let owner = server.owner();
    make(&owner, r#"{"key": "f"}"#);
    owner.delete(&flag("f")).if_match(1).reason("r").expect(200);
    block_on(async {
        let db = server.home.open().await;
        let id = pennon::store::project::get(&db, "default").await.unwrap().unwrap().id;
        let mut tx = db.begin().await.unwrap();
        let have = store::count(&mut tx, &id).await.unwrap();
        for number in have..10_000 {
            let row = store::Flag {
                id: pennon::store::new_id(),
                key: format!("many-{number}"),
                version: 1,
                definition: "{}".to_owned(),
                created_at: 1,
                updated_at: 1,
                archived_at: None,
            };
            store::insert(&mut tx, &id, &row).await.unwrap();
        }
        tx.commit().await.unwrap();
        db.close().await;
    });
    let restore = owner.post(&format!("{}/restore", flag("f"))).if_match(2).reason("r");
    let refused = restore.invalid(&[("", "limit_exceeded")]);
    assert!(refused.text_at("/detail").contains("10000"), "{refused}");
}
