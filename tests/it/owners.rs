//! Owners: their token is told or nothing is made, one of them is always left, and there is a way back for a lost one.

use std::process::{Command, Output};

use pennon::store::{Arg, installation};

use crate::support::home::block_on;
use crate::support::paths::{State, project};
use crate::support::{Books, Client, Home, Server, wait_until};

on_both! {
    fn a_first_run_whose_keys_cannot_be_written_makes_nothing(home: Home) {
        let nowhere = home.path("a-file");
        std::fs::write(&nowhere, "").unwrap();
        let mut server = Server::not_started(home, &[("PENNON_BOOTSTRAP_FILE", nowhere.join("keys.json").to_str().unwrap())]);
        server.launch();
        assert!(!server.wait_for_exit().success());
        assert!(server.log().contains("--bootstrap-file"), "{}", server.log());
        // Nothing was made: the next start, told a better place, is the first run.
        let mut server = server.beside("node-2", &[]);
        server.start();
        server.owner().get("/api/v1/whoami").expect(200);
        // Later starts have nothing to write, so the place does not matter.
        server.kill();
        let mut server = server.beside("node-3", &[("PENNON_BOOTSTRAP_FILE", nowhere.join("keys.json").to_str().unwrap())]);
        server.start();
        server.owner().get("/api/v1/whoami").expect(200);
    }

    fn the_last_owner_cannot_be_ended(server: Server) {
        let owner = server.owner();
        let first = own_id(&owner);
        let path = |id: &str| format!("/api/v1/keys/{id}");
        let refused = owner.delete(&path(&first)).refused(409, "in_use");
        assert!(refused.text_at("/detail").contains("owner"), "{refused}");
        // Neither an admin, nor an owner of one project, nor an owner who ends sooner takes the place.
        server.with_role("admin");
        let make = |grants: &str, expires: &str| {
            let body = format!(r#"{{"kind": "api", "name": "x", "grants": [{grants}]{expires}}}"#);
            owner.post("/api/v1/keys").json(&body).expect(201)
        };
        make(r#"{"role": "owner", "project": "default"}"#, "");
        let soon = make(r#"{"role": "owner"}"#, r#", "expiresAt": "2099-01-01T00:00:00Z""#);
        owner.delete(&path(&first)).refused(409, "in_use");
        assert!(owner.get(&path(&first)).expect(200).at("/revokedAt").is_null());
        owner.delete(&path(&soon.text_at("/id"))).expect(200);
        // A rotated token ends, so its successor is the last one.
        let second = owner.post(&format!("{}/rotate", path(&first))).expect(201);
        owner.delete(&path(&second.text_at("/id"))).refused(409, "in_use");
        let second_owner = server.holding(&second.text_at("/secret"));
        second_owner.delete(&path(&first)).expect(200);
        // With another one it may go.
        let third = r#"{"kind": "api", "name": "x", "grants": [{"role": "owner"}]}"#;
        second_owner.post("/api/v1/keys").json(third).expect(201);
        second_owner.delete(&path(&second.text_at("/id"))).expect(200);
    }

    fn a_lost_owner_token_is_made_anew_beside_the_server(server: Server) {
        let made = create_owner(&server.home, &["found again", "--json"]);
        assert!(made.status.success(), "{made:?}");
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let token = made["secret"].as_str().unwrap();
        wait_until("the server knows the token", || {
            (server.holding(token).get("/api/v1/whoami").send().status == 200).then_some(())
        });
        let who = server.holding(token).get("/api/v1/whoami").expect(200);
        assert_eq!((who.text_at("/name"), who.text_at("/grants/0/role")), ("found again".to_owned(), "owner".to_owned()));
        let entry = server.owner().get("/api/v1/audit?limit=1").expect(200);
        assert_eq!((entry.text_at("/items/0/entry/actor/id"), entry.text_at("/items/0/entry/action")), ("system".to_owned(), "key.create".to_owned()));
        assert_eq!(entry.at("/items/0/entry/key"), made["id"]);
        assert!(!entry.text().contains(token));
        // On the screen it is the last line.
        let made = create_owner(&server.home, &[]);
        let said = String::from_utf8(made.stdout).unwrap();
        assert!(said.lines().last().unwrap().starts_with("pnn_api_"), "{said}");
    }

    fn no_owner_is_made_before_the_first_run(home: Home) {
        let refused = create_owner(&home, &[]);
        assert!(!refused.status.success(), "{refused:?}");
        assert!(refused.stdout.is_empty(), "{refused:?}");
        let migrated = Command::new(env!("CARGO_BIN_EXE_pennon"))
            .args(["migrate", "--database-url", &home.url])
            .status();
        assert!(migrated.unwrap().success());
        let refused = create_owner(&home, &[]);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("start the server"), "{refused:?}");
    }

    fn nobody_ends_a_token_that_may_more_than_they_may(server: Server) {
        let owner = server.owner();
        let make = |role: &str| {
            let body = format!(r#"{{"kind": "api", "name": "x", "grants": [{{"role": "{role}"}}]}}"#);
            format!("/api/v1/keys/{}", owner.post("/api/v1/keys").json(&body).expect(201).text_at("/id"))
        };
        let (strong, equal) = (make("owner"), make("admin"));
        let admin = server.with_role("admin");
        for call in [admin.delete(&strong), admin.post(&format!("{strong}/rotate"))] {
            let refused = call.refused(403, "forbidden");
            assert!(refused.text_at("/detail").contains("owner"), "{refused}");
        }
        assert!(owner.get(&strong).expect(200).at("/revokedAt").is_null());
        admin.delete(&equal).expect(200);
        // The same within a project.
        let body = |role: &str| format!(r#"{{"kind": "api", "name": "x", "grants": [{{"role": "{role}", "project": "default"}}]}}"#);
        let keys = project("/keys");
        let strong = owner.post(&keys).json(&body("owner")).expect(201).text_at("/id");
        let admin = server.holding(&owner.post(&keys).json(&body("admin")).expect(201).text_at("/secret"));
        admin.delete(&format!("{keys}/{strong}")).refused(403, "forbidden");
        owner.delete(&format!("{keys}/{strong}")).expect(200);
    }

    fn what_ends_protection_wants_a_reason(server: Server) {
        let owner = server.owner();
        let environment = project("/environments/production");
        let open = || owner.patch(&environment).if_match(1).json(r#"{"protected": false}"#);
        let epoch = || owner.post(&format!("{environment}/new-epoch")).if_match(1);
        for call in [open(), epoch(), owner.delete(&environment).if_match(1)] {
            let refused = call.refused(422, "reason_required");
            assert!(refused.text_at("/detail").contains("production"), "{refused}");
        }
        // A name serves nobody, and to protect is no loss.
        owner.patch(&environment).if_match(1).json(r#"{"name": "Live", "protected": true}"#).expect(200);
        owner.patch(&project("/environments/development")).if_match(1).json(r#"{"protected": true}"#).expect(200);
        owner.post(&format!("{environment}/new-epoch")).if_match(2).reason("restored").expect(200);
        owner.patch(&environment).if_match(3).reason("r").json(r#"{"protected": false}"#).expect(200);
        owner.post(&format!("{environment}/new-epoch")).if_match(4).expect(200);
    }

    fn a_project_ends_with_its_environments_and_the_log_tells_of_each(server: Server) {
        let owner = server.owner();
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        owner.delete("/api/v1/projects/shop").if_match(1).refused(422, "reason_required");
        owner.get("/api/v1/projects/shop/environments/development").expect(200);
        owner.delete("/api/v1/projects/shop").if_match(1).reason("closed").expect(200);
        let books = Books::checked(&server.home);
        let archived = |key: &str| books.audited("environment.archive", key);
        assert_eq!((archived("development"), archived("production")), (1, 1));
        assert_eq!(books.audited("project.archive", "shop"), 1);
        // The key of what is archived is not used again, and the answer says so.
        let refused = owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).refused(409, "exists");
        assert!(refused.text_at("/detail").contains("archived"), "{refused}");
    }

    fn names_are_visible_and_tell_a_terminal_nothing(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        for (name, code) in [(r#""""#, "missing_member"), (r#""  ""#, "missing_member"), (r#""\u001b[31m""#, "invalid_value"), (r#""a\u0085b""#, "invalid_value")] {
            let new = format!(r#"{{"key": "x", "name": {name}}}"#);
            let patch = format!(r#"{{"name": {name}}}"#);
            owner.post("/api/v1/projects").json(&new).invalid(&[("/name", code)]);
            owner.patch(&project("")).if_match(1).json(&patch).invalid(&[("/name", code)]);
            owner.post(&project("/environments")).json(&new).invalid(&[("/name", code)]);
            owner.patch(&project("/environments/development")).if_match(1).json(&patch).invalid(&[("/name", code)]);
            let key = format!(r#"{{"kind": "server", "environment": "development", "name": {name}}}"#);
            owner.post(&project("/keys")).json(&key).invalid(&[("/name", code)]);
            // One of several is told by its place.
            let nested = format!(r#"{{"key": "x", "environments": [{{"key": "a"}}, {{"key": "b", "name": {name}}}]}}"#);
            owner.post("/api/v1/projects").json(&nested).invalid(&[("/environments/1/name", code)]);
        }
        let nested = r#"{"key": "x", "environments": [{"key": "a", "copyFrom": "b"}]}"#;
        owner.post("/api/v1/projects").json(nested).invalid(&[("/environments/0/copyFrom", "unknown_environment")]);
        assert_eq!(State::of(&server), before);
    }

    fn pages_of_projects_hold_what_the_caller_sees_and_tell_of_nothing_else(server: Server) {
        let owner = server.owner();
        for key in ["a-secret", "bank", "c-secret", "shop", "z-secret"] {
            owner.post("/api/v1/projects").json(&format!(r#"{{"key": "{key}", "environments": []}}"#)).expect(201);
        }
        let body = r#"{"kind": "api", "name": "x", "grants": [{"role": "viewer", "project": "shop"}, {"role": "viewer", "project": "bank"}]}"#;
        let member = server.holding(&owner.post("/api/v1/keys").json(body).expect(201).text_at("/secret"));
        let walk = |client: &Client| {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = client.get(&format!("/api/v1/projects?limit=1&cursor={cursor}")).expect(200).json();
                let items = page["items"].as_array().unwrap();
                assert_eq!(items.len(), 1, "{page}");
                seen.push(items[0]["key"].as_str().unwrap().to_owned());
                match page["nextCursor"].as_str() {
                    None => return seen,
                    Some(next) => {
                        assert_eq!(next, seen.last().unwrap(), "a cursor names what was seen");
                        next.clone_into(&mut cursor);
                    }
                }
            }
        };
        assert_eq!(walk(&member), ["bank", "shop"]);
        assert_eq!(walk(&owner), ["a-secret", "bank", "c-secret", "default", "shop", "z-secret"]);
        owner.delete("/api/v1/projects/bank").if_match(1).expect(200);
        assert_eq!(walk(&member), ["shop"]);
    }

    fn a_null_takes_a_name_away_and_no_protection(server: Server) {
        let owner = server.owner();
        let patch = |version: i64, body: &str| owner.patch(&project("")).if_match(version).json(body);
        patch(1, r#"{"name": "N", "description": "d"}"#).expect(200);
        let reset = patch(2, r#"{"name": null, "description": null}"#).expect(200);
        assert_eq!((reset.text_at("/name"), reset.text_at("/description"), reset.version()), ("default".to_owned(), String::new(), 3));
        assert_eq!(patch(3, r#"{"name": null}"#).expect(200).version(), 3);
        let production = project("/environments/production");
        let patch = |version: i64, body: &str| owner.patch(&production).if_match(version).json(body);
        patch(1, r#"{"name": "N"}"#).expect(200);
        assert_eq!(patch(2, r#"{"name": null}"#).expect(200).text_at("/name"), "production");
        patch(3, r#"{"protected": null}"#).reason("r").invalid(&[("/protected", "wrong_type")]);
    }

    fn a_rotated_key_lives_as_long_as_it_is_told(server: Server) {
        let owner = server.owner();
        let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        let now = jiff::Timestamp::now();
        let make = |expires: &str| {
            let body = format!(r#"{{"kind": "server", "name": "x", "environment": "development"{expires}}}"#);
            project(&format!("/keys/{}", owner.post(&project("/keys")).json(&body).expect(201).text_at("/id")))
        };
        let hour = format!(r#", "expiresAt": "{:.0}""#, now + jiff::SignedDuration::from_hours(1));
        let rotate = |key: &str, body: &str| owner.post(&format!("{key}/rotate")).json(body);
        let alike = rotate(&make(&hour), "{}").expect(201);
        let life = seconds(&alike.text_at("/expiresAt")) - seconds(&alike.text_at("/createdAt"));
        assert!((3590..=3601).contains(&life), "{alike}");
        assert!(rotate(&make(""), "{}").expect(201).at("/expiresAt").is_null());
        assert!(rotate(&make(&hour), r#"{"expiresAt": null}"#).expect(201).at("/expiresAt").is_null());
        let told = rotate(&make(&hour), r#"{"expiresAt": "2099-12-30T00:00:00+01:00"}"#).expect(201);
        assert_eq!(told.text_at("/expiresAt"), "2099-12-29T23:00:00.000000Z");
        let key = make("");
        rotate(&key, r#"{"expiresAt": "2020-01-01T00:00:00Z"}"#).invalid(&[("/expiresAt", "invalid_value")]);
        rotate(&key, r#"{"expiresAt": "2099-12-30 00Z"}"#).invalid(&[("/expiresAt", "invalid_date")]);
        assert!(owner.get(&key).expect(200).at("/rotatedTo").is_null());
    }

    fn grants_name_what_is_there_and_origins_what_browsers_send(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        let token = |path: &str, grant: &str| {
            let good = r#"{"role": "viewer", "project": "default", "environment": "production"}"#;
            owner.post(path).json(&format!(r#"{{"kind": "api", "name": "x", "grants": [{good}, {grant}]}}"#))
        };
        token("/api/v1/keys", r#"{"role": "viewer", "project": "shop"}"#).invalid(&[("/grants/1/project", "unknown_project")]);
        let nowhere = r#"{"role": "viewer", "project": "default", "environment": "nowhere"}"#;
        for path in ["/api/v1/keys", &project("/keys")] {
            token(path, nowhere).invalid(&[("/grants/1/environment", "unknown_environment")]);
        }
        assert_eq!(State::of(&server), before);
        token("/api/v1/keys", r#"{"role": "viewer"}"#).expect(201);
        let body = |origin: &str| format!(r#"{{"kind": "client", "name": "x", "environment": "development", "origins": ["{origin}"]}}"#);
        owner.post(&project("/keys")).json(&body("https://*.example.com")).invalid(&[("/origins/0", "invalid_value")]);
        let made = owner.post(&project("/keys")).json(&body("https://Shop.example.com:443")).expect(201);
        assert_eq!(made.text_at("/origins/0"), "https://shop.example.com");
        let ask = |origin: &str| {
            let call = server.holding(&made.text_at("/secret")).post("/ofrep/v1/evaluate/flags/new_checkout_flow");
            call.header("Origin", origin).json("{}").send().status
        };
        assert_eq!((ask("https://shop.example.com"), ask("https://else.example.com")), (200, 403));
    }

    fn a_stale_version_tells_who_changed_it(server: Server) {
        let (owner, other) = (server.owner(), server.with_role("owner"));
        for (path, verb) in [(project(""), ""), (project("/environments/production"), "/new-epoch")] {
            other.patch(&path).if_match(1).json(r#"{"name": "Other"}"#).expect(200);
            let change = match verb {
                "" => owner.delete(&path),
                verb => owner.post(&format!("{path}{verb}")).reason("r"),
            };
            for call in [owner.patch(&path).json(r#"{"name": "Mine"}"#), change] {
                let refused = call.if_match(1).refused(412, "stale");
                assert_eq!((refused.number_at("/current/version"), refused.text_at("/current/updatedBy")), (2, "owner".to_owned()), "{refused}");
            }
            // The lock is let go: the next change goes through.
            owner.patch(&path).if_match(2).json(r#"{"name": "Mine"}"#).expect(200);
        }
    }

    fn a_token_of_a_newer_version_waits_for_it(server: Server) {
        let body = r#"{"kind": "api", "name": "x", "grants": [{"role": "viewer"}]}"#;
        let made = server.owner().post("/api/v1/keys").json(body).expect(201);
        let (token, id) = (server.holding(&made.text_at("/secret")), made.text_at("/id"));
        token.get("/api/v1/whoami").expect(200);
        block_on(async {
            let db = server.home.open().await;
            let mut tx = db.begin().await.unwrap();
            let grants = r#"[{"role":"auditor"}]"#;
            let args = [Arg::Text(grants), Arg::Text(&id)];
            tx.execute("UPDATE access_key SET grants = $1 WHERE id = $2", &args).await.unwrap();
            installation::bump(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            db.close().await;
        });
        wait_until("the node reads the key anew", || (token.get("/api/v1/whoami").send().status != 200).then_some(()));
        let refused = token.get("/api/v1/whoami").refused(503, "unavailable");
        assert!(!refused.header("retry-after").is_empty(), "{refused}");
        // It may be anything, so only an owner ends it.
        let path = format!("/api/v1/keys/{id}");
        server.with_role("admin").delete(&path).refused(403, "forbidden");
        server.owner().delete(&path).expect(200);
        token.get("/api/v1/whoami").refused(401, "unauthenticated");
    }
}

/// The id of the token that a client holds.
fn own_id(client: &Client) -> String {
    client.get("/api/v1/whoami").expect(200).text_at("/id").trim_start_matches("token:").to_owned()
}

/// `pennon key create-owner` on a home's database.
fn create_owner(home: &Home, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
    command.env_remove("PENNON_TOKEN").args(["key", "create-owner", "--database-url", &home.url]);
    command.args(arguments).output().unwrap()
}
