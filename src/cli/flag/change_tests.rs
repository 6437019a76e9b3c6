//! Tests of the changes: what is sent, what is repeated, and what is left to the user.

use super::*;
use crate::cli::client::tests::{Line, OK, STALE, play};
use crate::cli::output::testing::capture;

fn remote(script: Vec<Line>) -> (Remote, std::thread::JoinHandle<Vec<String>>) {
    let (client, seen) = play(script);
    (Remote { client, project: "p".to_owned(), environment: "e".to_owned() }, seen)
}

fn paths(requests: &[String]) -> Vec<&str> {
    requests.iter().filter_map(|request| request.split(" http/1.1").next()).collect()
}

const GET: &str = "get /api/v1/projects/p/flags/f/environments/e";

#[test]
fn turning_on_goes_on_top_of_whatever_came_in_between() {
    let (remote, seen) = remote(vec![OK, STALE, OK, OK]);
    let on = Switch { key: "f".to_owned() };
    on.turn_on(&remote, &mut capture().0).unwrap();
    let post = "post /api/v1/projects/p/flags/f/environments/e/on";
    assert_eq!(paths(&seen.join().unwrap()), [GET, post, GET, post]);
}

#[test]
fn turning_on_gives_up_after_three_attempts() {
    let (remote, seen) = remote([OK, STALE].repeat(3));
    let failure = Switch { key: "f".to_owned() }.turn_on(&remote, &mut capture().0).unwrap_err();
    assert_eq!(failure.status(), Some(412));
    assert_eq!(seen.join().unwrap().len(), 6);
}

#[test]
fn turning_off_asks_for_no_version() {
    let (remote, seen) = remote(vec![OK]);
    Switch { key: "f".to_owned() }.turn_off(&remote, &mut capture().0).unwrap();
    let seen = seen.join().unwrap();
    assert_eq!(paths(&seen), ["post /api/v1/projects/p/flags/f/environments/e/off"]);
    assert!(!seen.join("").contains("if-match"));
}

#[test]
fn a_rollout_on_a_version_that_moved_is_left_to_the_user() {
    let (remote, seen) = remote(vec![OK, STALE]);
    let percentage = percentage("20").unwrap();
    let by = vec!["org".to_owned()];
    let rollout = Rollout { key: "f".to_owned(), percentage, variant: None, by, otherwise: None };
    assert_eq!(rollout.run(&remote, &mut capture().0).unwrap_err().status(), Some(412));
    let seen = seen.join().unwrap();
    assert!(seen[1].contains("if-match: \"7\""), "{seen:?}");
    assert!(seen[1].ends_with(r#"{"by":["org"],"percentage":20}"#), "{seen:?}");
}

#[test]
fn percentages_keep_the_form_they_were_written_in() {
    for (text, json) in [("20", "20"), ("20%", "20"), ("0.5", "0.5"), ("100", "100"), ("0", "0")] {
        assert_eq!(percentage(text).unwrap().to_string(), json);
    }
    for text in ["", "%", "-1", "100.1", "x", "NaN", "inf", "020"] {
        assert!(percentage(text).is_err(), "{text}");
    }
}

#[test]
fn weights_are_read_exactly() {
    for (text, thousandths) in
        [("a=40", 40_000), ("a=33.333%", 33_333), ("a=0.1", 100), ("a=0", 0), ("a=100", 100_000)]
    {
        assert_eq!(weight(text), Ok(("a".to_owned(), thousandths)), "{text}");
    }
    for text in ["a", "=40", "a=", "a=.5", "a=1.2345", "a=-1", "a=101", "a=1e1", "a=99999999999999999999"] {
        assert!(weight(text).is_err(), "{text}");
    }
}
