//! What the server has evaluated itself: counted by name and in bulk, written by its loop, none of it lost with an orderly stop.

use serde_json::json;

use super::{FLAG, counts, prompt, stored, usage};
use crate::support::paths::{configure, flag, make};
use crate::support::{Client, Home, Server, wait_until};

fn bulk(client: &Client) {
    client.post("/ofrep/v1/evaluate/flags").json(r#"{"context": {"targetingKey": "u"}}"#).expect(200);
}

/// Waits until the counts of the minute are these.
#[track_caller]
fn counted(home: &Home, wanted: &[(String, i64)]) {
    let mut last = Vec::new();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_until("the counts are written", || {
            last = counts(home).into_iter().filter(|(name, _)| name.starts_with("60 ")).collect();
            (last == wanted).then_some(())
        });
    }));
    assert!(found.is_ok(), "{last:?} instead of {wanted:?}");
}

fn of(what: &str, count: i64) -> (String, i64) {
    (format!("60 {what}"), count)
}

on_both! {
    fn what_is_asked_over_ofrep_is_counted_by_name_and_in_bulk(home: Home) {
        let server = prompt(home);
        let owner = server.owner();
        make(&owner, r#"{"key": "split"}"#);
        configure(&owner, "split", r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "on", "weight": 100000}]}}"#);
        make(&owner, r#"{"key": "default_of_code", "offVariant": null}"#);
        for _ in 0..3 {
            assert_eq!(server.evaluate(&server.server_key, "split", r#"{"targetingKey": "u"}"#).status, 200);
        }
        assert_eq!(server.evaluate(&server.server_key, "split", "{}").status, 400);
        assert_eq!(server.evaluate(&server.server_key, "default_of_code", "{}").status, 200);
        // A context that cannot be read evaluates nothing.
        assert_eq!(server.evaluate(&server.server_key, "split", "[]").status, 400);
        bulk(&server.holding(&server.server_key));
        bulk(&server.holding(&server.client_key));
        counted(&server.home, &[
            of("default_of_code  DISABLED bulk", 1),
            of("default_of_code  DISABLED ofrep", 1),
            of(&format!("{FLAG} off DISABLED bulk"), 2),
            of("split  TARGETING_KEY_MISSING ofrep", 1),
            of("split on SPLIT bulk", 1),
            of("split on SPLIT ofrep", 3),
        ]);
    }

    fn counts_survive_changes_of_the_flag_in_between(home: Home) {
        let server = prompt(home);
        let owner = server.owner();
        make(&owner, r#"{"key": "f", "type": "string", "variants": {"a": "x"}}"#);
        configure(&owner, "f", r#"{"enabled": true}"#);
        let mut rounds = 0;
        for round in 0..20 {
            let description = format!(r#"{{"variants": {{"a": "x{round}"}}}}"#);
            assert_eq!(server.evaluate(&server.server_key, "f", "{}").status, 200);
            owner.patch(&flag("f")).header("If-Match", "*").reason("r").json(&description).expect(200);
            rounds += 1;
        }
        counted(&server.home, &[of("f a STATIC ofrep", rounds)]);
    }

    fn results_on_a_stream_are_counted_as_they_are_sent(home: Home) {
        let server = prompt(home);
        let owner = server.owner();
        make(&owner, r#"{"key": "seen", "clientVisible": true}"#);
        make(&owner, r#"{"key": "hidden"}"#);
        let mut stream = server.client_stream(&server.client_key, r#"{"targetingKey": "u"}"#).listen();
        stream.event("put");
        counted(&server.home, &[of(&format!("{FLAG} off DISABLED bulk"), 1), of("seen off DISABLED bulk", 1)]);
        configure(&owner, "seen", r#"{"enabled": true}"#);
        stream.event("patch");
        counted(&server.home, &[of(&format!("{FLAG} off DISABLED bulk"), 1), of("seen off DISABLED bulk", 1), of("seen on STATIC bulk", 1)]);
    }

    fn what_is_counted_last_is_written_at_the_stop(given: Server) {
        let mut server = given;
        for _ in 0..5 {
            assert_eq!(server.evaluate(&server.server_key, FLAG, "{}").status, 200);
        }
        assert!(server.stop().success());
        counted(&server.home, &[of(&format!("{FLAG} off DISABLED ofrep"), 5)]);
    }

    fn flags_that_are_not_defined_are_listed_with_who_asked(home: Home) {
        let server = prompt(home);
        let ask = |key: &str, flag: &str| server.evaluate(key, flag, "{}");
        for _ in 0..2 {
            assert_eq!(ask(&server.server_key, "misspelt").status, 404);
        }
        assert_eq!(ask(&server.client_key, "from_a_browser").status, 404);
        make(&server.owner(), r#"{"key": "hidden"}"#);
        assert_eq!(ask(&server.client_key, "hidden").status, 404, "it is there, and not for this key");
        assert_eq!(ask(&server.server_key, "no%20key").status, 404);
        let path = usage("").replace("usage?", "usage/unknown?");
        let found = wait_until("both are written", || {
            let page = server.owner().get(&path).expect(200).json();
            (page["items"].as_array().unwrap().len() == 2).then_some(page)
        });
        let named = |at: usize, name: &str| found["items"][at][name].clone();
        assert_eq!((named(0, "flag"), named(0, "requests"), named(0, "onlyClients")), (json!("from_a_browser"), json!(1), json!(true)));
        assert_eq!((named(1, "flag"), named(1, "requests"), named(1, "onlyClients")), (json!("misspelt"), json!(2), json!(false)));
        // What is defined by now is not unknown any more; what is archived is.
        make(&server.owner(), r#"{"key": "misspelt"}"#);
        assert_eq!(server.owner().get(&path).expect(200).json()["items"].as_array().unwrap().len(), 1);
        server.owner().delete(&flag("misspelt")).if_match(1).reason("r").expect(200);
        let page = server.owner().get(&format!("{path}&limit=1")).expect(200);
        assert_eq!((page.text_at("/items/0/flag"), page.text_at("/nextCursor")), ("from_a_browser".to_owned(), "from_a_browser".to_owned()));
        let page = server.owner().get(&format!("{path}&limit=1&cursor=from_a_browser")).expect(200);
        assert_eq!((page.text_at("/items/0/flag"), page.at("/nextCursor")), ("misspelt".to_owned(), json!(null)));
    }
}

#[test]
fn what_was_counted_while_the_database_is_away_is_written_when_it_is_back() {
    let cluster = crate::support::Cluster::start("usage");
    let server = prompt(cluster.home());
    assert_eq!(server.evaluate(&server.server_key, FLAG, "{}").status, 200);
    counted(&server.home, &[of(&format!("{FLAG} off DISABLED ofrep"), 1)]);
    cluster.stop();
    for _ in 0..10 {
        assert_eq!(server.evaluate(&server.server_key, FLAG, "{}").status, 200);
    }
    cluster.start_again();
    let total = || {
        let rows = stored(
            &server.home,
            "SELECT flag, CAST(SUM(count) AS BIGINT) AS total FROM evaluation WHERE span = 60 GROUP BY flag",
            &["flag"],
            &["total"],
        );
        rows.first().map(|row| row["total"].clone())
    };
    wait_until("all are written, in whichever minute", || (total() == Some(json!(11))).then_some(()));
}
