//! Who evaluates: what processes told of themselves, and who listens to this node.

use serde_json::{Value, json};

use super::{batch, taken};
use crate::support::{Home, Opening, Server, wait_until};

fn path(rest: &str) -> String {
    format!("/api/v1/projects/default/instances?environment=development{rest}")
}

#[track_caller]
fn listed(server: &Server) -> Vec<Value> {
    server.owner().get(&path("")).expect(200).json()["items"].as_array().unwrap().clone()
}

fn heartbeat(instance: &str, session: u64, sequence: i64, rest: &str) -> String {
    let batch = batch(
        session,
        sequence,
        &format!(r#"{{"kind": "instance", "sdk": "pennon-rust", "sdkVersion": "1.2.3"{rest}}}"#),
    );
    batch.replace("shop-1", instance)
}

fn listen(server: &Server, query: &str) -> Opening {
    Opening::new(&server.address, "GET", &format!("/api/v1/sdk/stream{query}"))
        .header("Authorization", &format!("Bearer {}", server.server_key))
}

on_both! {
    fn processes_are_listed_by_name_and_session_with_what_they_said_last(server: Server) {
        taken(&server.tell(&heartbeat("b", 2, 1, r#", "state": "starting""#)), 1);
        taken(&server.tell(&heartbeat("b", 1, 1, "")), 1);
        taken(&server.tell(&heartbeat("a/b c", 9, 1, r#", "labels": {"region": "eu"}, "startedAt": "2026-11-25T12:52:00Z""#)), 1);
        taken(&server.tell(&heartbeat("b", 2, 2, r#", "state": "ready", "healthy": false, "revision": "7-1", "dropped": {"tracks": 4}"#)), 1);
        let all = listed(&server);
        let names: Vec<_> = all.iter().map(|one| (one["instanceId"].as_str().unwrap(), one["session"].as_str().unwrap())).collect();
        assert_eq!(names, [("a/b c", "0000000000000009"), ("b", "0000000000000001"), ("b", "0000000000000002")]);
        assert_eq!((&all[0]["labels"], &all[0]["startedAt"]), (&json!({"region": "eu"}), &json!("2026-11-25T12:52:00.000000Z")));
        assert_eq!((&all[1]["healthy"], &all[1]["state"], &all[1]["revision"]), (&json!(true), &Value::Null, &Value::Null));
        let last = &all[2];
        assert_eq!((&last["healthy"], &last["state"], &last["revision"]), (&json!(false), &json!("ready"), &json!("7-1")));
        assert_eq!(last["dropped"], json!({"exposures": 0, "tracks": 4, "evaluations": 0}));
        assert_eq!((&last["sdk"], &last["sdkVersion"], &last["keyKind"]), (&json!("pennon-rust"), &json!("1.2.3"), &json!("server")));
        assert_eq!((&last["connected"], &last["connections"]), (&json!(false), &json!(0)));
        // Pages go on where the last one ended, whatever the names hold.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.owner().get(&path(&format!("&limit=1&cursor={cursor}"))).expect(200);
            seen.push((page.text_at("/items/0/instanceId"), page.text_at("/items/0/session")));
            match page.at("/nextCursor").as_str() {
                Some(next) => cursor = next.replace(' ', "%20"),
                None => break,
            }
        }
        assert_eq!(seen.iter().map(|(name, session)| (name.as_str(), session.as_str())).collect::<Vec<_>>(), names);
    }

    fn who_listens_is_listed_with_what_it_was_sent(server: Server) {
        let mut silent = listen(&server, "?instanceId=only-listens&sdk=pennon-python&sdkVersion=0.1.0&label.region=eu&label.team=shop&other=1").listen();
        silent.event("put");
        taken(&server.tell(&heartbeat("tells-too", 5, 1, "")), 1);
        let mut streams: Vec<_> = (0..2).map(|_| listen(&server, "?instanceId=tells-too").listen()).collect();
        for stream in &mut streams {
            stream.event("put");
        }
        let _nameless = listen(&server, "").listen();
        let revision = server.flip(true);
        silent.event("patch");
        let all = wait_until("all three streams were sent the revision", || {
            let all = listed(&server);
            let sent = |one: &Value| one["revisionSent"].as_str().is_some_and(|sent| sent.ends_with(&format!("-{revision}")));
            all.iter().all(sent).then_some(all)
        });
        assert_eq!(all.len(), 2, "{all:?}");
        let silent_one = &all[0];
        assert_eq!(silent_one["instanceId"], "only-listens");
        assert_eq!((&silent_one["sdk"], &silent_one["sdkVersion"]), (&json!("pennon-python"), &json!("0.1.0")));
        assert_eq!(silent_one["labels"], json!({"region": "eu", "team": "shop"}));
        assert_eq!((&silent_one["connected"], &silent_one["connections"], &silent_one["behind"]), (&json!(true), &json!(1), &json!(0)));
        assert_eq!((&silent_one["session"], &silent_one["lastSeenAt"]), (&Value::Null, &Value::Null));
        assert_eq!((&all[1]["connected"], &all[1]["connections"], &all[1]["session"]), (&json!(true), &json!(2), &json!("0000000000000005")));
        drop((silent, streams));
        wait_until("who has gone is not connected any more", || {
            let all = listed(&server);
            (all.len() == 1 && all[0]["connected"] == false).then_some(())
        });
    }
}

#[test]
fn a_listener_that_comes_back_with_what_it_holds_is_known_to_hold_it() {
    let server = Server::on(Home::sqlite());
    let mut stream = listen(&server, "?instanceId=i").listen();
    let id = stream.event("put").id;
    drop(stream);
    let _again = listen(&server, "?instanceId=i").last(&id).listen();
    wait_until("it is listed", || {
        let all = listed(&server);
        (all.len() == 1 && all[0]["revisionSent"] == id.as_str()).then_some(())
    });
}

#[test]
fn what_a_listener_says_of_itself_has_bounds() {
    let server = Server::on(Home::sqlite());
    let fits = format!(
        "?instanceId={}&sdk={}&label.{}={}",
        "i".repeat(200),
        "s".repeat(64),
        "k".repeat(64),
        "v".repeat(128)
    );
    listen(&server, &fits).listen();
    for (query, name) in [
        (format!("?instanceId={}", "i".repeat(201)), "instanceId"),
        ("?instanceId=a%00b".to_owned(), "instanceId"),
        (format!("?instanceId=i&sdk={}", "s".repeat(65)), "sdk"),
        (format!("?instanceId=i&label.k={}", "v".repeat(129)), "label.k"),
        (format!("?instanceId=i&label.{}=v", "k".repeat(65)), "label.KEY"),
        ((0..17).fold("?instanceId=i".to_owned(), |query, at| format!("{query}&label.{at}=v")), "label.KEY"),
    ] {
        let refused = listen(&server, &query).refused(400);
        assert_eq!(refused.at("/code"), "invalid_query", "{refused}");
        assert!(refused.at("/detail").as_str().unwrap().contains(name), "{refused}");
    }
}

#[test]
fn instances_are_for_who_may_read_the_environment() {
    let server = Server::on(Home::sqlite());
    server.owner().get("/api/v1/projects/default/instances").refused(400, "invalid_query");
    server.owner().get("/api/v1/projects/default/instances?environment=nowhere").refused(404, "not_found");
    server
        .owner()
        .get("/api/v1/projects/nowhere/instances?environment=development")
        .refused(404, "not_found");
    server.with_role("viewer").get(&path("")).expect(200);
    let scoped = r#"{"kind": "api", "name": "p", "grants": [{"role": "owner", "project": "default", "environment": "production"}]}"#;
    let scoped = server.owner().post("/api/v1/keys").json(scoped).expect(201).text_at("/secret");
    server.holding(&scoped).get(&path("")).refused(404, "not_found");
    server.holding(&server.server_key).get(&path("")).refused(403, "wrong_key_kind");
}
