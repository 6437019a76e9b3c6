//! Projects: made with their environments, renamed, archived.

use serde_json::json;

use crate::support::Server;
use crate::support::paths::{State, project};

on_both! {
    fn a_project_is_made_with_its_environments(server: Server) {
        let owner = server.owner();
        let made = owner.post("/api/v1/projects").json(r#"{"key": "shop", "name": "Shop", "description": "d"}"#).expect(201);
        assert_eq!((made.version(), made.text_at("/name"), made.text_at("/description")), (1, "Shop".to_owned(), "d".to_owned()));
        let list = |key: &str| {
            let page = owner.get(&format!("/api/v1/projects/{key}/environments")).expect(200).json();
            let items = page["items"].as_array().unwrap().clone();
            items.iter().map(|item| json!([item["key"], item["protected"]])).collect::<Vec<_>>()
        };
        assert_eq!(list("shop"), [json!(["development", false]), json!(["production", true])]);
        let body = r#"{"key": "own", "environments": [{"key": "live", "protected": true, "name": "Live"}]}"#;
        owner.post("/api/v1/projects").json(body).expect(201);
        assert_eq!(list("own"), [json!(["live", true])]);
        owner.post("/api/v1/projects").json(r#"{"key": "none", "environments": []}"#).expect(201);
        assert_eq!(list("none"), Vec::<serde_json::Value>::new());
        let before = owner.get("/api/v1/audit/head").expect(200).text();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).refused(409, "exists");
        owner.post("/api/v1/projects").json(r#"{"key": "twice", "environments": [{"key": "a"}, {"key": "a"}]}"#).refused(409, "exists");
        owner.get("/api/v1/projects/twice").refused(404, "not_found");
        owner.post("/api/v1/projects").json(r#"{"key": "-"}"#).expect(422);
        owner.post("/api/v1/projects").json(r#"{"key": "ok", "colour": 1}"#).expect(422);
        assert_eq!(owner.get("/api/v1/audit/head").expect(200).text(), before);
    }

    fn a_project_is_renamed(server: Server) {
        let owner = server.owner();
        let edit = |version: i64, body: &str| owner.patch(&project("")).if_match(version).json(body);
        let edited = edit(1, r#"{"name": "The shop", "description": "ü"}"#).expect(200);
        assert_eq!((edited.version(), edited.text_at("/name"), edited.text_at("/description")), (2, "The shop".to_owned(), "ü".to_owned()));
        assert_eq!(owner.get(&project("")).expect(200).text(), edited.text());
        edit(2, &format!(r#"{{"name": "{}"}}"#, "x".repeat(201))).invalid(&[("/name", "limit_exceeded")]);
        edit(2, r#"{"description": "\u0000"}"#).invalid(&[("/description", "invalid_value")]);
        edit(2, r#"{"key": "x"}"#).expect(422);
    }

    fn a_project_is_archived_when_it_has_no_flag_any_more(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        owner.post("/api/v1/projects/shop/flags").json(r#"{"key": "f"}"#).expect(201);
        let body = r#"{"kind": "server", "name": "x", "environment": "development"}"#;
        let key = owner.post("/api/v1/projects/shop/keys").json(body).expect(201).text_at("/secret");
        let body = r#"{"kind": "api", "name": "x", "grants": [{"role": "admin", "project": "shop"}]}"#;
        let token = owner.post("/api/v1/projects/shop/keys").json(body).expect(201).text_at("/secret");
        assert_eq!(server.evaluate(&key, "f", "{}").status, 200);
        owner.delete("/api/v1/projects/shop").if_match(1).refused(409, "in_use");
        owner.delete("/api/v1/projects/shop/flags/f?force=true").if_match(1).reason("r").expect(200);
        owner.delete("/api/v1/projects/shop").if_match(1).reason("r").expect(200);
        assert_eq!(server.evaluate(&key, "f", "{}").status, 401);
        server.holding(&token).get("/api/v1/whoami").refused(401, "unauthenticated");
        owner.get("/api/v1/projects/shop").refused(404, "not_found");
        owner.get("/api/v1/projects/shop/flags").refused(404, "not_found");
        let listed = owner.get("/api/v1/projects").expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).refused(409, "exists");
    }

    fn two_projects_with_the_same_keys_do_not_touch(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        let before = State::of(&server);
        let base = "/api/v1/projects/shop/flags";
        owner.post(base).json(r#"{"key": "new_checkout_flow"}"#).expect(201);
        owner.post(&format!("{base}/new_checkout_flow/environments/development/on")).if_match(1).expect(200);
        assert_eq!(server.evaluate(&server.server_key, "new_checkout_flow", "{}").at("/value"), false);
        assert_eq!(State::of(&server), before);
    }
}
