//! Segments and layers: an edit counts as an edit of every environment.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{State, configure, make, project};

/// The same state with one more revision everywhere, and one more entry in the log.
fn one_more(before: &State) -> State {
    State {
        development: before.development + 1,
        production: before.production + 1,
        audit: before.audit + 1,
        installation: before.installation,
    }
}

on_both! {
    fn every_change_bumps_every_environment_by_exactly_one(server: Server) {
        let owner = server.owner();
        for (kind, edit) in [("segments", r#"{"included": ["u"]}"#), ("layers", r#"{"by": ["userId"]}"#)] {
            let path = project(&format!("/{kind}/s"));
            let mut state = State::of(&server);
            let mut bumped = |what: &str| {
                let now = State::of(&server);
                assert_eq!(now, one_more(&state), "{kind}: {what}");
                state = now;
            };
            owner.post(&project(&format!("/{kind}"))).reason("r").json(r#"{"key": "s"}"#).expect(201);
            bumped("create");
            assert_eq!(owner.patch(&path).if_match(1).reason("r").json(edit).expect(200).version(), 2);
            bumped("edit");
            owner.post(&format!("{path}/revert")).if_match(2).reason("r").json(r#"{"version": 1}"#).expect(200);
            bumped("revert");
            owner.delete(&path).if_match(3).reason("r").expect(200);
            bumped("archive");
            owner.post(&format!("{path}/restore")).if_match(4).reason("r").expect(200);
            bumped("restore");
            // What is for people reaches no snapshot.
            owner.patch(&path).if_match(5).json(r#"{"description": "d", "owner": "me", "tags": ["t"]}"#).expect(200);
            let now = State::of(&server);
            assert_eq!(now, State { audit: state.audit + 1, ..state });
            assert_eq!(owner.patch(&path).if_match(6).json(r#"{"owner": "me"}"#).expect(200).version(), 6);
            assert_eq!(State::of(&server), now, "nothing changed");
            let history = owner.get(&format!("{path}/history")).expect(200).json();
            let one = kind.trim_end_matches('s');
            let actions: Vec<String> = history["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap().to_owned()).collect();
            let want = ["edit", "restore", "archive", "revert", "edit", "create"].map(|verb| format!("{one}.{verb}"));
            assert_eq!(actions, want);
        }
    }

    fn a_segment_decides_who_is_in_it(server: Server) {
        let owner = server.owner();
        let made = owner.post(&project("/segments")).reason("r")
            .json(r#"{"key": "beta", "included": ["u-1", 4711], "excluded": ["u-9"], "when": {"attribute": "plan", "op": "in", "values": ["pro"]}}"#).expect(201);
        assert_eq!((made.version(), made.text_at("/salt")), (1, "beta".to_owned()));
        make(&owner, r#"{"key": "f"}"#);
        configure(&owner, "f", r#"{"enabled": true, "fallthrough": {"variant": "off"}, "rules": [{"id": "r", "when": {"segment": "beta"}, "serve": {"variant": "on"}}]}"#);
        let on = |context: &str| server.evaluate(&server.server_key, "f", context).at("/value") == true;
        let all = |server_says: [bool; 4]| {
            let asked = [r#"{"targetingKey": "u-1"}"#, r#"{"targetingKey": "4711"}"#, r#"{"targetingKey": "u-9", "plan": "pro"}"#, r#"{"targetingKey": "x", "plan": "pro"}"#];
            assert_eq!(asked.map(on), server_says);
        };
        all([true, true, false, true]);
        owner.patch(&project("/segments/beta")).if_match(1).reason("r").json(r#"{"included": null, "excluded": null}"#).expect(200);
        all([false, false, true, true]);
    }

    fn one_that_others_depend_on_cannot_be_archived(server: Server) {
        let owner = server.owner();
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "s"}"#).expect(201);
        owner.post(&project("/layers")).reason("r").json(r#"{"key": "l"}"#).expect(201);
        make(&owner, r#"{"key": "f"}"#);
        configure(&owner, "f", r#"{"rules": [{"id": "r", "when": {"all": [{"segment": "s"}, {"percentage": 5, "layer": "l"}]}, "serve": {"variant": "on"}}]}"#);
        let before = State::of(&server);
        for kind in ["segments/s", "layers/l"] {
            let refused = owner.delete(&project(&format!("/{kind}"))).if_match(1).reason("r").refused(409, "in_use");
            assert!(refused.text_at("/detail").contains("\"f\""), "{refused}");
        }
        assert_eq!(State::of(&server), before);
        configure(&owner, "f", r#"{"rules": null}"#);
        for kind in ["segments", "layers"] {
            let path = project(&format!("/{kind}/{}", &kind[..1]));
            let gone = owner.delete(&path).if_match(1).reason("r").expect(200);
            assert!(gone.at("/archivedAt").is_string(), "{gone}");
            let missing = r#"{"rules": [{"id": "r", "when": {"segment": "s"}, "serve": {"variant": "on"}}]}"#;
            owner.patch("/api/v1/projects/default/flags/f/environments/development").header("If-Match", "*").json(missing)
                .invalid(&[("/rules/0/when/segment", "unknown_segment")]);
        }
    }

    fn a_new_salt_must_be_meant(server: Server) {
        let owner = server.owner();
        for kind in ["segments", "layers"] {
            owner.post(&project(&format!("/{kind}"))).reason("r").json(r#"{"key": "s", "salt": "given"}"#).expect(201);
            let edit = |query: &str, body: &str| owner.patch(&project(&format!("/{kind}/s{query}"))).if_match(1).reason("r").json(body);
            edit("", r#"{"salt": "other"}"#).invalid(&[("/salt", "reshuffle_required")]);
            edit("", r#"{"salt": null}"#).invalid(&[("/salt", "reshuffle_required")]);
            assert_eq!(edit("?reshuffle=true", r#"{"salt": "other"}"#).expect(200).text_at("/salt"), "other");
        }
    }

    fn a_layer_keeps_two_flags_apart(server: Server) {
        let owner = server.owner();
        owner.post(&project("/layers")).reason("r").json(r#"{"key": "tests", "by": ["userId"]}"#).expect(201);
        for (key, range) in [("one", "[0, 50]"), ("two", "[50, 100]")] {
            make(&owner, &format!(r#"{{"key": "{key}"}}"#));
            configure(&owner, key, &format!(r#"{{"enabled": true, "fallthrough": {{"variant": "off"}}, "rules": [{{"id": "r", "when": {{"percentage": {range}, "layer": "tests"}}, "serve": {{"variant": "on"}}}}]}}"#));
        }
        let mut ones = 0;
        for unit in 0..40 {
            let context = format!(r#"{{"userId": "u-{unit}"}}"#);
            let on = |key: &str| server.evaluate(&server.server_key, key, &context).at("/value") == true;
            let (one, two) = (on("one"), on("two"));
            assert!(one != two, "u-{unit} is in exactly one");
            ones += i32::from(one);
        }
        assert!((8..=32).contains(&ones), "{ones} of 40");
    }

    fn documents_keep_what_was_written(server: Server) {
        let owner = server.owner();
        let body = r#"{"key": "s", "when": {"attribute": "age", "op": "gt", "values": [3.0, 1e1]}, "description": "日本"}"#;
        let made = owner.post(&project("/segments")).reason("r").json(body).expect(201);
        assert!(made.text().contains(r#""values":[3.0,1e1]"#), "{made}");
        let read = owner.get(&project("/segments/s")).expect(200);
        assert_eq!(read.text(), made.text());
        assert_eq!(read.at("/description"), json!("日本"));
    }
}
