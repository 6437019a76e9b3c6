//! The command line against the true server: what people type, and what scripts take from it.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{Home, Server};

/// Runs `pennon` with nothing but what a shell would export after the first run.
fn pennon(server: &Server, arguments: &[&str]) -> Output {
    command(server, arguments).output().expect("pennon runs")
}

fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PENNON_")) {
        command.env_remove(name);
    }
    command.env("PENNON_URL", &server.address).env("PENNON_TOKEN", &server.token);
    command.args(arguments).stdin(Stdio::null());
    command
}

#[track_caller]
pub fn succeeds(server: &Server, arguments: &[&str]) -> String {
    let output = pennon(server, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn fails(server: &Server, arguments: &[&str]) -> String {
    let output = pennon(server, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[track_caller]
fn json(server: &Server, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(server, arguments)).expect("JSON")
}

on_both! {
    fn a_flag_goes_through_its_life(server: Server) {
        let told = |arguments: &[&str]| succeeds(&server, arguments);
        assert!(told(&["flag", "create", "pay", "--tag", "money"]).contains("off in every environment"));
        assert_eq!(told(&["flag", "on", "pay"]), "pay is ON in development (revision 3): on for everyone\n");
        let rolled = told(&["flag", "rollout", "pay", "20%", "--reason", "größer werden"]);
        assert_eq!(rolled, "pay is ON in development (revision 4): on for 20 % by targetingKey, off for everyone else\n");
        assert!(told(&["flag", "target", "pay", "on", "--add", "u-1,u-2"]).contains("2 targets, then on for 20 %"));
        assert_eq!(told(&["evaluate", "pay", "-c", "targetingKey=u-1"]), "true\nvariant on, TARGETING_MATCH, rule target\n");
        let history = told(&["flag", "history", "pay"]);
        assert!(history.contains("flag.rollout") && history.contains("größer werden"), "{history}");
        assert!(told(&["flag", "revert", "pay", "2"]).contains("on for everyone"));
        assert!(told(&["flag", "off", "pay"]).starts_with("pay is OFF"));
        assert!(told(&["flag", "list", "--tag", "money"]).contains("pay"));
        told(&["flag", "archive", "pay", "--reason", "done"]);
        assert!(told(&["flag", "list", "--archived"]).contains("pay"));
        told(&["flag", "restore", "pay", "--reason", "not done"]);
        assert!(told(&["flag", "get", "pay"]).contains("production is OFF"));
    }

    fn a_split_is_made_and_weighed(server: Server) {
        let create = ["flag", "create", "banner", "--type", "string", "--variant", "a=x", "--variant", "b=y"];
        succeeds(&server, &create);
        succeeds(&server, &["flag", "on", "banner"]);
        let told = succeeds(&server, &["flag", "weights", "banner", "a=33.333", "b=66.667"]);
        assert!(told.contains("a 33.333 %, b 66.667 % by targetingKey for everyone"), "{told}");
    }

    fn use_and_instances_are_shown_and_a_flag_in_use_wants_force(server: Server) {
        assert_eq!(succeeds(&server, &["usage"]), "nothing was ever evaluated in development\n");
        assert_eq!(succeeds(&server, &["usage", "--unknown"]), "no flag is asked for that is not defined\n");
        assert_eq!(succeeds(&server, &["instances"]), "no instance of an SDK is known in development\n");
        let batch = r#"{"instanceId": "shop-1", "session": "8f1c0a4be27d6395", "sequence": 1, "events": [
            {"kind": "instance", "sdk": "pennon-rust", "sdkVersion": "0.1.0", "state": "ready", "revision": "7-1", "labels": {"region": "eu"}},
            {"kind": "summary", "evaluations": [{"flag": "new_checkout_flow", "variant": "on", "reason": "SPLIT", "count": 3},
                {"flag": "new_checkout_flow", "variant": "off", "reason": "SPLIT", "count": 1}, {"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 2}]},
            {"kind": "track", "metric": "latency", "unit": "u", "value": 2.5},
            {"kind": "exposure", "flag": "new_checkout_flow", "variant": "on", "run": "r-1", "arm": "candidate", "unit": "u"}]}"#;
        server.holding(&server.server_key).post("/api/v1/sdk/events").json(batch).expect(200);
        let usage = succeeds(&server, &["usage"]);
        assert!(usage.contains("new_checkout_flow  4            0        on 75 %, off 25 %  20"), "{usage}");
        assert!(usage.contains("latency  server  1       2.5"), "{usage}");
        let one = succeeds(&server, &["usage", "new_checkout_flow", "--step", "day", "--since", "7d"]);
        assert!(one.contains("on       SPLIT   server  3") && one.contains("r-1  candidate  on       1"), "{one}");
        assert_eq!(json(&server, &["usage", "--json"])["items"][0]["evaluations"], 4);
        assert!(fails(&server, &["usage", "new_checkout_flo"]).contains("did you mean new_checkout_flow?"));
        assert!(succeeds(&server, &["usage", "--unknown"]).contains("gone  2"));
        let instances = succeeds(&server, &["instances"]);
        assert!(instances.contains("shop-1    pennon-rust 0.1.0  ready  1"), "{instances}");
        assert_eq!(json(&server, &["instances", "--json"])["items"][0]["labels"]["region"], "eu");
        let refused = fails(&server, &["flag", "archive", "new_checkout_flow", "--reason", "r"]);
        assert!(refused.contains("evaluated in the last hour: in development") && refused.contains("--force"), "{refused}");
        succeeds(&server, &["flag", "archive", "new_checkout_flow", "--reason", "r", "--force"]);
    }

    fn the_audit_log_is_verified_and_a_changed_export_is_not(server: Server) {
        succeeds(&server, &["project", "create", "shop"]);
        succeeds(&server, &["flag", "on", "new_checkout_flow"]);
        let verified = succeeds(&server, &["audit", "verify"]);
        for chain in ["project default: ok, ", "project shop: ok, ", "installation: ok, "] {
            assert!(verified.contains(chain), "{verified}");
        }
        let export = succeeds(&server, &["audit", "export"]);
        let file = server.directory.join("export.ndjson");
        let path = file.to_str().expect("a path");
        std::fs::write(&file, &export).expect("a file");
        let head = verified.lines().find_map(|line| line.strip_prefix("project default: ok, ")?.split("head ").nth(1));
        succeeds(&server, &["audit", "verify", "--file", path, "--expect", head.expect("a head")]);
        std::fs::write(&file, export.replacen("flag.on", "flag.off", 1)).expect("a file");
        let output = pennon(&server, &["audit", "verify", "--file", path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("BROKEN"));
        let cut: Vec<&str> = export.lines().take(2).collect();
        std::fs::write(&file, cut.join("\n")).expect("a file");
        let output = pennon(&server, &["audit", "verify", "--file", path, "--expect", head.expect("a head")]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("the chain ends at entry 2"));
    }

    fn keys_are_made_used_rotated_and_revoked(server: Server) {
        let made = json(&server, &["key", "create", "web", "--kind", "client", "--json"]);
        let (id, secret) = (made["id"].as_str().expect("id"), made["secret"].as_str().expect("secret"));
        assert_eq!(server.evaluate(secret, "new_checkout_flow", "{}").status, 200);
        let rotated = json(&server, &["key", "rotate", id, "--overlap", "1h", "--json"]);
        assert_eq!(server.evaluate(rotated["secret"].as_str().expect("secret"), "new_checkout_flow", "{}").status, 200);
        succeeds(&server, &["key", "revoke", id]);
        assert_eq!(server.evaluate(secret, "new_checkout_flow", "{}").status, 401);
        assert!(succeeds(&server, &["key", "list"]).contains("revoked 20"));
        let token = succeeds(&server, &["key", "create", "ci", "--kind", "api", "--grant", "viewer", "--expires", "90d"]);
        let token = token.lines().last().expect("a secret");
        let refused = fails(&server, &["flag", "on", "new_checkout_flow", "--token", token]);
        assert!(refused.contains("hint: `pennon whoami`"), "{refused}");
        assert!(succeeds(&server, &["whoami", "--token", token]).contains("viewer in project default"));
    }

    fn environments_are_made_protected_and_begun_anew(server: Server) {
        succeeds(&server, &["env", "create", "staging"]);
        assert!(succeeds(&server, &["env", "protect", "staging"]).contains("staging is protected"));
        assert!(fails(&server, &["flag", "on", "new_checkout_flow", "-e", "staging"]).contains("hint: say why with --reason"));
        succeeds(&server, &["flag", "on", "new_checkout_flow", "-e", "staging", "--reason", "agreed"]);
        let epoch = |value: &Value| value["epoch"].as_i64().expect("an epoch");
        let before = json(&server, &["env", "get", "staging", "--json"]);
        succeeds(&server, &["env", "new-epoch", "staging", "--reason", "restored"]);
        assert!(epoch(&json(&server, &["env", "get", "staging", "--json"])) > epoch(&before));
    }

    fn turning_on_at_once_from_many_places_works_for_all(server: Server) {
        let start = |arguments: &[&str]| command(&server, arguments).stdout(Stdio::null()).spawn().expect("pennon runs");
        // The others change it at most twice, so the third attempt of each `on` meets nobody.
        let all = ["on", "off", "on"].map(|act| start(&["flag", act, "new_checkout_flow"]));
        for mut one in all {
            assert!(one.wait().expect("it ends").success());
        }
    }
}

#[test]
fn what_fails_says_what_to_do() {
    let server = Server::on(Home::sqlite());
    assert!(
        fails(&server, &["flag", "on", "new_checkout_flwo"])
            .contains("hint: did you mean new_checkout_flow?")
    );
    let refused = fails(&server, &["--url", "http://127.0.0.1:1", "flag", "list"]);
    assert!(refused.contains("is the server running?"), "{refused}");
    assert!(fails(&server, &["--token", "", "flag", "list"]).contains("none was given"));
    assert!(fails(&server, &["--token", "nonsense", "flag", "list"]).contains("PENNON_TOKEN"));
    let problem: Value =
        serde_json::from_str(&fails(&server, &["flag", "get", "nope", "--json"])).expect("JSON");
    assert_eq!(problem["code"], "not_found");
    for arguments in [
        &["flag", "rollout", "f", "101"][..],
        &["flag", "weights", "f", "a=1"],
        &["flag", "list", "--url", "x"],
    ] {
        assert_eq!(pennon(&server, arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Server::on(Home::sqlite());
    let mut child = command(&server, &["openapi"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pennon runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_healthcheck_asks_the_server_that_the_settings_describe() {
    let mut server = Server::with(Home::sqlite(), &[("PENNON_BASE_PATH", "/flags")]);
    let listen =
        server.address.trim_start_matches("http://").split('/').next().expect("an authority").to_owned();
    let check = |listen: &str| {
        let mut command = command(&server, &["healthcheck"]);
        command.env_remove("PENNON_URL").env("PENNON_LISTEN", listen).env("PENNON_BASE_PATH", "/flags");
        command.output().expect("pennon runs").status.code()
    };
    assert_eq!(check(&listen), Some(0));
    assert_eq!(check("127.0.0.1:1"), Some(1));
    server.kill();
}

#[test]
fn check_shows_the_settings_without_the_password_and_starts_nothing() {
    let check = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PENNON_")) {
            command.env_remove(name);
        }
        command.env("PENNON_DATABASE_URL", "postgres://u:hunter2@nowhere.invalid/d");
        command.args(arguments).output().expect("pennon runs")
    };
    let output = check(&["serve", "--check", "--json", "--poll-interval", "2s"]);
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let setting = |name: &str| {
        shown["settings"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(setting("poll_interval")["source"], "--poll-interval");
    assert_eq!(setting("database_url")["source"], "PENNON_DATABASE_URL");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"));
    let output = check(&["--check", "--listen", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("listen (--listen): `nowhere` is no address"));
}

#[test]
fn migrate_makes_the_schema_and_may_run_again() {
    let home = Home::sqlite();
    for _ in 0..2 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
        command.args(["migrate", "--database-url", &home.url]).current_dir(&home.directory);
        let output = command.output().expect("pennon runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "the sqlite database is up to date\n");
    }
}
