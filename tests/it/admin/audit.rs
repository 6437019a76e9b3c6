//! The audit log: who, what, why, when; append-only, chained, exportable.

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::support::paths::{State, configure, development, flag, make, production, project};
use crate::support::{Client, Server};

#[derive(Deserialize)]
struct Line {
    seq: i64,
    hash: String,
    entry: Box<RawValue>,
}

/// Reads a whole chain and recomputes it, by this test's own code.
fn verified(client: &Client, path: &str) -> Vec<Line> {
    let export = client.get(path).header("Accept", "application/x-ndjson").expect(200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let lines: Vec<Line> = export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut previous = String::new();
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line.seq, i64::try_from(index).unwrap() + 1, "no gap in {path}");
        let digest = Sha256::digest(format!("{previous}{}", line.entry.get()));
        let hash = digest.iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        assert_eq!(line.hash, hash, "entry {} of {path}", line.seq);
        previous = hash;
    }
    let head = client.get(&format!("{path}/head")).expect(200);
    assert_eq!(
        (head.number_at("/seq"), head.text_at("/hash")),
        (i64::try_from(lines.len()).unwrap(), previous)
    );
    lines
}

on_both! {
    fn both_chains_hold_from_the_first_entry_to_the_head(server: Server) {
        let owner = server.owner();
        let reads = |path: &str| verified(&owner, path).len();
        let (first, installation) = (reads(&project("/audit")), reads("/api/v1/audit"));
        assert!(first > 0 && installation > 0);
        make(&owner, r#"{"key": "ü"}"#.replace('ü', "u").as_str());
        owner.patch(&flag("u")).if_match(1).json(r#"{"description": "日本 \"q\" \\ \u0001 🚩", "tags": ["é"]}"#).expect(200);
        configure(&owner, "u", r#"{"enabled": true, "rules": [{"id": "r", "when": {"percentage": 3.0}, "serve": {"variant": "on"}}]}"#);
        owner.post("/api/v1/projects").json(r#"{"key": "shop"}"#).expect(201);
        server.with_role("viewer");
        assert_eq!(reads(&project("/audit")), first + 3);
        assert!(reads("/api/v1/audit") > installation);
        assert!(reads("/api/v1/projects/shop/audit") >= 1);
    }

    fn an_entry_tells_who_what_why_when_before_and_after(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let id = "my-request-1";
        let done = owner.post(&production("f", "/on")).if_match(1).reason("launch").header("X-Request-Id", id).expect(200);
        let entry = owner.get(&project("/audit?limit=1")).expect(200).at("/items/0/entry");
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        assert_eq!((text("action"), text("kind"), text("key")), ("flag.on", "flag", "f"));
        assert_eq!((text("project"), text("environment"), text("reason"), text("requestId")), ("default", "production", "launch", id));
        assert_eq!((entry["revision"].as_i64(), entry["version"].as_i64()), (Some(done.revision()), Some(2)));
        assert_eq!(entry["actor"]["name"], "owner (first run)");
        assert_eq!(entry["actor"]["address"], "127.0.0.1");
        assert!(entry["actor"]["id"].as_str().unwrap().starts_with("token:"), "{entry}");
        assert_eq!((&entry["before"]["enabled"], &entry["after"]["enabled"]), (&false.into(), &true.into()));
        assert_eq!(entry["changed"], serde_json::json!(["/enabled"]));
        assert_eq!(entry["at"].as_str(), Some(done.text_at("/updatedAt").as_str()));
    }

    fn every_change_is_written_once_and_a_refusal_never(server: Server) {
        let owner = server.owner();
        let mut last = State::of(&server).audit;
        let mut want = |what: &str| {
            let now = State::of(&server).audit;
            assert_eq!(now, last + 1, "{what}");
            last = now;
        };
        make(&owner, r#"{"key": "f"}"#);
        want("create");
        owner.post(&development("f", "/on")).if_match(1).expect(200);
        want("on");
        owner.post(&development("f", "/on")).if_match(1).refused(412, "stale");
        owner.post(&development("f", "/rollout")).if_match(2).json(r#"{"percentage": 101}"#).expect(422);
        owner.post(&development("f", "/rollout")).if_match(2).json(r#"{"percentage": 10}"#).expect(200);
        want("rollout");
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "s"}"#).expect(201);
        want("segment");
        owner.post(&project("/environments")).json(r#"{"key": "e"}"#).expect(201);
        want("environment");
        owner.delete(&project("/environments/e")).if_match(1).expect(200);
        want("archive");
        owner.patch(&project("")).if_match(1).json(r#"{"name": "n"}"#).expect(200);
        want("rename");
        owner.delete(&flag("f")).if_match(1).reason("r").expect(200);
        want("archive a flag");
    }

    fn entries_are_found_by_what_they_are_about(server: Server) {
        let owner = server.owner();
        let editor = server.with_role("editor");
        make(&owner, r#"{"key": "a"}"#);
        make(&editor, r#"{"key": "b"}"#);
        editor.post(&development("b", "/on")).if_match(1).expect(200);
        let count = |query: &str| owner.get(&project(&format!("/audit?limit=200&{query}"))).expect(200).at("/items").as_array().unwrap().len();
        let who = editor.get("/api/v1/whoami").expect(200).text_at("/id");
        assert_eq!(count("key=b"), 2);
        assert_eq!(count("key=b&environment=development"), 1);
        assert_eq!(count("kind=flag&key=a"), 1);
        assert_eq!(count("kind=segment"), 0);
        assert_eq!(count(&format!("actor={who}")), 2);
        assert_eq!(count("key=%27%20OR%201=1%20--"), 0);
    }

    fn an_export_goes_on_after_an_entry_and_spans_batches(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        for number in 1..=3 {
            owner.patch(&flag("f")).if_match(number).json(&format!(r#"{{"owner": "{number}"}}"#)).expect(200);
        }
        let all = verified(&owner, &project("/audit"));
        let rest = owner.get(&project(&format!("/audit?after={}", all.len() - 2))).header("Accept", "application/x-ndjson").expect(200);
        assert_eq!(rest.text().lines().count(), 2);
        let none = owner.get(&project("/audit?after=100000")).header("Accept", "application/x-ndjson").expect(200);
        assert_eq!(none.text(), "");
        owner.get(&project("/audit?after=x")).header("Accept", "application/x-ndjson").refused(400, "invalid_query");
    }
}
