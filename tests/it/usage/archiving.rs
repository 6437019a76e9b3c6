//! Archiving a flag that code still asks for.

use super::{FLAG, batch, prompt, send, summary, taken};
use crate::support::home::block_on;
use crate::support::paths::{flag, make, project};
use crate::support::{Answer, Home, Server};

#[track_caller]
fn archive(server: &Server, key: &str, query: &str) -> Answer {
    server.owner().delete(&format!("{}{query}", flag(key))).header("If-Match", "*").reason("r").send()
}

/// Lets time pass for what was seen: past the server, as two hours would.
fn age(home: &Home, micros: i64) {
    block_on(async {
        let db = home.open().await;
        let mut tx = db.begin().await.unwrap();
        tx.execute("UPDATE flag_seen SET last_at = last_at - $1", &[pennon::store::Arg::Int(micros)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    });
}

on_both! {
    fn a_flag_that_an_sdk_evaluated_lately_is_archived_by_force_only(server: Server) {
        taken(&server.tell(&batch(1, 1, &summary(FLAG, "on", 1))), 1);
        let refused = archive(&server, FLAG, "");
        assert_eq!((refused.status, refused.text_at("/code").as_str()), (409, "flag_in_use"), "{refused}");
        assert!(refused.text_at("/detail").contains("in development 0 s ago"), "{refused}");
        server.owner().get(&flag(FLAG)).expect(200);
        assert_eq!(archive(&server, FLAG, "?force=maybe").status, 400);
        let gone = archive(&server, FLAG, "?force=true");
        assert_eq!(gone.status, 200, "{gone}");
        let log = server.owner().get(&project(&format!("/audit?key={FLAG}&limit=1"))).expect(200);
        assert_eq!(log.at("/items/0/entry/action"), "flag.archive", "{log}");
        assert_eq!(log.at("/items/0/entry/forced"), true, "{log}");
    }

    fn a_flag_that_nobody_evaluated_for_an_hour_needs_no_force(server: Server) {
        make(&server.owner(), r#"{"key": "busy"}"#);
        make(&server.owner(), r#"{"key": "quiet"}"#);
        taken(&server.tell(&batch(1, 1, &[summary("busy", "on", 1), summary("quiet", "on", 1)].join(","))), 2);
        age(&server.home, 3_599_000_000 - 30_000_000);
        assert_eq!(archive(&server, "busy", "").status, 409);
        age(&server.home, 31_000_000);
        let gone = archive(&server, "quiet", "?force=true");
        assert_eq!(gone.status, 200, "{gone}");
        let log = server.owner().get(&project("/audit?key=quiet&limit=1")).expect(200);
        assert_eq!(log.at("/items/0/entry/forced"), serde_json::Value::Null, "nothing spoke against it: {log}");
        assert_eq!(archive(&server, "busy", "").status, 200);
    }

    fn what_this_node_has_evaluated_itself_counts_before_it_is_written(server: Server) {
        make(&server.owner(), r#"{"key": "asked"}"#);
        make(&server.owner(), r#"{"key": "handed_out"}"#);
        assert_eq!(server.evaluate(&server.server_key, "asked", "{}").status, 200);
        let refused = archive(&server, "asked", "");
        assert_eq!(refused.status, 409, "{refused}");
        assert!(!refused.text_at("/detail").contains("all flags"), "{refused}");
        assert_eq!(archive(&server, "handed_out", "").status, 200);
        make(&server.owner(), r#"{"key": "among_all"}"#);
        server.holding(&server.server_key).post("/ofrep/v1/evaluate/flags").json("{}").expect(200);
        let refused = archive(&server, "among_all", "");
        assert_eq!(refused.status, 409, "{refused}");
        assert!(refused.text_at("/detail").contains("ago, in an answer for all flags"), "{refused}");
    }

    fn every_environment_counts_and_is_named(server: Server) {
        let key = server.owner().post(&project("/keys")).json(r#"{"kind": "server", "name": "p", "environment": "production"}"#);
        let key = key.expect(201).text_at("/secret");
        send(&server.holding(&key), &batch(1, 1, &summary(FLAG, "on", 1)));
        let refused = archive(&server, FLAG, "");
        assert!(refused.status == 409 && refused.text_at("/detail").contains("in production"), "{refused}");
        assert!(!refused.text_at("/detail").contains("development"), "{refused}");
    }
}

#[test]
fn a_flag_that_others_depend_on_stays_even_by_force() {
    let server = prompt(Home::sqlite());
    make(&server.owner(), r#"{"key": "base"}"#);
    make(&server.owner(), r#"{"key": "top"}"#);
    crate::support::paths::configure(
        &server.owner(),
        "top",
        r#"{"prerequisites": [{"flag": "base", "variants": ["on"]}]}"#,
    );
    let refused = archive(&server, "base", "?force=true");
    assert_eq!((refused.status, refused.text_at("/code").as_str()), (409, "in_use"), "{refused}");
}
