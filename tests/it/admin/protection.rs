//! Roles, protected environments, and scope: 403 inside it, 404 outside.

use crate::support::paths::{State, development, flag, make, production, project};
use crate::support::{Client, Server};

/// A client whose token of the project has one role, in one environment or in all.
fn member(server: &Server, role: &str, project: &str, environment: Option<&str>) -> Client {
    let place = environment.map_or(String::new(), |key| format!(r#", "environment": "{key}""#));
    let body = format!(
        r#"{{"kind": "api", "name": "{role}", "grants": [{{"role": "{role}", "project": "{project}"{place}}}]}}"#
    );
    let made = server.owner().post(&format!("/api/v1/projects/{project}/keys")).json(&body).expect(201);
    server.holding(&made.text_at("/secret"))
}

on_both! {
    fn a_protected_environment_takes_changes_from_admins_who_say_why(server: Server) {
        make(&server.owner(), r#"{"key": "f"}"#);
        let (editor, admin) = (server.with_role("editor"), server.with_role("admin"));
        let before = State::of(&server);
        for (path, body) in [
            ("/on", ""), ("/rollout", r#"{"percentage": 1}"#), ("/weights", r#"{"weights": {"on": 100000}}"#),
            ("/targets", r#"{"variant": "on", "add": ["u"]}"#), ("/rules", r#"[{"add": {"id": "x", "serve": {"variant": "on"}}}]"#),
            ("/revert", r#"{"version": 1}"#),
        ] {
            let call = |client: &Client| {
                let call = client.post(&production("f", path)).if_match(1);
                if body.is_empty() { call } else { call.json(body) }
            };
            let refused = call(&editor).reason("please").refused(403, "forbidden");
            assert!(refused.text_at("/detail").contains("admin"), "{refused}");
            let refused = call(&admin).refused(422, "reason_required");
            assert!(refused.text_at("/detail").contains("production"), "{refused}");
            call(&admin).reason("  ").refused(422, "reason_required");
        }
        let patch = |client: &Client| client.patch(&production("f", "")).if_match(1).json(r#"{"enabled": true}"#);
        patch(&editor).reason("please").refused(403, "forbidden");
        patch(&admin).refused(422, "reason_required");
        let copy = |client: &Client| client.post(&development("f", "/copy")).if_match(1).json(r#"{"to": "production"}"#);
        copy(&editor).reason("please").refused(403, "forbidden");
        copy(&admin).refused(422, "reason_required");
        let now = State::of(&server);
        assert_eq!((now.production, now.audit), (before.production, before.audit));
        let done = patch(&admin).reason("gehört dazu – 日本").expect(200);
        assert_eq!(done.revision(), before.production + 1);
        let entry = server.owner().get(&project("/audit?limit=1")).expect(200);
        assert_eq!(entry.text_at("/items/0/entry/reason"), "gehört dazu – 日本");
        assert_eq!(entry.text_at("/items/0/entry/actor/name"), "admin");
    }

    fn turning_off_is_behind_nothing_but_its_own_permission(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        owner.post(&production("f", "/on")).if_match(1).reason("r").expect(200);
        server.with_role("viewer").post(&production("f", "/off")).refused(403, "forbidden");
        let off = server.with_role("editor").post(&production("f", "/off")).expect(200);
        assert_eq!(off.at("/enabled"), false);
        // A stale If-Match does not keep anybody from turning off.
        owner.post(&production("f", "/on")).if_match(3).reason("r").expect(200);
        server.with_role("editor").post(&production("f", "/off")).if_match(1).expect(200);
    }

    fn what_environments_share_needs_the_permission_in_the_protected_one(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "s"}"#).expect(201);
        let editor = server.with_role("editor");
        let edit = |client: &Client| client.patch(&flag("f")).if_match(1).json(r#"{"variants": {"on": true, "off": false, "x": true}}"#);
        edit(&editor).reason("r").refused(403, "forbidden");
        edit(&owner).refused(422, "reason_required");
        let segment = |client: &Client| client.patch(&project("/segments/s")).if_match(1).json(r#"{"included": ["u"]}"#);
        segment(&editor).reason("r").refused(403, "forbidden");
        segment(&owner).refused(422, "reason_required");
        editor.delete(&flag("f")).if_match(1).reason("r").refused(403, "forbidden");
        // What is for people is an editor's, and what is new: nothing that is served can depend on it yet.
        editor.post(&project("/layers")).json(r#"{"key": "l"}"#).expect(201);
        editor.patch(&flag("f")).if_match(1).json(r#"{"description": "d"}"#).expect(200);
        editor.patch(&project("/segments/s")).if_match(1).json(r#"{"description": "d"}"#).expect(200);
        make(&editor, r#"{"key": "g"}"#);
    }

    fn a_viewer_reads_everything_and_changes_nothing(server: Server) {
        let viewer = server.with_role("viewer");
        let before = State::of(&server);
        for path in ["", "/flags", "/flags/new_checkout_flow", "/environments", "/environments/production", "/segments", "/layers", "/audit", "/audit/head"] {
            viewer.get(&project(path)).expect(200);
        }
        viewer.get("/api/v1/audit").expect(200);
        let sample = "new_checkout_flow";
        viewer.post(&project("/flags")).json(r#"{"key": "f"}"#).refused(403, "forbidden");
        viewer.patch(&flag(sample)).if_match(1).json(r#"{"owner": "x"}"#).refused(403, "forbidden");
        viewer.delete(&flag(sample)).if_match(1).refused(403, "forbidden");
        viewer.post(&development(sample, "/on")).if_match(1).refused(403, "forbidden");
        viewer.post(&development(sample, "/off")).refused(403, "forbidden");
        viewer.post(&project("/segments")).json(r#"{"key": "s"}"#).refused(403, "forbidden");
        viewer.post(&project("/layers")).json(r#"{"key": "s"}"#).refused(403, "forbidden");
        viewer.get(&project("/keys")).refused(403, "forbidden");
        viewer.get("/api/v1/keys").refused(403, "forbidden");
        viewer.post(&project("/keys")).json(r#"{"kind": "api", "name": "n", "grants": [{"role": "viewer", "project": "default"}]}"#).refused(403, "forbidden");
        viewer.post(&project("/environments")).json(r#"{"key": "e"}"#).refused(403, "forbidden");
        viewer.patch(&project("/environments/development")).if_match(1).json(r#"{"name": "x"}"#).refused(403, "forbidden");
        viewer.post(&project("/environments/development/new-epoch")).if_match(1).refused(403, "forbidden");
        viewer.delete(&project("/environments/development")).if_match(1).refused(403, "forbidden");
        viewer.patch(&project("")).if_match(1).json(r#"{"name": "x"}"#).refused(403, "forbidden");
        viewer.delete(&project("")).if_match(1).refused(403, "forbidden");
        viewer.post("/api/v1/projects").json(r#"{"key": "p"}"#).refused(403, "forbidden");
        assert_eq!(State::of(&server), before);
    }

    fn another_project_is_as_if_it_were_not_there(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        owner.post("/api/v1/projects/shop/flags").json(r#"{"key": "f"}"#).expect(201);
        let stranger = member(&server, "admin", "default", None);
        let base = "/api/v1/projects/shop";
        for path in ["", "/flags", "/flags/f", "/flags/f/history", "/flags/f/environments/development", "/environments", "/environments/development",
            "/segments", "/layers", "/keys", "/audit", "/audit/head", "/flags/f/environments/development/history"] {
            stranger.get(&format!("{base}{path}")).refused(404, "not_found");
        }
        stranger.post(&format!("{base}/flags")).json(r#"{"key": "x"}"#).refused(404, "not_found");
        stranger.post(&format!("{base}/flags/f/environments/development/off")).refused(404, "not_found");
        stranger.post(&format!("{base}/flags/f/environments/development/explain")).json("{}").refused(404, "not_found");
        stranger.post(&format!("{base}/keys")).json(r#"{"kind": "server", "name": "n", "environment": "development"}"#).refused(404, "not_found");
        stranger.delete(base).if_match(1).refused(404, "not_found");
        let listed = stranger.get("/api/v1/projects").expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        // The installation's own things are not theirs either.
        stranger.get("/api/v1/keys").refused(403, "forbidden");
        stranger.get("/api/v1/audit").refused(403, "forbidden");
        stranger.post("/api/v1/projects").json(r#"{"key": "x"}"#).refused(403, "forbidden");
        // A project that does not exist looks the same.
        stranger.get("/api/v1/projects/none/flags").refused(404, "not_found");
        owner.get("/api/v1/projects/none/flags").refused(404, "not_found");
    }

    fn a_role_in_one_environment_ends_at_its_border(server: Server) {
        make(&server.owner(), r#"{"key": "f"}"#);
        let editor = member(&server, "editor", "default", Some("development"));
        editor.post(&development("f", "/on")).if_match(1).expect(200);
        for call in [
            editor.get(&production("f", "")), editor.get(&production("f", "/history")),
            editor.post(&production("f", "/off")), editor.post(&production("f", "/explain")).json("{}"),
            editor.get(&project("/environments/production")), editor.post(&development("f", "/copy")).if_match(1).json(r#"{"to": "production"}"#),
            editor.post(&production("f", "/copy")).if_match(2).json(r#"{"to": "development"}"#),
        ] {
            call.refused(404, "not_found");
        }
        let read = editor.get(&flag("f")).expect(200);
        assert!(read.at("/environments/production").is_null() && read.at("/environments/development").is_object(), "{read}");
        let environments = editor.get(&project("/environments")).expect(200).json();
        assert_eq!(environments["items"].as_array().unwrap().len(), 1);
        // What is shared is more than theirs, and so is the log of every environment.
        editor.patch(&flag("f")).if_match(1).json(r#"{"description": "d"}"#).refused(403, "forbidden");
        editor.post(&project("/flags")).json(r#"{"key": "g"}"#).refused(403, "forbidden");
        editor.get(&project("/audit")).refused(403, "forbidden");
    }
}
