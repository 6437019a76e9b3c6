//! What the two drivers share: statements, migrations, transactions, texts, the append-only log.

use pennon::store::audit::{Columns, Entry, Filter};
use pennon::store::change::Place;
use pennon::store::idempotency::Stored;
use pennon::store::listen::{Hint, Listener};
use pennon::store::shared::{Kind, Shared};
use pennon::store::version::Version;
use pennon::store::{
    Arg, Db, StoreError, all_statements, audit, change, flag, idempotency, migrate, new_id, project, shared,
    version,
};
use sqlx::{Executor as _, SqlSafeStr as _};

use super::{TEXTS, a_configuration, a_flag, a_project, prepared, rows};
use crate::support::Home;
use crate::support::home::block_on;

on_both! {
    fn every_statement_can_be_prepared(home: Home) {
        block_on(async {
            let db = home.open().await;
            migrate::run(&db).await.unwrap();
            let statements = all_statements();
            assert!(statements.len() > 50, "{}", statements.len());
            for sql in statements {
                match &db {
                    Db::Sqlite { write, .. } => { write.acquire().await.unwrap().prepare(sql.into_sql_str()).await.map(|_| ()) }
                    Db::Postgres { pool, .. } => { pool.acquire().await.unwrap().prepare(sql.into_sql_str()).await.map(|_| ()) }
                }
                .unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        });
    }

    fn migrations_run_twice_and_by_several_nodes_at_once(home: Home) {
        block_on(async {
            let (one, two) = (home.open().await, home.open().await);
            let (first, second) = tokio::join!(migrate::run(&one), migrate::run(&two));
            first.unwrap();
            second.unwrap();
            migrate::run(&one).await.unwrap();
            let mut tx = one.begin().await.unwrap();
            project::insert(&mut tx, &a_project("p", 1)).await.unwrap();
            tx.commit().await.unwrap();
            migrate::run(&two).await.unwrap();
            assert!(project::get(&two, "p").await.unwrap().is_some());
        });
    }

    fn documents_come_back_as_they_were_written(home: Home) {
        block_on(async {
            let (db, project, environment) = prepared(&home).await;
            for (index, text) in TEXTS.into_iter().enumerate() {
                let key = format!("k{index}");
                let mut tx = db.begin().await.unwrap();
                let made = a_flag(&key, text);
                flag::insert(&mut tx, &project.id, &made).await.unwrap();
                flag::insert_configuration(&mut tx, &a_configuration(&made, &environment, text)).await.unwrap();
                let document = Shared { id: new_id(), key: key.clone(), version: 1, document: text.to_owned(), created_at: 1, updated_at: 1, archived_at: None };
                shared::insert(&mut tx, &project.id, Kind::Segment, &document).await.unwrap();
                let place = Place { environment_id: &environment.id, epoch: 7, revision: 1, seq: i64::try_from(index).unwrap(), now: 1 };
                change::insert(&mut tx, place, "flag", &key, Some(text)).await.unwrap();
                let kept = Version { resource_id: made.id.clone(), environment_id: String::new(), version: 1, document: text.to_owned(),
                    action: "a".to_owned(), actor: text.to_owned(), reason: text.to_owned(), revision: 0, created_at: 1 };
                version::insert(&mut tx, &kept).await.unwrap();
                let stored = Stored { request: text.to_owned(), outcome: text.to_owned() };
                idempotency::put(&mut tx, ("who", &key), &stored, (0, 1)).await.unwrap();
                tx.commit().await.unwrap();

                assert_eq!(flag::get(&db, &project.id, &key).await.unwrap().unwrap().definition, text);
                assert_eq!(flag::configuration(&db, &made.id, &environment.id).await.unwrap().unwrap().document, text);
                assert_eq!(shared::get(&db, &project.id, Kind::Segment, &key).await.unwrap().unwrap().document, text);
                assert_eq!(change::since(&db, &environment.id, 0, 99).await.unwrap()[index].document.as_deref(), Some(text));
                let mut tx = db.begin().await.unwrap();
                let kept = version::get(&mut tx, &made.id, "", 1).await.unwrap().unwrap();
                assert_eq!([kept.document, kept.actor, kept.reason], [text; 3]);
                assert_eq!(idempotency::get(&mut tx, "who", &key, 0).await.unwrap().unwrap().outcome, text);
            }
        });
    }

    fn the_audit_log_only_grows(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let columns = |key: &'static str| Columns { at: 1, actor: "me", action: "a", kind: "flag", key, environment: "e" };
            let mut tx = db.begin().await.unwrap();
            for seq in 1..=5 {
                let entry = Entry { chain: "c".to_owned(), seq, hash: format!("h{seq}"), entry: TEXTS[1].to_owned() };
                audit::insert(&mut tx, &entry, columns(if seq == 3 { "other" } else { "k" })).await.unwrap();
            }
            let entry = Entry { chain: "d".to_owned(), seq: 1, hash: "h".to_owned(), entry: "x".to_owned() };
            audit::insert(&mut tx, &entry, columns("k")).await.unwrap();
            tx.commit().await.unwrap();
            let mut forbidden = vec!["UPDATE audit SET entry = 'x' WHERE seq = 1", "DELETE FROM audit WHERE seq = 1", "UPDATE audit SET seq = 9", "DELETE FROM audit"];
            if db.name() == "postgres" {
                forbidden.push("TRUNCATE audit");
            }
            for sql in forbidden {
                let mut tx = db.begin().await.unwrap();
                let error = tx.execute(sql, &[]).await.expect_err(sql);
                assert!(error.to_string().contains("append-only"), "{sql}: {error}");
                assert!(!error.is_unavailable());
            }
            let seqs = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>();
            let all = Filter::default();
            assert_eq!(seqs(audit::page(&db, "c", i64::MAX, 9, &all).await.unwrap()), [5, 4, 3, 2, 1]);
            assert_eq!(seqs(audit::page(&db, "c", 4, 2, &all).await.unwrap()), [3, 2]);
            assert_eq!(seqs(audit::after(&db, "c", 2, 2).await.unwrap()), [3, 4]);
            let other = Filter { key: "other".to_owned(), kind: "flag".to_owned(), environment: "e".to_owned(), actor: "me".to_owned() };
            let found = audit::page(&db, "c", i64::MAX, 9, &other).await.unwrap();
            assert_eq!((found[0].seq, found[0].entry.as_str(), found.len()), (3, TEXTS[1], 1));
            for none in [Filter { kind: "layer".to_owned(), ..Filter::default() }, Filter { environment: "x".to_owned(), ..Filter::default() }, Filter { actor: "x".to_owned(), ..Filter::default() }] {
                assert!(audit::page(&db, "c", i64::MAX, 9, &none).await.unwrap().is_empty());
            }
            // A place in a chain is taken once.
            let mut tx = db.begin().await.unwrap();
            let again = Entry { chain: "c".to_owned(), seq: 5, hash: String::new(), entry: String::new() };
            assert!(matches!(audit::insert(&mut tx, &again, columns("k")).await, Err(StoreError::Duplicate(_))));
        });
    }

    fn time_is_the_database_s_and_moves_with_the_test_offset(home: Home) {
        block_on(async {
            let db = home.open().await;
            let own = || i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()).unwrap();
            let mut tx = db.begin().await.unwrap();
            let (before, now, after) = (own(), tx.now().await.unwrap(), own());
            assert!((before - 1_000_000..=after + 1_000_000).contains(&now), "{now}");
            db.set_clock_offset(3_600_000_000);
            let later = tx.now().await.unwrap();
            assert!((3_590_000_000..3_700_000_000).contains(&(later - now)), "{}", later - now);
        });
    }

    fn a_reading_transaction_sees_one_state_and_cannot_write(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let mut reader = db.begin_read().await.unwrap();
            let count = "SELECT COUNT(*) AS total FROM project";
            assert_eq!(rows(&mut reader, count).await, 1);
            let mut writer = db.begin().await.unwrap();
            project::insert(&mut writer, &a_project("q", 1)).await.unwrap();
            writer.commit().await.unwrap();
            assert_eq!(rows(&mut reader, count).await, 1);
            assert!(reader.execute("DELETE FROM outbox", &[]).await.is_err());
            drop(reader);
            let mut reader = db.begin_read().await.unwrap();
            assert_eq!(rows(&mut reader, count).await, 2);
        });
    }

    fn a_null_is_a_null_and_a_text_with_zero_is_refused_or_kept(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            let row = tx.fetch_one("SELECT CAST($1 AS TEXT) AS a, CAST($2 AS BIGINT) AS b", &[Arg::OptText(None), Arg::OptInt(None)]).await.unwrap();
            assert_eq!((row.opt_text("a").unwrap(), row.opt_int("b").unwrap()), (None, None));
            let row = tx.fetch_one("SELECT CAST($1 AS TEXT) AS a, CAST($2 AS BIGINT) AS b", &[Arg::OptText(Some("")), Arg::OptInt(Some(i64::MIN))]).await.unwrap();
            assert_eq!((row.text("a").unwrap().as_str(), row.int("b").unwrap()), ("", i64::MIN));
            assert!(row.int("a").is_err() && row.text("nobody").is_err());
        });
    }

    fn a_hint_is_heard_after_the_commit_and_only_where_there_are_other_nodes(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let listener = Listener::connect(&db).await.unwrap();
            let Some(mut listener) = listener else {
                assert_eq!(db.name(), "sqlite");
                return;
            };
            let mut tx = db.begin().await.unwrap();
            tx.notify("rolled back").await.unwrap();
            tx.rollback().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            tx.notify("e1 e2").await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(listener.next().await.unwrap(), Hint::Changed("e1 e2".to_owned()));
        });
    }
}
