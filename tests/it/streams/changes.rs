//! Every kind of change reaches the stream of rules, as what leads from one revision to the next and no more.

use serde_json::Value;

use crate::support::listening::{FLAG, changed};
use crate::support::paths::{configure, development, flag, make, production, project};
use crate::support::{Answer, Client, Follower, Sent, Server};

use super::resume::write_past;

/// A patch's documents of a kind: keys, and whether they are there.
type Keys<'a> = &'a [(&'a str, bool)];

/// A follower, and what it is compared with.
struct Witness<'a> {
    server: &'a Server,
    follower: Follower,
}

impl Witness<'_> {
    /// The next patch holds exactly these documents and leads to the snapshot.
    #[track_caller]
    fn sees(&mut self, what: &str, flags: Keys<'_>, segments: Keys<'_>, layers: Keys<'_>) -> Value {
        assert_eq!(self.follower.step(), Sent::Patch, "{what}");
        for (kind, keys) in [("flags", flags), ("segments", segments), ("layers", layers)] {
            let keys: Vec<(String, bool)> = keys.iter().map(|(key, is)| ((*key).to_owned(), *is)).collect();
            assert_eq!(changed(&self.follower.last, kind), keys, "{what}: {}", self.follower.last);
        }
        assert_eq!(self.follower.document, self.server.snapshot().json(), "{what}");
        self.follower.last.clone()
    }
}

fn with_reason(server: &Server) -> Client {
    server.owner().with("X-Pennon-Reason", "a test")
}

fn act(client: &Client, path: &str, body: &str) -> Answer {
    client.post(path).header("If-Match", "*").json(body).send()
}

on_both! {
    fn every_change_is_a_patch_that_leads_to_the_snapshot(server: Server) {
        let owner = with_reason(&server);
        let mut witness = Witness { server: &server, follower: server.follower() };
        let one = [("f", true)];
        make(&owner, r#"{"key": "f", "type": "string", "variants": {"a": "x", "b": "y"}, "offVariant": "a"}"#);
        witness.sees("a flag is made", &one, &[], &[]);
        for (action, body) in [
            ("/on", "{}"),
            ("/rollout", r#"{"percentage": 20, "variant": "b", "otherwise": "a"}"#),
            ("/targets", r#"{"variant": "b", "add": ["u-1"]}"#),
            ("/rules", r#"[{"add": {"id": "r", "when": {"attribute": "plan", "op": "in", "values": ["pro"]}, "serve": {"variant": "b"}}, "at": 0}]"#),
            ("/revert", r#"{"version": 2}"#),
            ("/off", "{}"),
        ] {
            let done = act(&owner, &development("f", action), body);
            assert_eq!(done.status, 200, "{done}");
            let patch = witness.sees(action, &one, &[], &[]);
            assert_eq!(patch["revision"], done.revision(), "{action}");
        }
        configure(&owner, "f", r#"{"enabled": true, "fallthrough": {"variant": null, "split": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}]}}"#);
        witness.sees("a split", &one, &[], &[]);
        owner.patch(&flag("f")).header("If-Match", "*").json(r#"{"variants": {"b": "z"}, "clientVisible": true}"#).expect(200);
        let edited = witness.sees("the definition", &one, &[], &[]);
        assert_eq!(edited["flags"]["f"]["variants"]["b"], "z");
        for (kind, edit) in [("segments", r#"{"included": ["u"]}"#), ("layers", r#"{"by": ["userId"]}"#)] {
            let path = project(&format!("/{kind}/s"));
            let mut sees = |what: &str, is: bool| {
                let (no, yes): (Keys<'_>, Keys<'_>) = (&[], &[("s", is)]);
                let (segments, layers) = if kind == "segments" { (yes, no) } else { (no, yes) };
                witness.sees(what, no, segments, layers);
            };
            owner.post(&project(&format!("/{kind}"))).json(r#"{"key": "s"}"#).expect(201);
            sees("made", true);
            owner.patch(&path).if_match(1).json(edit).expect(200);
            sees("edited", true);
            owner.delete(&path).if_match(2).expect(200);
            sees("archived", false);
            owner.post(&format!("{path}/restore")).if_match(3).expect(200);
            sees("restored", true);
        }
        owner.delete(&flag("f")).header("If-Match", "*").expect(200);
        witness.sees("archived", &[("f", false)], &[], &[]);
        owner.post(&format!("{}/restore", flag("f"))).header("If-Match", "*").expect(200);
        witness.sees("restored", &one, &[], &[]);
        assert_eq!((witness.follower.puts, witness.follower.openings), (1, 1));
    }

    fn what_changes_in_another_environment_is_not_seen_here(server: Server) {
        let key = {
            let body = r#"{"kind": "server", "name": "p", "environment": "production"}"#;
            server.owner().post(&project("/keys")).json(body).expect(201).text_at("/secret")
        };
        let mut here = server.follower();
        let mut there = Follower::of(server.stream_with(&key));
        let before = here.revision();
        for action in ["/on", "/off", "/on"] {
            let done = act(&with_reason(&server), &production(FLAG, action), "{}");
            there.until(done.revision());
        }
        let revision = server.flip(true);
        assert_eq!(revision, before + 1, "the numbers are each environment's own");
        assert_eq!(here.step(), Sent::Patch);
        assert_eq!((here.revision(), here.patches), (revision, 1), "{}", here.last);
        // Copied, it is a change here.
        let copied = act(&with_reason(&server), &development(FLAG, "/copy"), r#"{"to": "production"}"#);
        there.until(copied.revision());
        let shared = with_reason(&server).post(&project("/segments")).json(r#"{"key": "s"}"#);
        shared.expect(201);
        server.holds_the_same(&mut here);
        assert_eq!(there.step(), Sent::Patch);
        assert_eq!(changed(&there.last, "segments"), changed(&here.last, "segments"));
    }

    fn a_change_of_no_document_travels_as_an_empty_patch(server: Server) {
        let mut follower = server.follower();
        let mut results = Follower::of(server.client_stream(&server.client_key, "{}"));
        let before = follower.revision();
        write_past(&server, 1);
        for follower in [&mut follower, &mut results] {
            follower.until(before + 1);
            assert_eq!(changed(&follower.last, "flags"), [], "{}", follower.last);
        }
        server.flip(true);
        server.holds_the_same(&mut follower);
        results.until(before + 2);
    }

    fn many_changes_at_once_arrive_in_order_and_none_is_missed(server: Server) {
        let mut followers: Vec<Follower> = (0..5).map(|_| server.follower()).collect();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let server = &server;
                scope.spawn(move || {
                    let owner = with_reason(server);
                    for number in 0..10 {
                        let key = format!("f_{writer}_{number}");
                        make(&owner, &format!(r#"{{"key": "{key}"}}"#));
                        configure(&owner, &key, r#"{"enabled": true}"#);
                        if number % 2 == 0 {
                            owner.delete(&flag(&key)).header("If-Match", "*").expect(200);
                        }
                    }
                });
            }
        });
        for follower in &mut followers {
            server.holds_the_same(follower);
            assert_eq!((follower.puts, follower.openings), (1, 1));
            eprintln!("FIGURE 100 changes of four writers came as {} patches", follower.patches);
        }
    }
}
