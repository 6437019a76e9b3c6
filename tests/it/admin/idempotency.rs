//! Idempotency-Key: a repetition has one effect, and the same answer.

use crate::support::Server;
use crate::support::paths::{State, development, flag, make, project};

on_both! {
    fn a_repetition_is_answered_as_the_first_time_and_has_no_effect(server: Server) {
        let owner = server.owner();
        let make = || owner.post(&project("/flags")).once("k-1").json(r#"{"key": "f"}"#);
        let first = make().expect(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        let after = State::of(&server);
        let again = make().expect(201);
        assert_eq!((again.text(), again.header("etag")), (first.text(), "\"1\""));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(State::of(&server), after);
        // Also when the flag has moved on since.
        owner.post(&development("f", "/on")).if_match(1).expect(200);
        assert_eq!(make().expect(201).text(), first.text());
    }

    fn an_action_is_not_stale_when_it_is_repeated(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        let act = || owner.post(&development("f", "/rollout")).if_match(1).once("r").json(r#"{"percentage": 5}"#);
        let first = act().expect(200);
        let after = State::of(&server);
        assert_eq!(act().expect(200).text(), first.text());
        assert_eq!(State::of(&server), after);
    }

    fn one_key_cannot_stand_for_two_requests(server: Server) {
        let owner = server.owner();
        owner.post(&project("/flags")).once("k").json(r#"{"key": "f"}"#).expect(201);
        let before = State::of(&server);
        owner.post(&project("/flags")).once("k").json(r#"{"key": "g"}"#).refused(422, "idempotency_mismatch");
        owner.post(&project("/flags?x=1")).once("k").json(r#"{"key": "f"}"#).refused(422, "idempotency_mismatch");
        owner.post(&project("/segments")).once("k").reason("r").json(r#"{"key": "f"}"#).refused(422, "idempotency_mismatch");
        assert_eq!(State::of(&server), before);
        owner.get(&flag("g")).refused(404, "not_found");
        // Another caller's key of the same name is another key.
        let other = server.with_role("editor");
        other.post(&project("/flags")).once("k").json(r#"{"key": "g"}"#).expect(201);
    }

    fn a_refused_request_does_not_use_up_its_key(server: Server) {
        let owner = server.owner();
        owner.post(&project("/flags")).once("k").json(r#"{"key": "-"}"#).expect(422);
        owner.post(&project("/flags")).once("k").json(r#"{"key": "f"}"#).expect(201);
    }

    fn a_key_that_is_no_key_is_refused(server: Server) {
        let owner = server.owner();
        for bad in [String::new(), "é".to_owned(), "x".repeat(201)] {
            owner.post(&project("/flags")).once(&bad).json(r#"{"key": "f"}"#).refused(400, "invalid_header");
        }
        owner.post(&project("/flags")).once(&"x".repeat(200)).json(r#"{"key": "f"}"#).expect(201);
    }

    fn a_repeated_creation_never_shows_the_secret_again(server: Server) {
        let owner = server.owner();
        for (path, body) in [
            (project("/keys"), r#"{"kind": "server", "name": "n", "environment": "development"}"#),
            ("/api/v1/keys".to_owned(), r#"{"kind": "api", "name": "n", "grants": [{"role": "viewer"}]}"#),
        ] {
            let make = || owner.post(&path).once(&format!("k-{}", path.len())).json(body);
            let first = make().expect(201);
            let secret = first.text_at("/secret");
            let again = make().expect(201);
            assert!(again.at("/secret").is_null() && !again.text().contains(&secret), "{again}");
            assert_eq!(again.text_at("/id"), first.text_at("/id"));
            let rotate = || owner.post(&format!("{path}/{}/rotate", first.text_at("/id"))).once(&format!("rot-{}", path.len())).json("{}");
            let rotated = rotate().expect(201);
            assert!(rotated.at("/secret").is_string(), "{rotated}");
            let again = rotate().expect(201);
            assert!(again.at("/secret").is_null(), "{again}");
            assert_eq!(again.text_at("/id"), rotated.text_at("/id"));
        }
    }

    fn of_many_at_once_with_one_key_one_has_an_effect(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        let body = r#"{"kind": "client", "name": "n", "environment": "development"}"#;
        let answers: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|_| {
                    let call = owner.post(&project("/keys")).once("same").json(body);
                    scope.spawn(move || call.expect(201))
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let secrets = answers.iter().filter(|answer| answer.at("/secret").is_string()).count();
        assert_eq!(secrets, 1);
        assert!(answers.iter().all(|answer| answer.at("/id") == answers[0].at("/id")));
        assert_eq!(State::of(&server), State { audit: before.audit + 1, ..before });
    }

    fn a_repetition_is_known_after_a_restart(given: Server) {
        let mut server = given;
        let make = |server: &Server| server.owner().post(&project("/flags")).once("k").json(r#"{"key": "f"}"#).expect(201);
        let first = make(&server);
        server.kill();
        server.start();
        assert_eq!(make(&server).text(), first.text());
    }
}
