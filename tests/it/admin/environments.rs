//! Environments: made empty or as a copy, protected, given a new epoch, archived.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{State, configure, development, flag_that_is_on, make, production, project};

on_both! {
    fn a_new_environment_has_every_flag_disabled(server: Server) {
        let owner = server.owner();
        flag_that_is_on(&owner, "f");
        let made = owner.post(&project("/environments")).json(r#"{"key": "staging", "name": "Staging area"}"#).expect(201);
        assert_eq!((made.version(), made.number_at("/revision"), made.at("/protected")), (1, 1, json!(false)));
        assert_eq!((made.text_at("/name"), made.text_at("/project")), ("Staging area".to_owned(), "default".to_owned()));
        let configuration = owner.get(&project("/flags/f/environments/staging")).expect(200);
        assert_eq!((configuration.at("/enabled"), configuration.version()), (json!(false), 1));
        let key = owner.post(&project("/keys")).json(r#"{"kind": "server", "name": "s", "environment": "staging"}"#).expect(201).text_at("/secret");
        assert_eq!(server.evaluate(&key, "f", "{}").text_at("/reason"), "DISABLED");
        owner.post(&project("/flags/f/environments/staging/on")).if_match(1).expect(200);
        assert_eq!(server.evaluate(&key, "f", "{}").at("/value"), true);
        owner.post(&project("/environments")).json(r#"{"key": "staging"}"#).refused(409, "exists");
    }

    fn an_environment_can_start_as_a_copy(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "n", "type": "number", "variants": {"a": 3.0, "b": 4.0}}"#);
        configure(&owner, "n", r#"{"enabled": true, "rules": [{"id": "r", "when": {"percentage": 12.50}, "serve": {"variant": "b"}}]}"#);
        owner.post(&project("/environments")).json(r#"{"key": "copy", "copyFrom": "development", "protected": true}"#).expect(201);
        let (source, copy) = (owner.get(&development("n", "")).expect(200), owner.get(&project("/flags/n/environments/copy")).expect(200));
        for member in ["enabled", "rules", "fallthrough", "offVariant", "targets", "prerequisites"] {
            assert_eq!(source.at(&format!("/{member}")), copy.at(&format!("/{member}")), "{member}");
        }
        assert!(copy.text().contains("12.50"), "{copy}");
        owner.post(&project("/environments")).json(r#"{"key": "x", "copyFrom": "nowhere"}"#).invalid(&[("/copyFrom", "unknown_environment")]);
        // Archived flags are copied as well, so that a restore finds them everywhere.
        let key = owner.post(&project("/keys")).json(r#"{"kind": "server", "name": "s", "environment": "copy"}"#).expect(201).text_at("/secret");
        assert!(server.evaluate(&key, "n", r#"{"targetingKey": "u"}"#).text().contains(".0,"));
    }

    fn a_copied_environment_serves_segments_and_layers_too(server: Server) {
        let owner = server.owner();
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "s", "included": ["u"]}"#).expect(201);
        make(&owner, r#"{"key": "f"}"#);
        configure(&owner, "f", r#"{"enabled": true, "fallthrough": {"variant": "off"}, "rules": [{"id": "r", "when": {"segment": "s"}, "serve": {"variant": "on"}}]}"#);
        owner.post(&project("/environments")).json(r#"{"key": "copy", "copyFrom": "development"}"#).expect(201);
        let key = owner.post(&project("/keys")).json(r#"{"kind": "server", "name": "s", "environment": "copy"}"#).expect(201).text_at("/secret");
        assert_eq!(server.evaluate(&key, "f", r#"{"targetingKey": "u"}"#).at("/value"), true);
        assert_eq!(server.evaluate(&key, "f", r#"{"targetingKey": "v"}"#).at("/value"), false);
    }

    fn protection_is_a_setting_that_changes_no_snapshot(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let before = State::of(&server);
        let edit = |version: i64, body: &str| owner.patch(&project("/environments/development")).if_match(version).json(body);
        let edited = edit(1, r#"{"protected": true, "name": "Dev"}"#).expect(200);
        assert_eq!((edited.version(), edited.at("/protected"), edited.text_at("/name")), (2, json!(true), "Dev".to_owned()));
        assert_eq!(State::of(&server), State { audit: before.audit + 1, ..before });
        server.with_role("editor").post(&development("f", "/on")).if_match(1).reason("r").refused(403, "forbidden");
        edit(2, r#"{"protected": false}"#).reason("r").expect(200);
        server.with_role("editor").post(&development("f", "/on")).if_match(1).expect(200);
        assert_eq!(edit(3, "{}").expect(200).version(), 3);
        edit(3, r#"{"key": "other"}"#).expect(422);
        server.with_role("admin").patch(&project("/environments/development")).if_match(3).json(r#"{"name": "x"}"#).refused(403, "forbidden");
    }

    fn a_new_epoch_begins_a_new_line_of_history(server: Server) {
        let owner = server.owner();
        flag_that_is_on(&owner, "f");
        let before = owner.get(&project("/environments/development")).expect(200);
        let new = owner.post(&project("/environments/development/new-epoch")).if_match(1).reason("restored").expect(200);
        assert!(new.number_at("/epoch") > before.number_at("/epoch"), "{new}");
        assert_eq!(new.number_at("/revision"), before.number_at("/revision") + 1);
        assert_eq!((new.version(), new.revision()), (2, new.number_at("/revision")));
        // It serves what it served, and goes on taking changes.
        assert_eq!(server.evaluate(&server.server_key, "f", "{}").at("/value"), true);
        owner.post(&development("f", "/off")).expect(200);
        assert_eq!(server.evaluate(&server.server_key, "f", "{}").at("/value"), false);
    }

    fn the_keys_of_an_archived_environment_stop_working(server: Server) {
        let owner = server.owner();
        assert_eq!(server.evaluate(&server.server_key, "new_checkout_flow", "{}").status, 200);
        owner.delete(&project("/environments/production")).if_match(1).refused(422, "reason_required");
        owner.delete(&project("/environments/development")).if_match(1).expect(200);
        for key in [&server.server_key, &server.client_key] {
            assert_eq!(server.evaluate(key, "new_checkout_flow", "{}").status, 401);
        }
        owner.get(&project("/environments/development")).refused(404, "not_found");
        owner.get(&development("new_checkout_flow", "")).refused(404, "not_found");
        owner.post(&development("new_checkout_flow", "/on")).if_match(1).refused(404, "not_found");
        owner.post(&development("new_checkout_flow", "/explain")).json("{}").refused(404, "not_found");
        assert!(owner.get(&project("/flags/new_checkout_flow")).expect(200).at("/environments/development").is_null());
        owner.post(&project("/environments")).json(r#"{"key": "development"}"#).refused(409, "exists");
        // The others go on.
        make(&owner, r#"{"key": "after"}"#);
        owner.post(&production("after", "/on")).if_match(1).reason("r").expect(200);
    }
}
