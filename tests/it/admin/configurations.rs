//! A flag's configuration in one environment, and the everyday actions on it.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{
    State, configure, development, flag, flag_that_is_on, make, production, project,
};

/// A string flag with three variants and no offVariant named `off`.
const THREE: &str = r#"{"key": "t", "type": "string", "variants": {"a": "A", "b": "B", "c": "C"}}"#;

on_both! {
    fn on_and_off_set_the_switch_and_nothing_else(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let before = State::of(&server);
        let on = owner.post(&development("f", "/on")).if_match(1).expect(200);
        assert_eq!((on.version(), on.at("/enabled")), (2, json!(true)));
        assert_eq!(on.revision(), before.development + 1);
        assert_eq!(on.number_at("/revision"), on.revision());
        assert_eq!(on.at("/fallthrough"), json!({"variant": "on"}));
        let served = server.evaluate(&server.server_key, "f", "{}");
        assert_eq!((served.at("/value"), served.text_at("/reason")), (json!(true), "STATIC".to_owned()));
        let off = owner.post(&development("f", "/off")).expect(200);
        assert_eq!((off.version(), off.at("/enabled")), (3, json!(false)));
        let after = State::of(&server);
        let want = State { development: before.development + 2, audit: before.audit + 2, ..before };
        assert_eq!(after, want);
        // Off again, and on again, change nothing.
        assert_eq!(owner.post(&development("f", "/off")).json("{}").expect(200).version(), 3);
        assert_eq!(State::of(&server), after);
    }

    fn a_configuration_is_read_with_its_version_and_its_revision(server: Server) {
        let owner = server.owner();
        let version = flag_that_is_on(&owner, "f");
        let read = owner.get(&development("f", "")).expect(200);
        assert_eq!(read.version(), version);
        assert_eq!(read.number_at("/revision"), State::of(&server).development);
        assert_eq!((read.text_at("/flag"), read.text_at("/environment")), ("f".to_owned(), "development".to_owned()));
        assert_eq!(read.text_at("/updatedBy"), "owner (first run)");
    }

    fn a_patch_merges_and_keeps_numbers_as_written(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        let patch = r#"{"enabled": true, "rules": [{"id": "r", "when": {"percentage": 12.50}, "serve": {"variant": "b"}}]}"#;
        let after = owner.patch(&development("t", "")).if_match(1).json(patch).expect(200);
        assert!(after.text().contains(r#"{"percentage":12.50}"#), "{after}");
        assert_eq!(after.at("/fallthrough"), json!({"variant": "a"}));
        let after = owner.patch(&development("t", "")).if_match(2).json(r#"{"offVariant": null, "rules": null}"#).expect(200);
        assert!(after.at("/offVariant").is_null(), "{after}");
        assert_eq!(after.at("/rules"), json!([]));
        owner.post(&development("t", "/off")).expect(200);
        let served = server.evaluate(&server.server_key, "t", "{}");
        assert_eq!(served.text(), r#"{"key":"t","variant":"","reason":"DISABLED","metadata":{}}"#);
        // Merge-patch has a media type of its own.
        owner.patch(&development("t", "")).if_match(4).header("Content-Type", "application/merge-patch+json")
            .body(br#"{"enabled": true}"#).expect(200);
    }

    fn a_rollout_is_one_act(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let path = development("f", "/rollout");
        let out = owner.post(&path).if_match(1).json(r#"{"percentage": 20}"#).expect(200);
        assert_eq!(out.at("/enabled"), true);
        assert_eq!(out.at("/fallthrough"), json!({"variant": "off"}));
        assert_eq!(out.at("/rules"), json!([{"id": "rollout", "when": {"percentage": 20}, "serve": {"variant": "on"}}]));
        // user-1 of new_checkout_flow is in bucket 10345; this flag has another salt, so ask the explanation instead.
        let more = r#"{"percentage": 100, "variant": "on", "by": ["userId", "targetingKey"], "otherwise": "off"}"#;
        let out = owner.post(&path).if_match(2).json(more).expect(200);
        assert_eq!(out.at("/rules/0/when"), json!({"percentage": 100, "by": ["userId", "targetingKey"]}));
        let served = server.evaluate(&server.server_key, "f", r#"{"userId": 7}"#);
        assert_eq!((served.at("/value"), served.text_at("/reason"), served.at("/metadata/ruleId")),
            (json!(true), "SPLIT".to_owned(), json!("rollout")));
        // The present rollout's `by` stays when none is named, and other rules stay before it.
        owner.post(&development("f", "/rules")).if_match(3)
            .json(r#"[{"add": {"id": "first", "when": {"attribute": "x", "op": "exists"}, "serve": {"variant": "on"}}, "at": 0}]"#).expect(200);
        let out = owner.post(&path).if_match(4).json(r#"{"percentage": 0}"#).expect(200);
        assert_eq!(out.at("/rules/1/when"), json!({"percentage": 0, "by": ["userId", "targetingKey"]}));
        assert_eq!(out.at("/rules/0/id"), "first");
        let served = server.evaluate(&server.server_key, "f", r#"{"userId": 7}"#);
        assert_eq!((served.at("/value"), served.text_at("/reason")), (json!(false), "DEFAULT".to_owned()));
    }

    fn growing_a_rollout_only_adds_users(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "new", "salt": "new_checkout_flow"}"#);
        let who = |percentage: &str| -> Vec<&str> {
            let body = format!(r#"{{"percentage": {percentage}}}"#);
            owner.post(&development("new", "/rollout")).header("If-Match", "*").json(&body).expect(200);
            let is_in = |unit: &&str| {
                let context = format!(r#"{{"targetingKey": "{unit}"}}"#);
                server.evaluate(&server.server_key, "new", &context).at("/value") == true
            };
            ["user-1", "user-42", "4711"].into_iter().filter(is_in).collect()
        };
        // Buckets of the contract: user-1 10345, 4711 41728, user-42 95791.
        assert_eq!(who("10.345"), Vec::<&str>::new());
        assert_eq!(who("10.346"), ["user-1"]);
        assert_eq!(who("41.729"), ["user-1", "4711"]);
        assert_eq!(who("95.792"), ["user-1", "user-42", "4711"]);
    }

    fn a_rollout_needs_somewhere_for_the_others_to_go(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "n", "type": "string", "variants": {"on": "x", "b": "y"}, "offVariant": null}"#);
        let path = development("n", "/rollout");
        owner.post(&path).if_match(1).json(r#"{"percentage": 5}"#).invalid(&[("/otherwise", "missing_member")]);
        owner.post(&path).if_match(1).json(r#"{"percentage": 5, "otherwise": "b"}"#).expect(200);
    }

    fn new_weights_move_as_few_users_as_possible(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        configure(&owner, "t", r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}]}}"#);
        let path = development("t", "/weights");
        let body = r#"{"weights": {"a": 40000, "b": 40000, "c": 20000}, "by": ["userId"]}"#;
        let after = owner.post(&path).if_match(2).json(body).expect(200);
        let slots = json!([
            {"variant": "a", "weight": 40000}, {"variant": "c", "weight": 10000},
            {"variant": "b", "weight": 40000}, {"variant": "c", "weight": 10000}
        ]);
        assert_eq!(after.at("/fallthrough"), json!({"split": slots, "by": ["userId"]}));
        owner.post(&path).if_match(3).json(r#"{"rule": "none", "weights": {"a": 100000}}"#).invalid(&[("/rule", "unknown_rule")]);
        let unit = server.evaluate(&server.server_key, "t", "{}");
        assert_eq!((unit.status, unit.text_at("/errorCode")), (400, "TARGETING_KEY_MISSING".to_owned()));
    }

    fn targets_are_added_and_removed_and_stand_in_one_list_only(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        owner.post(&development("t", "/on")).if_match(1).expect(200);
        let path = development("t", "/targets");
        let send = |body: &str| owner.post(&path).header("If-Match", "*").json(body).expect(200);
        send(r#"{"variant": "b", "add": ["u-1", 4711, "u-1"]}"#);
        let after = send(r#"{"variant": "c", "add": ["4711"]}"#);
        assert_eq!(after.at("/targets"), json!([{"values": ["u-1"], "variant": "b"}, {"values": ["4711"], "variant": "c"}]));
        let served = server.evaluate(&server.server_key, "t", r#"{"targetingKey": 4711}"#);
        assert_eq!((served.text_at("/value"), served.text_at("/reason"), served.at("/metadata/ruleId")),
            ("C".to_owned(), "TARGETING_MATCH".to_owned(), json!("target")));
        let after = send(r#"{"variant": "b", "remove": ["u-1"]}"#);
        assert_eq!(after.at("/targets"), json!([{"values": ["4711"], "variant": "c"}]));
        let after = send(r#"{"variant": "a", "by": "orgId", "add": ["o"]}"#);
        assert_eq!(after.at("/targets/1"), json!({"by": "orgId", "values": ["o"], "variant": "a"}));
        let send = |body: &str| owner.post(&path).header("If-Match", "*").json(body);
        send(r#"{"variant": "b"}"#).invalid(&[("", "missing_member")]);
        send(r#"{"variant": "b", "add": [1.5]}"#).invalid(&[("/add/0", "wrong_type")]);
        send(r#"{"variant": "b", "add": ["x", ""]}"#).invalid(&[("/add/1", "wrong_type")]);
    }

    fn rules_are_edited_by_their_ids_in_steps(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        let path = development("t", "/rules");
        let rule = |id: &str, variant: &str| format!(r#"{{"id": "{id}", "serve": {{"variant": "{variant}"}}}}"#);
        let steps = format!(
            r#"[{{"add": {}}}, {{"add": {}}}, {{"add": {}, "at": 0}}, {{"move": "one", "to": 2}}, {{"replace": {}}}]"#,
            rule("one", "a"), rule("two", "b"), rule("zero", "c"), rule("two", "a")
        );
        let after = owner.post(&path).if_match(1).json(&steps).expect(200);
        assert_eq!(after.version(), 2);
        let rules = after.at("/rules");
        let ids: Vec<&str> = rules.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["zero", "two", "one"]);
        assert_eq!(rules[1]["serve"]["variant"], "a");
        let after = owner.post(&path).if_match(2).json(r#"[{"remove": "zero"}, {"remove": "one"}]"#).expect(200);
        assert_eq!(after.at("/rules/0/id"), "two");
        let send = |body: &str| owner.post(&path).if_match(3).json(body);
        send(r#"[{"remove": "two"}, {"remove": "two"}]"#).invalid(&[("/1/remove", "unknown_rule")]);
        send(r#"[{"move": "nobody", "to": 0}]"#).invalid(&[("/0/move", "unknown_rule")]);
        send(r#"[{"move": "two", "to": 9}]"#).invalid(&[("/0/to", "invalid_number")]);
        send(r#"[{"remove": "two", "at": 1}]"#).invalid(&[("/0", "invalid_value")]);
        let double = format!(r#"[{{"add": {}}}]"#, rule("two", "a"));
        assert_eq!(send(&double).expect(422).at("/errors/0/code"), "duplicate_rule");
        assert_eq!(owner.get(&development("t", "")).expect(200).version(), 3);
    }

    fn a_configuration_is_copied_to_another_environment(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        let source = configure(&owner, "t", r#"{"enabled": true, "fallthrough": {"variant": "c"}}"#);
        let copy = |version: i64, to: &str| {
            owner.post(&development("t", "/copy")).if_match(version).reason("as tested").json(&format!(r#"{{"to": "{to}"}}"#))
        };
        // If-Match is the destination's.
        copy(source, "production").refused(412, "stale");
        let copied = copy(1, "production").expect(200);
        assert_eq!((copied.version(), copied.text_at("/environment")), (2, "production".to_owned()));
        assert_eq!((copied.at("/enabled"), copied.at("/fallthrough")), (json!(true), json!({"variant": "c"})));
        copy(source, "development").invalid(&[("/to", "invalid_value")]);
        copy(1, "nowhere").refused(404, "not_found");
    }

    fn an_earlier_configuration_comes_back_as_a_new_version(server: Server) {
        let owner = server.owner();
        make(&owner, THREE);
        configure(&owner, "t", r#"{"enabled": true}"#);
        configure(&owner, "t", r#"{"fallthrough": {"variant": "c"}}"#);
        let path = development("t", "/revert");
        owner.post(&path).if_match(3).json(r#"{"version": 4}"#).invalid(&[("/version", "unknown_version")]);
        let back = owner.post(&path).if_match(3).json(r#"{"version": 2}"#).expect(200);
        assert_eq!((back.version(), back.at("/enabled"), back.at("/fallthrough")), (4, json!(true), json!({"variant": "a"})));
        let history = owner.get(&development("t", "/history")).expect(200).json();
        let items = history["items"].as_array().unwrap();
        let versions: Vec<i64> = items.iter().map(|item| item["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, [4, 3, 2, 1]);
        let revisions: Vec<i64> = items.iter().map(|item| item["revision"].as_i64().unwrap()).collect();
        assert!(revisions.windows(2).all(|pair| pair[0] == pair[1] + 1), "{revisions:?}");
        assert_eq!(items[0]["action"], "flag.revert");
        assert_eq!(items[0]["document"], items[2]["document"]);
    }

    fn explain_tells_why_at_any_time(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        configure(&owner, "f", r#"{"enabled": true, "fallthrough": {"variant": "off"}, "rules": [
            {"id": "launch", "when": {"all": [{"attribute": "$now", "op": "after", "values": ["2030-01-01T00:00:00Z"]},
             {"attribute": "plan", "op": "in", "values": ["pro"]}]}, "serve": {"variant": "on"}}]}"#);
        let explain = |body: &str| owner.post(&development("f", "/explain")).json(body);
        let context = r#"{"targetingKey": "u", "plan": "pro"}"#;
        let before = explain(&format!(r#"{{"context": {context}, "at": "2030-01-01T00:00:00Z"}}"#)).expect(200);
        let after = explain(&format!(r#"{{"context": {context}, "at": "2030-01-01T00:00:00.001Z"}}"#)).expect(200);
        assert_ne!(before.text(), after.text());
        assert!(after.text().contains("launch") && after.text().contains("TARGETING_MATCH"), "{after}");
        assert!(before.text().contains("DEFAULT"), "{before}");
        assert!(!explain("{}").expect(200).body.is_empty());
        explain(r#"{"at": "yesterday"}"#).invalid(&[("/at", "invalid_date")]);
        explain(r#"{"context": []}"#).invalid(&[("/context", "invalid_context")]);
        explain(r#"{"context": {}, "who": 1}"#).expect(422);
        owner.post(&development("nobody", "/explain")).json("{}").refused(404, "not_found");
        owner.post(&format!("{}/environments/nowhere/explain", flag("f"))).json("{}").refused(404, "not_found");
        // It changes nothing and needs no more than reading.
        let before = State::of(&server);
        server.with_role("viewer").post(&development("f", "/explain")).json("{}").expect(200);
        assert_eq!(State::of(&server).audit, before.audit);
    }

    fn what_is_not_there_is_404(server: Server) {
        let owner = server.owner();
        for path in [
            development("nobody", ""), production("nobody", "/history"), format!("{}/environments/nowhere", flag("new_checkout_flow")),
            flag("nobody"), format!("{}/history", flag("nobody")), project("/environments/nowhere"), project("/segments/nobody"),
            project("/layers/nobody"), project("/keys/nobody"), "/api/v1/projects/nobody".to_owned(),
            "/api/v1/projects/nobody/flags".to_owned(), "/api/v1/keys/nobody".to_owned(), "/api/v1/nothing".to_owned(),
            flag("a%00b"), project("/keys/a%00b"), "/api/v1/projects/a%00b".to_owned(), project("/environments/a%00b"),
            project("/segments/a%00b/history"), development("a%00b", ""), format!("{}/environments/a%00b", flag("new_checkout_flow")),
        ] {
            owner.get(&path).refused(404, "not_found");
        }
        owner.post(&development("nobody", "/off")).refused(404, "not_found");
        owner.post(&development("a%00b", "/off")).refused(404, "not_found");
    }
}
