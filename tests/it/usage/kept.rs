//! How much is kept, and for how long.

use std::sync::Arc;

use pennon::domain::images::NoImages;
use pennon::service::Service;
use pennon::service::housekeeping::{CLIENT_SESSIONS_KEPT, INSTANCES_KEPT, SESSIONS_KEPT, USAGE_KEPT};
use pennon::store::{
    Arg, Db, Tx, evaluation, event_session, exposure, instance, migrate, track, unknown_flag,
};

use super::{batch, stored, summary, taken};
use crate::support::home::block_on;
use crate::support::{Home, Server};

/// Numbers as short texts, each with a prefix.
fn named(prefix: &str, range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("{prefix}{number:05}")).collect()
}

async fn count(tx: &mut Tx, sql: &'static str) -> i64 {
    tx.fetch_one(sql, &[]).await.unwrap().int("total").unwrap()
}

async fn migrated(home: &Home) -> Db {
    let db = home.open().await;
    migrate::run(&db).await.unwrap();
    db
}

on_both! {
    fn unknown_flags_are_kept_up_to_their_limit_and_those_that_are_known_are_still_counted(home: Home) {
        block_on(async {
            let db = migrated(&home).await;
            let [servers, clients] = unknown_flag::KEPT.map(|kept| usize::try_from(kept).unwrap());
            for (trusted, limit) in [(1, servers), (0, clients)] {
                let names = named("f", 0..limit + 5);
                let asked = |range: std::ops::Range<usize>| -> Vec<_> {
                    names[range].iter().map(|name| unknown_flag::Asked("e", name, trusted, 2)).collect()
                };
                let mut tx = db.begin().await.unwrap();
                assert_eq!(unknown_flag::add(&mut tx, &asked(0..limit - 1), 1).await.unwrap(), u64::try_from(limit - 1).unwrap());
                assert_eq!(unknown_flag::add(&mut tx, &asked(limit - 3..limit + 5), 2).await.unwrap(), 3, "two that are known, and one more");
                assert_eq!(unknown_flag::add(&mut tx, &[unknown_flag::Asked("other", "f", trusted, 1)], 2).await.unwrap(), 1);
                tx.commit().await.unwrap();
            }
            let mut tx = db.begin().await.unwrap();
            let total = count(&mut tx, "SELECT COUNT(*) AS total FROM unknown_flag WHERE environment_id = 'e'").await;
            assert_eq!(total, unknown_flag::KEPT.iter().sum::<i64>());
            let twice = count(&mut tx, "SELECT COUNT(*) AS total FROM unknown_flag WHERE count = 4 AND first_at = 1 AND last_at = 2").await;
            assert_eq!(twice, 4);
        });
    }

    fn instances_are_kept_up_to_their_limit_and_those_that_are_known_are_still_noted(home: Home) {
        block_on(async {
            let db = migrated(&home).await;
            let limit = usize::try_from(instance::KEPT[1]).unwrap();
            let names = named("i", 0..limit + 5);
            let report = |name: &'static str, state: &'static str, trusted: i64| {
                instance::Report("e", name, "s", trusted, "sdk", "1", None, state, "", 1, "{}", 0, 0, 0)
            };
            let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
            let mut tx = db.begin().await.unwrap();
            let first: Vec<_> = names[..limit - 1].iter().map(|name| report(name, "starting", 0)).collect();
            assert_eq!(instance::note(&mut tx, &first, 1).await.unwrap(), u64::try_from(limit - 1).unwrap());
            let next: Vec<_> = names[limit - 3..].iter().map(|name| report(name, "ready", 0)).collect();
            assert_eq!(instance::note(&mut tx, &next, 2).await.unwrap(), 3, "two that are known, and one more");
            assert_eq!(instance::note(&mut tx, &[report("of a server", "ready", 1)], 2).await.unwrap(), 1, "servers have a limit of their own");
            let ready = count(&mut tx, "SELECT COUNT(*) AS total FROM instance WHERE state = 'ready' AND seen_at = 2 AND trusted = 0").await;
            assert_eq!(ready, 3);
        });
    }

    fn metrics_are_kept_up_to_their_limit(home: Home) {
        block_on(async {
            let db = migrated(&home).await;
            let limit = usize::try_from(track::KEPT[1]).unwrap();
            let names = named("m", 0..limit + 5);
            let tracked = |range: std::ops::Range<usize>| -> Vec<_> {
                names[range].iter().map(|name| track::Tracked("e", name, 60, 0, 0, 1, 2.0, 4.0, 2.0, 2.0)).collect()
            };
            let mut tx = db.begin().await.unwrap();
            assert_eq!(track::add(&mut tx, &tracked(0..limit - 1), 1).await.unwrap(), u64::try_from(limit - 1).unwrap());
            assert_eq!(track::add(&mut tx, &tracked(limit - 3..limit + 5), 2).await.unwrap(), 3);
            assert_eq!(count(&mut tx, "SELECT COUNT(*) AS total FROM metric_seen").await, track::KEPT[1]);
            assert_eq!(count(&mut tx, "SELECT COUNT(*) AS total FROM track WHERE count = 2").await, 2);
        });
    }

    fn units_of_a_run_that_client_keys_tell_of_end_at_their_limit(home: Home) {
        block_on(async {
            let db = migrated(&home).await;
            let mut tx = db.begin().await.unwrap();
            let one = |unit: &'static str, trusted: i64, run: &'static str| exposure::Exposed("e", run, unit, trusted, "f", "a", "on", 5);
            assert_eq!(exposure::note(&mut tx, &[one("u-1", 0, "r"), one("u-1", 1, "r")]).await.unwrap(), 2);
            tx.execute("UPDATE exposure_total SET units = $1", &[Arg::Int(exposure::UNTRUSTED_UNITS)]).await.unwrap();
            let more = [one("u-2", 0, "r"), one("u-2", 1, "r"), one("u-2", 0, "s")];
            assert_eq!(exposure::note(&mut tx, &more).await.unwrap(), 2, "a server's, and another run's");
        });
    }

    fn what_is_old_is_deleted_and_what_is_not_stays(home: Home) {
        block_on(async {
            let db = migrated(&home).await;
            let mut tx = db.begin().await.unwrap();
            let now = tx.now().await.unwrap();
            tx.rollback().await.unwrap();
            let second = 1_000_000;
            // (table, what it is kept for)
            for (old, kept) in [(true, -60 * second), (false, 60 * second)] {
                let name = if old { "old" } else { "new" };
                let at = |span: i64| now - span + kept;
                let mut tx = db.begin().await.unwrap();
                for (trusted, span) in [(1, SESSIONS_KEPT), (0, CLIENT_SESSIONS_KEPT)] {
                    event_session::take(&mut tx, &[event_session::Place("e", trusted, name, 1)], at(span)).await.unwrap();
                }
                let flag = evaluation::Counted("e", name, 60, at(USAGE_KEPT), "on", "SPLIT", "server", 1);
                evaluation::count(&mut tx, &[flag]).await.unwrap();
                evaluation::see(&mut tx, &[("e", name, "server")], at(USAGE_KEPT)).await.unwrap();
                unknown_flag::add(&mut tx, &[unknown_flag::Asked("e", name, 1, 1)], at(USAGE_KEPT)).await.unwrap();
                let report = instance::Report("e", name, "s", 1, "", "", None, "", "", 1, "{}", 0, 0, 0);
                instance::note(&mut tx, &[report], at(INSTANCES_KEPT)).await.unwrap();
                exposure::note(&mut tx, &[exposure::Exposed("e", name, "u", 1, "f", "a", "on", at(USAGE_KEPT))]).await.unwrap();
                track::add(&mut tx, &[track::Tracked("e", name, 60, at(USAGE_KEPT), 1, 1, 1.0, 1.0, 1.0, 1.0)], at(USAGE_KEPT)).await.unwrap();
                tx.commit().await.unwrap();
            }
            let service = Service::new(db.clone(), Arc::new(NoImages));
            assert_eq!(service.prune().await.unwrap(), 9);
            assert_eq!(service.prune().await.unwrap(), 0);
            let mut tx = db.begin().await.unwrap();
            for sql in [
                "SELECT COUNT(*) AS total FROM event_session WHERE session = 'new' AND trusted = 1",
                "SELECT COUNT(*) AS total FROM event_session WHERE session = 'new' AND trusted = 0",
                "SELECT COUNT(*) AS total FROM evaluation WHERE flag = 'new'",
                "SELECT COUNT(*) AS total FROM unknown_flag WHERE flag = 'new'",
                "SELECT COUNT(*) AS total FROM instance WHERE instance_id = 'new'",
                "SELECT COUNT(*) AS total FROM exposure WHERE run = 'new'",
                "SELECT COUNT(*) AS total FROM exposure_total WHERE run = 'new'",
                "SELECT COUNT(*) AS total FROM track WHERE metric = 'new'",
                "SELECT COUNT(*) AS total FROM metric_seen WHERE metric = 'new'",
                "SELECT COUNT(*) AS total FROM flag_seen WHERE flag = 'old'",
            ] {
                assert_eq!(count(&mut tx, sql).await, 1, "{sql}");
            }
        });
    }

    fn a_batch_that_asks_for_more_unknown_flags_than_are_kept_is_taken_all_the_same(server: Server) {
        let flags = named("unknown", 0..1_100);
        let events: Vec<String> = flags.chunks(100).map(|some| {
            let entries: Vec<String> = some.iter().map(|flag| format!(r#"{{"flag": "{flag}", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 1}}"#)).collect();
            format!(r#"{{"kind": "summary", "evaluations": [{}]}}"#, entries.join(","))
        }).collect();
        taken(&server.tell(&batch(1, 1, &events.join(","))), 11);
        taken(&server.tell(&batch(1, 2, &summary("unknown00000", "", 1))), 1);
        let rows = stored(&server.home, "SELECT 'all' AS name, COUNT(*) AS total, CAST(SUM(count) AS BIGINT) AS asked FROM unknown_flag", &["name"], &["total", "asked"]);
        assert_eq!((&rows[0]["total"], &rows[0]["asked"]), (&1_000.into(), &1_001.into()));
        assert!((server.metric("pennon_usage_dropped_total{what=\"unknown_flags\"}") - 100.0).abs() < 0.5);
    }
}
