//! The stream of results: what each flag serves for one context, never why; and only what differs.

use serde_json::{Value, json};

use super::{Lively, dated_rule, soon};
use crate::support::listening::{FLAG, changed};
use crate::support::paths::{configure, flag, make, project};
use crate::support::{Follower, Sent, Server};

/// The flags of a bulk answer as a stream of results holds them: by key.
fn bulk(server: &Server, key: &str, context: &str) -> Value {
    let body = format!(r#"{{"context": {context}}}"#);
    let answer = server.holding(key).post("/ofrep/v1/evaluate/flags").json(&body).expect(200).json();
    let by_key = |entry: &Value| (entry["key"].as_str().expect("a key").to_owned(), entry.clone());
    answer["flags"].as_array().expect("flags").iter().map(by_key).collect::<serde_json::Map<_, _>>().into()
}

const FOR_PRO: &str = r#"{"enabled": true, "fallthrough": {"variant": "off"}, "rules": [
    {"id": "secret-rule", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "on"}}]}"#;

on_both! {
    fn results_are_those_of_a_bulk_answer_and_tell_no_rule(server: Server) {
        let owner = server.owner().with("X-Pennon-Reason", "a test");
        make(&owner, r#"{"key": "hidden"}"#);
        make(&owner, r#"{"key": "shown", "clientVisible": true}"#);
        make(&owner, r#"{"key": "price", "type": "number", "variants": {"old": 3.0, "new": 1e2}, "clientVisible": true, "metadata": {"team": "a"}}"#);
        make(&owner, r#"{"key": "split", "clientVisible": true}"#);
        configure(&owner, "shown", FOR_PRO);
        configure(&owner, "price", r#"{"enabled": true, "fallthrough": {"variant": "old"}}"#);
        configure(&owner, "split", r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "on", "weight": 50000}, {"variant": "off", "weight": 50000}]}}"#);
        for context in [r#"{"plan": "pro"}"#, r#"{"plan": "free", "targetingKey": "u-1"}"#, "{}"] {
            for key in [&server.client_key, &server.server_key] {
                let mut stream = server.client_stream(key, context).listen();
                let put = stream.event("put");
                let data = put.json();
                let members: Vec<&String> = data.as_object().unwrap().keys().collect();
                assert_eq!(members, ["epoch", "flags", "revision"]);
                assert_eq!(put.id, format!("{}-{}", data["epoch"], data["revision"]));
                assert_eq!(data["flags"], bulk(&server, key, context), "{context}");
                assert!(put.data.unwrap().contains("3.0"), "numbers as they were written");
                for secret in ["salt", "rules", "\"when\"", "weight", "plan"] {
                    assert!(!stream.text().contains(secret), "{secret}: {stream}");
                }
                assert_eq!(data["flags"]["hidden"].is_null(), key == &server.client_key, "what is not client-visible");
            }
        }
    }

    fn a_result_that_counts_for_a_run_says_so_on_the_stream_and_never_over_ofrep(server: Server) {
        let owner = server.owner().with("X-Pennon-Reason", "a test");
        make(&owner, r#"{"key": "shown", "clientVisible": true}"#);
        let tracked = |track: &str| format!(r#"{{"enabled": true, "fallthrough": {{"variant": "off"}}, "rules": [{{"id": "r", "serve": {{"variant": "on"}}, "track": {track}}}]}}"#);
        configure(&owner, "shown", &tracked(r#"{"run": "run-1", "arm": "candidate"}"#));
        for key in [&server.client_key, &server.server_key] {
            let mut follower = Follower::of(server.client_stream(key, r#"{"targetingKey": "u-1"}"#));
            let mut entry = follower.document["flags"]["shown"].clone();
            let track = entry.as_object_mut().unwrap().remove("track");
            assert_eq!(track, Some(json!({"run": "run-1", "by": ["targetingKey"], "arm": "candidate"})));
            assert_eq!(entry, bulk(&server, key, r#"{"targetingKey": "u-1"}"#)["shown"], "the rest is OFREP's");
            configure(&owner, "shown", &tracked(r#"{"run": "run-2", "by": ["user", "org"]}"#));
            assert_eq!(follower.step(), Sent::Patch, "another run is another result, though the value is the same");
            assert_eq!(follower.last["flags"]["shown"]["track"], json!({"run": "run-2", "by": ["user", "org"]}));
            configure(&owner, "shown", &tracked(r#"{"run": "run-1", "arm": "candidate"}"#));
            assert_eq!(follower.step(), Sent::Patch);
        }
    }

    fn only_results_that_changed_are_sent(server: Server) {
        let owner = server.owner().with("X-Pennon-Reason", "a test");
        for key in ["a", "b"] {
            make(&owner, &format!(r#"{{"key": "{key}", "clientVisible": true}}"#));
        }
        make(&owner, r#"{"key": "hidden"}"#);
        configure(&owner, "a", FOR_PRO);
        let (key, pro, free) = (&server.client_key, r#"{"plan": "pro"}"#, r#"{"plan": "free"}"#);
        let mut pros = Follower::of(server.client_stream(key, pro));
        let mut frees = Follower::of(server.client_stream(key, free));
        let mut sees = |what: &str, of_pro: &[(&str, bool)], of_free: &[(&str, bool)]| {
            let revision = server.snapshot().json()["revision"].clone();
            for (follower, keys, context) in [(&mut pros, of_pro, pro), (&mut frees, of_free, free)] {
                assert_eq!(follower.step(), Sent::Patch, "{what}");
                assert_eq!(follower.last["revision"], revision, "{what}");
                let keys: Vec<(String, bool)> = keys.iter().map(|(key, is)| ((*key).to_owned(), *is)).collect();
                assert_eq!(changed(&follower.last, "flags"), keys, "{what} {context}: {}", follower.last);
                assert_eq!(follower.document["flags"], bulk(&server, key, context), "{what}");
            }
        };
        let fallthrough = |variant: &str| FOR_PRO.replace(r#""fallthrough": {"variant": "off"}"#, &format!(r#""fallthrough": {{"variant": "{variant}"}}"#));
        configure(&owner, "a", &fallthrough("on"));
        sees("the rest is on, too", &[], &[("a", true)]);
        configure(&owner, "hidden", r#"{"enabled": true}"#);
        sees("what clients do not see", &[], &[]);
        make(&owner, r#"{"key": "none_of_theirs"}"#);
        sees("made", &[], &[]);
        configure(&owner, "none_of_theirs", r#"{"enabled": true}"#);
        sees("and on", &[], &[]);
        owner.patch(&flag("hidden")).header("If-Match", "*").json(r#"{"clientVisible": true}"#).expect(200);
        sees("shown from now on", &[("hidden", true)], &[("hidden", true)]);
        owner.patch(&flag("hidden")).header("If-Match", "*").json(r#"{"clientVisible": false}"#).expect(200);
        sees("hidden again", &[("hidden", false)], &[("hidden", false)]);
        owner.delete(&format!("{}?force=true", flag("b"))).header("If-Match", "*").expect(200);
        sees("archived", &[("b", false)], &[("b", false)]);
        owner.post(&project("/segments")).json(r#"{"key": "s", "included": ["u"], "when": {"attribute": "plan", "op": "in", "values": ["free"]}}"#).expect(201);
        sees("a segment nobody asks", &[], &[]);
        configure(&owner, "a", r#"{"fallthrough": {"variant": "off"}, "rules": [{"id": "s", "when": {"segment": "s"}, "serve": {"variant": "on"}}]}"#);
        sees("a segment asked", &[("a", true)], &[("a", true)]);
        owner.patch(&project("/segments/s")).if_match(1).json(r#"{"when": null}"#).expect(200);
        sees("nobody in the segment", &[], &[("a", true)]);
        let entry = &frees.document["flags"]["a"];
        assert_eq!((&entry["value"], &entry["variant"]), (&json!(false), &json!("off")));
    }

    fn a_prerequisite_changes_the_results_that_depend_on_it(server: Server) {
        let owner = server.owner().with("X-Pennon-Reason", "a test");
        make(&owner, r#"{"key": "gate"}"#);
        make(&owner, r#"{"key": "gated", "clientVisible": true}"#);
        configure(&owner, "gated", r#"{"enabled": true, "prerequisites": [{"flag": "gate", "variants": ["on"]}]}"#);
        let mut follower = Follower::of(server.client_stream(&server.client_key, "{}"));
        assert_eq!(follower.document["flags"]["gated"]["value"], false);
        configure(&owner, "gate", r#"{"enabled": true}"#);
        assert_eq!(follower.step(), Sent::Patch);
        assert_eq!(changed(&follower.last, "flags"), [("gated".to_owned(), true)], "the gate itself is hidden");
        assert_eq!(follower.document["flags"]["gated"]["value"], true);
    }

    fn a_date_that_passes_changes_results_without_a_revision(lively: Lively) {
        let server = lively.0;
        let owner = server.owner().with("X-Pennon-Reason", "a test");
        let date = soon();
        for (key, op) in [("later", "after"), ("until", "before")] {
            make(&owner, &format!(r#"{{"key": "{key}", "clientVisible": true}}"#));
            configure(&owner, key, &dated_rule(op, date));
        }
        let mut follower = Follower::of(server.client_stream(&server.client_key, "{}"));
        let mut rules = server.follower();
        let (id, revision) = (follower.id(), follower.revision());
        let values = |follower: &Follower| ["later", "until"].map(|key| follower.document["flags"][key]["value"].clone());
        assert_eq!(values(&follower), [json!(false), json!(true)], "the date is still to come");
        // The two dates are a millisecond apart: one patch or two.
        while values(&follower) != [json!(true), json!(false)] {
            assert_eq!(follower.step(), Sent::Patch);
            assert_eq!((follower.last["from"].as_i64(), &follower.last["revision"]), (Some(revision), &json!(revision)));
        }
        eprintln!("FIGURE a date was served on a stream {} after it had passed", jiff::Timestamp::now().duration_since(date));
        assert!(jiff::Timestamp::now() >= date);
        assert_eq!(follower.id(), id, "no revision has passed");
        assert_eq!(follower.document["flags"], bulk(&server, &server.client_key, "{}"));
        follower.stream.heartbeats(2);
        rules.stream.heartbeats(1);
        let next = server.flips(1);
        follower.until(next);
        rules.until(next);
    }

    fn a_context_that_cannot_be_read_is_refused(server: Server) {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for body in ["{", "", "[]", r#"{"context": []}"#, r#"{"context": "u"}"#, r#"{"context": 1}"#, &format!(r#"{{"context": {{"a": {deep}}}}}"#)] {
            let refused = server.client_stream(&server.client_key, "{}").json(body).refused(400);
            assert_eq!(refused.header("content-type"), "application/problem+json", "{refused}");
            assert!(refused.at("/code").is_string(), "{refused}");
        }
        // It is kept as long as the stream: 32 KiB are the most, the body around it included.
        let padded = |bytes: usize| format!(r#"{{"pad": "{}"}}"#, "a".repeat(bytes));
        server.client_stream(&server.client_key, &padded(32 * 1024)).refused(413);
        server.client_stream(&server.client_key, &padded(31 * 1024)).listen().event("put");
        for body in [r#"{"context": {}}"#, "{}", r#"{"context": {"targetingKey": "u", "deep": {"er": [1, 2]}}, "more": 1}"#] {
            let mut stream = server.client_stream(&server.client_key, "{}").json(body).listen();
            assert_eq!(stream.event("put").json()["flags"][FLAG]["value"], false);
        }
    }
}

#[test]
fn the_context_of_a_stream_reaches_no_log() {
    let variables = [("PENNON_LOG_LEVEL", "debug"), ("PENNON_STREAM_MAX_AGE", "20ms")];
    let server = Server::with(crate::support::Home::sqlite(), &variables);
    let context = r#"{"targetingKey": "jane@example.com", "pin": "hunter2"}"#;
    server.client_stream(&server.client_key, context).listen().end();
    let mut ofrep = server.ofrep_stream(&server.client_key).listen();
    ofrep.end();
    let uri = server.ofrep_uri(&server.client_key);
    let (_, channel) = uri.rsplit_once('/').unwrap();
    let (_, secret) = channel.split_once('.').unwrap();
    for word in ["jane@", "hunter2", secret] {
        assert!(!server.log().contains(word), "the log holds {word}:\n{}", server.log());
    }
}
