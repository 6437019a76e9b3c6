//! Versions: ETag, If-Match, If-None-Match, on every route that changes something that exists.

use crate::support::http::Call;
use crate::support::paths::{State, configure, development, flag, make, production, project};
use crate::support::{Client, Server};

/// Every mutation of an existing resource, each of a resource at version 2.
fn mutations(owner: &Client) -> Vec<(&'static str, String, &'static str)> {
    make(owner, r#"{"key": "f"}"#);
    make(owner, r#"{"key": "gone"}"#);
    owner.patch(&flag("f")).if_match(1).json(r#"{"owner": "a"}"#).expect(200);
    configure(
        owner,
        "f",
        r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "on", "weight": 100000}]}}"#,
    );
    owner.post(&production("f", "/on")).if_match(1).reason("r").expect(200);
    owner.delete(&flag("gone")).if_match(1).reason("r").expect(200);
    for kind in ["segments", "layers"] {
        for key in ["s", "t"] {
            owner
                .post(&project(&format!("/{kind}")))
                .reason("r")
                .json(&format!(r#"{{"key": "{key}"}}"#))
                .expect(201);
        }
        owner.patch(&project(&format!("/{kind}/s"))).if_match(1).json(r#"{"owner": "a"}"#).expect(200);
        owner.delete(&project(&format!("/{kind}/t"))).if_match(1).reason("r").expect(200);
    }
    owner.post(&project("/environments")).json(r#"{"key": "extra"}"#).expect(201);
    owner.patch(&project("/environments/extra")).if_match(1).json(r#"{"name": "n"}"#).expect(200);
    owner.post("/api/v1/projects").json(r#"{"key": "empty"}"#).expect(201);
    owner.patch("/api/v1/projects/empty").if_match(1).json(r#"{"name": "n"}"#).expect(200);
    let mut all = vec![
        ("PATCH", flag("f"), r#"{"owner": "b"}"#),
        ("POST", format!("{}/revert", flag("f")), r#"{"version": 1}"#),
        ("DELETE", flag("f"), ""),
        ("POST", format!("{}/restore", flag("gone")), ""),
        ("PATCH", development("f", ""), r#"{"enabled": false}"#),
        ("POST", development("f", "/on"), ""),
        ("POST", development("f", "/rollout"), r#"{"percentage": 1}"#),
        ("POST", development("f", "/weights"), r#"{"weights": {"on": 100000}}"#),
        ("POST", development("f", "/targets"), r#"{"variant": "on", "add": ["u"]}"#),
        ("POST", development("f", "/rules"), r#"[{"add": {"id": "x", "serve": {"variant": "on"}}}]"#),
        ("POST", development("f", "/revert"), r#"{"version": 1}"#),
        ("POST", development("f", "/copy"), r#"{"to": "production"}"#),
        ("PATCH", project("/environments/extra"), r#"{"name": "m"}"#),
        ("POST", project("/environments/extra/new-epoch"), ""),
        ("DELETE", project("/environments/extra"), ""),
        ("PATCH", "/api/v1/projects/empty".to_owned(), r#"{"name": "m"}"#),
        ("DELETE", "/api/v1/projects/empty".to_owned(), ""),
    ];
    for kind in ["segments", "layers"] {
        all.push(("PATCH", project(&format!("/{kind}/s")), r#"{"owner": "b"}"#));
        all.push(("POST", project(&format!("/{kind}/s/revert")), r#"{"version": 1}"#));
        all.push(("DELETE", project(&format!("/{kind}/s")), ""));
        all.push(("POST", project(&format!("/{kind}/t/restore")), ""));
    }
    all
}

fn call(client: &Client, (method, path, body): &(&'static str, String, &'static str)) -> Call {
    let call = client.call(method, path).reason("r");
    if body.is_empty() { call } else { call.json(body) }
}

on_both! {
    fn a_change_of_what_exists_names_the_version_it_was_made_for(server: Server) {
        let owner = server.owner();
        let all = mutations(&owner);
        let before = State::of(&server);
        for mutation in &all {
            call(&owner, mutation).refused(428, "precondition_required");
            for stale in [r#""1""#, r#"W/"2""#, r#""1", "3""#, r#"W/"2", "02""#, r#""2 ""#] {
                let refused = call(&owner, mutation).header("If-Match", stale).refused(412, "stale");
                assert_eq!(refused.number_at("/current/version"), 2, "{refused}");
                assert!(refused.text_at("/current/updatedAt").ends_with('Z'), "{refused}");
                assert!(refused.text_at("/detail").contains("\"2\""), "{refused}");
            }
            for malformed in ["2", "\"2", "\"2\" \"3\"", "W/2"] {
                call(&owner, mutation).header("If-Match", malformed).refused(400, "invalid_header");
            }
        }
        assert_eq!(State::of(&server), before, "a refused change leaves no trace");
    }

    fn a_matching_tag_a_list_that_holds_it_and_a_star_all_match(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let send = |tag: &str, name: &str| {
            owner.patch(&flag("f")).header("If-Match", tag).json(&format!(r#"{{"owner": "{name}"}}"#)).expect(200).version()
        };
        assert_eq!(send(r#""1""#, "a"), 2);
        assert_eq!(send(r#""9,9", W/"1" , "2""#, "b"), 3);
        assert_eq!(send("*", "c"), 4);
        let two = owner.patch(&flag("f")).header("If-Match", r#""1""#).header("If-Match", r#""4""#).json(r#"{"owner": "d"}"#);
        assert_eq!(two.expect(200).version(), 5);
    }

    fn who_changed_it_last_and_when_is_told_to_who_came_late(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let editor = server.with_role("editor");
        let changed = editor.post(&development("f", "/on")).if_match(1).expect(200);
        let late = owner.post(&development("f", "/rollout")).if_match(1).json(r#"{"percentage": 1}"#).refused(412, "stale");
        assert_eq!(late.text_at("/current/updatedBy"), "editor");
        assert_eq!(late.text_at("/current/updatedAt"), changed.text_at("/updatedAt"));
        let flag_edit = owner.patch(&flag("f")).if_match(7).json(r#"{"owner": "x"}"#).refused(412, "stale");
        assert_eq!(flag_edit.text_at("/current/updatedBy"), "owner (first run)");
    }

    fn of_writers_with_one_version_exactly_one_wins(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let before = State::of(&server);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let writers: Vec<_> = (1..=8)
                .map(|number| {
                    let call = owner.post(&development("f", "/rollout")).if_match(1);
                    scope.spawn(move || call.json(&format!(r#"{{"percentage": {number}}}"#)).send().status)
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let count = |status: u16| statuses.iter().filter(|own| **own == status).count();
        assert_eq!((count(200), count(412)), (1, 7), "{statuses:?}");
        let after = State::of(&server);
        assert_eq!(after, State { development: before.development + 1, audit: before.audit + 1, ..before });
    }

    fn what_the_caller_has_already_is_not_sent_again(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        for kind in ["segments", "layers"] {
            owner.post(&project(&format!("/{kind}"))).reason("r").json(r#"{"key": "s"}"#).expect(201);
        }
        for path in [project("/segments/s"), project("/layers/s"), project("")] {
            for tag in [r#""1""#, r#"W/"1""#, r#""x", W/"1""#, "*"] {
                let known = owner.get(&path).header("If-None-Match", tag).expect(304);
                assert!(known.body.is_empty(), "{known}");
                assert_eq!(known.header("etag"), "\"1\"");
            }
            owner.get(&path).header("If-None-Match", "\"2\"").expect(200);
        }
        // These answers hold more than their tag tells of, so the tag never makes them 304 by mistake.
        let tag = owner.get(&flag("f")).expect(200).header("etag").to_owned();
        owner.post(&development("f", "/on")).if_match(1).expect(200);
        let read = owner.get(&flag("f")).header("If-None-Match", &tag).expect(200);
        assert_eq!(read.at("/environments/development/enabled"), true);
        let tag = owner.get(&project("/environments/development")).expect(200).header("etag").to_owned();
        owner.get(&project("/environments/development")).header("If-None-Match", &tag).expect(200);
    }

    fn a_configuration_is_not_304_when_its_revision_moved(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let first = owner.get(&development("f", "")).expect(200);
        make(&owner, r#"{"key": "other"}"#);
        let again = owner.get(&development("f", "")).header("If-None-Match", first.header("etag")).send();
        assert_eq!(again.status, 200, "{again}");
        assert_eq!(again.number_at("/revision"), State::of(&server).development);
    }
}
