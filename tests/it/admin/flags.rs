//! Flags: their definitions.

use crate::support::Server;
use crate::support::paths::{
    State, configure, development, flag, flag_that_is_on, make, production, project,
};

on_both! {
    fn a_boolean_flag_needs_no_more_than_its_key(server: Server) {
        let owner = server.owner();
        let made = owner.post(&project("/flags")).json(r#"{"key": "dark"}"#).expect(201);
        assert_eq!(made.version(), 1);
        let text = made.text();
        assert!(text.contains(r#""type":"boolean","variants":{"on":true,"off":false},"salt":"dark","clientVisible":false"#), "{text}");
        for environment in ["development", "production"] {
            let at = |name: &str| made.at(&format!("/environments/{environment}/{name}"));
            assert_eq!(at("enabled"), false);
            assert_eq!(at("offVariant"), "off");
            assert_eq!(at("fallthrough/variant"), "on");
            assert_eq!(at("rules"), serde_json::json!([]));
            assert_eq!(at("version"), 1);
        }
        let read = owner.get(&flag("dark")).expect(200);
        assert_eq!(read.text(), text);
        assert_eq!(read.version(), 1);
        let served = server.evaluate(&server.server_key, "dark", "{}");
        assert_eq!(served.text(), r#"{"key":"dark","value":false,"variant":"off","reason":"DISABLED","metadata":{}}"#);
    }

    fn a_number_keeps_the_form_it_was_written_in(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "n", "type": "number", "variants": {"a": 3.0, "b": 1e2, "c": -0.50}}"#);
        let read = owner.get(&flag("n")).expect(200);
        assert!(read.text().contains(r#"{"a":3.0,"b":1e2,"c":-0.50}"#), "{read}");
        let edited = owner.patch(&flag("n")).if_match(1).reason("more").json(r#"{"variants": {"d": 7.000, "b": null}}"#);
        let edited = edited.expect(200);
        assert!(edited.text().contains(r#"{"a":3.0,"c":-0.50,"d":7.000}"#), "{edited}");
        for (variant, value) in [("a", "3.0"), ("c", "-0.50"), ("d", "7.000")] {
            configure(&owner, "n", &format!(r#"{{"enabled": true, "fallthrough": {{"variant": "{variant}"}}}}"#));
            let served = server.evaluate(&server.server_key, "n", "{}");
            assert!(served.text().contains(&format!(r#""value":{value},"variant""#)), "{served}");
        }
    }

    fn members_keep_their_order_and_texts_their_characters(server: Server) {
        let owner = server.owner();
        let value = r#"{"z":1,"a":{"ß":"日本 \u0001 \"q\" \\ \/","é":[1.0,1,null]},"emoji":"🚩"}"#;
        let body = format!(r#"{{"key": "o", "type": "object", "description": "a b", "variants": {{"only": {value}}}}}"#);
        make(&owner, &body);
        let read = owner.get(&flag("o")).expect(200);
        assert!(read.text().contains(value), "{read}");
        owner.post(&development("o", "/on")).if_match(1).expect(200);
        let served = server.evaluate(&server.server_key, "o", "{}");
        let want: serde_json::Value = serde_json::from_str(value).unwrap();
        assert_eq!(served.at("/value"), want);
    }

    fn a_null_in_a_patch_removes_a_member_and_what_is_absent_stays(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "d", "description": "old", "owner": "me", "tags": ["x"], "kind": "release", "metadata": {"a": 1, "b": 2}}"#);
        let edit = owner.patch(&flag("d")).if_match(1).reason("r").json(r#"{"description": null, "kind": null, "metadata": {"a": null}}"#);
        let after = edit.expect(200);
        let body = after.json();
        assert!(body.get("description").is_none() && body.get("kind").is_none(), "{after}");
        assert_eq!(body["owner"], "me");
        assert_eq!(body["tags"], serde_json::json!(["x"]));
        assert_eq!(body["metadata"], serde_json::json!({"b": 2}));
    }

    fn an_edit_of_a_definition_counts_as_an_edit_of_every_environment(server: Server) {
        let owner = server.owner();
        let version = flag_that_is_on(&owner, "f");
        let before = State::of(&server);
        let edited = owner.patch(&flag("f")).if_match(1).reason("mobile").json(r#"{"clientVisible": true}"#).expect(200);
        assert_eq!(edited.version(), 2);
        assert_eq!(edited.number_at("/environments/development/version"), version + 1);
        assert_eq!(edited.number_at("/environments/production/version"), 2);
        let after = State::of(&server);
        let want = State {
            development: before.development + 1,
            production: before.production + 1,
            audit: before.audit + 1,
            ..before
        };
        assert_eq!(after, want);
        assert_eq!(server.evaluate(&server.client_key, "f", "{}").status, 200);
    }

    fn an_edit_of_what_is_for_people_changes_no_environment(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "p"}"#);
        let before = State::of(&server);
        let edited = owner.patch(&flag("p")).if_match(1).json(r#"{"description": "for people"}"#).expect(200);
        assert_eq!((edited.version(), edited.number_at("/environments/production/version")), (2, 1));
        assert_eq!(State::of(&server), State { audit: before.audit + 1, ..before });
    }

    fn an_edit_that_changes_nothing_makes_no_version(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "same", "description": "d"}"#);
        let before = State::of(&server);
        let edited = owner.patch(&flag("same")).if_match(1).json(r#"{"description": "d"}"#).expect(200);
        assert_eq!(edited.version(), 1);
        assert_eq!(State::of(&server), before);
    }

    fn a_new_salt_must_be_meant(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "s"}"#);
        let edit = |query: &str| {
            owner.patch(&format!("{}{query}", flag("s"))).if_match(1).reason("r").json(r#"{"salt": "other"}"#)
        };
        edit("").invalid(&[("/salt", "reshuffle_required")]);
        edit("?reshuffle=false").invalid(&[("/salt", "reshuffle_required")]);
        assert_eq!(edit("?reshuffle=true").expect(200).text_at("/salt"), "other");
    }

    fn a_flag_that_others_depend_on_cannot_be_archived(server: Server) {
        let owner = server.owner();
        flag_that_is_on(&owner, "base");
        flag_that_is_on(&owner, "top");
        configure(&owner, "top", r#"{"prerequisites": [{"flag": "base", "variants": ["on"]}]}"#);
        let before = State::of(&server);
        let refused = owner.delete(&flag("base")).if_match(1).reason("r").refused(409, "in_use");
        assert!(refused.text_at("/detail").contains("top"), "{refused}");
        assert_eq!(State::of(&server), before);
        configure(&owner, "top", r#"{"prerequisites": null}"#);
        owner.delete(&flag("base")).if_match(1).reason("r").expect(200);
    }

    fn an_archived_flag_leaves_every_snapshot_and_keeps_its_history(server: Server) {
        let owner = server.owner();
        flag_that_is_on(&owner, "old");
        let before = State::of(&server);
        let gone = owner.delete(&flag("old")).if_match(1).reason("done").expect(200);
        assert!(gone.at("/archivedAt").is_string(), "{gone}");
        let after = State::of(&server);
        assert_eq!((after.development, after.production), (before.development + 1, before.production + 1));
        let missing = server.evaluate(&server.server_key, "old", "{}");
        assert_eq!((missing.status, missing.text_at("/errorCode")), (404, "FLAG_NOT_FOUND".to_owned()));
        let all = server.holding(&server.server_key).post("/ofrep/v1/evaluate/flags").json("{}").expect(200);
        assert!(!all.text().contains("\"old\""), "{all}");
        // It can be read, but not changed.
        assert_eq!(owner.get(&flag("old")).expect(200).version(), 2);
        owner.get(&development("old", "")).refused(404, "not_found");
        owner.post(&development("old", "/on")).if_match(2).refused(404, "not_found");
        owner.post(&development("old", "/off")).refused(404, "not_found");
        owner.patch(&flag("old")).if_match(2).json("{}").refused(404, "not_found");
        owner.delete(&flag("old")).if_match(2).reason("again").refused(404, "not_found");
        assert!(!owner.get(&project("/flags")).expect(200).text().contains("\"old\""));
        assert!(owner.get(&project("/flags?archived=true")).expect(200).text().contains("\"old\""));
        assert_eq!(owner.get(&format!("{}/history", flag("old"))).expect(200).at("/items/0/action"), "flag.archive");
        let taken = owner.post(&project("/flags")).json(r#"{"key": "old"}"#).refused(409, "exists");
        assert!(taken.text_at("/detail").contains("archived"), "{taken}");
        // Brought back, it is disabled everywhere.
        let back = owner.post(&format!("{}/restore", flag("old"))).if_match(2).reason("again").expect(200);
        assert!(back.at("/archivedAt").is_null(), "{back}");
        assert_eq!(back.at("/environments/development/enabled"), false);
        let served = server.evaluate(&server.server_key, "old", "{}");
        assert_eq!(served.text_at("/reason"), "DISABLED");
    }

    fn an_earlier_definition_comes_back_as_a_new_version(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "r", "type": "string", "variants": {"a": "x"}}"#);
        owner.patch(&flag("r")).if_match(1).reason("second").json(r#"{"variants": {"b": "y"}, "tags": ["t"]}"#).expect(200);
        let path = format!("{}/revert", flag("r"));
        owner.post(&path).if_match(2).reason("r").json(r#"{"version": 9}"#).invalid(&[("/version", "unknown_version")]);
        let back = owner.post(&path).if_match(2).reason("third").json(r#"{"version": 1}"#).expect(200);
        assert_eq!((back.version(), back.at("/variants")), (3, serde_json::json!({"a": "x"})));
        let history = owner.get(&format!("{}/history", flag("r"))).expect(200).json();
        let told = |member: &str| -> Vec<String> {
            let items = history["items"].as_array().unwrap();
            items.iter().map(|item| item[member].to_string().replace('"', "")).collect()
        };
        assert_eq!(told("version"), ["3", "2", "1"]);
        assert_eq!(told("action"), ["flag.revert", "flag.edit", "flag.create"]);
        assert_eq!(told("reason"), ["third", "second", ""]);
        assert_eq!(history["items"][0]["document"], history["items"][2]["document"]);
    }

    fn a_revert_that_would_break_an_environment_is_refused(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "r", "type": "string", "variants": {"a": "x"}}"#);
        owner.patch(&flag("r")).if_match(1).reason("r").json(r#"{"variants": {"b": "y"}}"#).expect(200);
        configure(&owner, "r", r#"{"fallthrough": {"variant": "b"}}"#);
        let before = State::of(&server);
        let back = owner.post(&format!("{}/revert", flag("r"))).if_match(2).reason("r").json(r#"{"version": 1}"#);
        back.invalid(&[("", "unknown_variant")]);
        assert_eq!(State::of(&server), before);
    }

    fn flags_are_found_by_text_and_by_tag(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "alpha", "description": "Checkout page", "tags": ["web"]}"#);
        make(&owner, r#"{"key": "beta_checkOut", "tags": ["web", "ios"]}"#);
        make(&owner, r#"{"key": "gamma"}"#);
        let keys = |query: &str| -> Vec<String> {
            let page = owner.get(&project(&format!("/flags?{query}"))).expect(200).json();
            page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(keys("q=checkout"), ["alpha", "beta_checkOut", "new_checkout_flow"]);
        assert_eq!(keys("tag=ios"), ["beta_checkOut"]);
        assert_eq!(keys("tag=web&q=PAGE"), ["alpha"]);
        assert_eq!(keys("tag=android"), Vec::<String>::new());
    }

    fn two_flags_cannot_have_one_key_but_keys_differ_by_case(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "Key"}"#);
        let before = State::of(&server);
        owner.post(&project("/flags")).json(r#"{"key": "Key"}"#).refused(409, "exists");
        assert_eq!(State::of(&server), before);
        make(&owner, r#"{"key": "key"}"#);
        assert_eq!(owner.get(&flag("Key")).expect(200).text_at("/key"), "Key");
        owner.get(&flag("KEY")).refused(404, "not_found");
        owner.get(&production("KEY", "")).refused(404, "not_found");
    }
}
