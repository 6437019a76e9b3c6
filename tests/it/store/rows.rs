//! Every function of every aggregate.

use pennon::store::change::Place;
use pennon::store::environment::Environment;
use pennon::store::flag::{Configuration, Flag};
use pennon::store::idempotency::Stored;
use pennon::store::project::Project;
use pennon::store::shared::{Kind, Shared};
use pennon::store::version::Version;
use pennon::store::{
    PAGE_BYTES, StoreError, access_key, change, environment, flag, idempotency, installation, migrate,
    new_id, outbox, project, shared, version,
};

use super::{TEXTS, a_configuration, a_flag, a_key, a_project, an_environment, prepared, rows};
use crate::support::Home;
use crate::support::home::block_on;

on_both! {
    fn projects(home: Home) {
        block_on(async {
            let (db, one, _) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            for key in ["b", "B", "a.b", "a-b"] {
                project::insert(&mut tx, &a_project(key, 1)).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(project::insert(&mut tx, &a_project("p", 1)).await, Err(StoreError::Duplicate(_))));
            drop(tx);
            let keys = |page: Vec<Project>| page.into_iter().map(|one| one.key).collect::<Vec<_>>();
            assert_eq!(keys(project::page(&db, "", 9).await.unwrap()), ["B", "a-b", "a.b", "b", "p"]);
            assert_eq!(keys(project::page(&db, "a-b", 2).await.unwrap()), ["a.b", "b"]);
            let mut tx = db.begin().await.unwrap();
            let locked = project::lock(&mut tx, "p").await.unwrap().unwrap();
            assert_eq!((locked.id.as_str(), locked.version, locked.audit_seq), (one.id.as_str(), 1, 0));
            assert!(project::lock(&mut tx, "nobody").await.unwrap().is_none());
            let new = Project { name: "new".to_owned(), description: TEXTS[1].to_owned(), ..locked };
            assert!(!project::update(&mut tx, &new, 2, 10).await.unwrap());
            assert!(project::update(&mut tx, &new, 1, 10).await.unwrap());
            project::set_audit(&mut tx, &one.id, 4, "head").await.unwrap();
            tx.commit().await.unwrap();
            let read = project::get(&db, "p").await.unwrap().unwrap();
            assert_eq!((read.name.as_str(), read.description.as_str(), read.version, read.updated_at), ("new", TEXTS[1], 2, 10));
            assert_eq!((read.audit_seq, read.audit_head.as_str()), (4, "head"));
            let mut tx = db.begin().await.unwrap();
            assert!(!project::archive(&mut tx, &one.id, 1, 11).await.unwrap());
            assert!(project::archive(&mut tx, &one.id, 2, 11).await.unwrap());
            assert!(project::lock(&mut tx, "p").await.unwrap().is_none());
            tx.commit().await.unwrap();
            assert!(project::get(&db, "p").await.unwrap().is_none());
        });
    }

    fn environments(home: Home) {
        block_on(async {
            let (db, project, first) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            let second = an_environment(&project, "f", 1);
            environment::insert(&mut tx, &second).await.unwrap();
            assert_eq!(environment::bump(&mut tx, &first.id).await.unwrap(), (1, 7));
            assert_eq!(environment::bump(&mut tx, &first.id).await.unwrap(), (2, 7));
            assert!(matches!(environment::bump(&mut tx, "nobody").await, Err(StoreError::Missing)));
            let place = Place { environment_id: &first.id, epoch: 7, revision: 2, seq: 0, now: 1 };
            let head = change::insert(&mut tx, place, "flag", "k", None).await.unwrap();
            let ids: Vec<String> = environment::of_project(&mut tx, &project.id).await.unwrap().into_iter().map(|one| one.id).collect();
            assert_eq!(ids, [first.id.clone(), second.id.clone()], "in the order in which they are locked");
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(environment::insert(&mut tx, &an_environment(&project, "e", 1)).await, Err(StoreError::Duplicate(_))));
            drop(tx);
            let position = |positions: Vec<environment::Position>, id: &str| positions.into_iter().find(|one| one.id == id);
            let at = position(environment::positions(&db).await.unwrap(), &first.id).unwrap();
            assert_eq!((at.epoch, at.revision, at.head.as_deref(), at.project.as_str(), at.key.as_str()), (7, 2, Some(head.as_str()), "p", "e"));
            assert_eq!(environment::list(&db, &project.id).await.unwrap().len(), 2);
            let mut tx = db.begin().await.unwrap();
            let new = Environment { name: "new".to_owned(), protected: false, ..first.clone() };
            assert!(!environment::update(&mut tx, &new, 2, 10).await.unwrap());
            assert!(environment::update(&mut tx, &new, 1, 10).await.unwrap());
            assert!(!environment::new_epoch(&mut tx, &first.id, 8, 1, 11).await.unwrap());
            assert!(environment::new_epoch(&mut tx, &first.id, 8, 2, 11).await.unwrap());
            assert!(!environment::archive(&mut tx, &second.id, 2, 12).await.unwrap());
            assert!(environment::archive(&mut tx, &second.id, 1, 12).await.unwrap());
            assert!(environment::position(&mut tx, &first.id).await.unwrap().unwrap().epoch == 8);
            assert!(environment::position(&mut tx, "nobody").await.unwrap().is_none());
            tx.commit().await.unwrap();
            let read = environment::get(&db, "p", "e").await.unwrap().unwrap();
            assert_eq!((read.name.as_str(), read.protected, read.epoch, read.revision, read.version, read.updated_at), ("new", false, 8, 2, 3, 11));
            assert!(environment::get(&db, "p", "f").await.unwrap().is_none() && environment::get(&db, "q", "e").await.unwrap().is_none());
            assert!(position(environment::positions(&db).await.unwrap(), &second.id).is_none());
            assert_eq!(environment::list(&db, &project.id).await.unwrap().len(), 1);
        });
    }

    fn flags_and_configurations(home: Home) {
        block_on(async {
            let (db, project, environment) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            let keys = ["b", "B", "a_b", "a-b", "a.b"];
            let mut made = Vec::new();
            for key in keys {
                let one = a_flag(key, "{}");
                flag::insert(&mut tx, &project.id, &one).await.unwrap();
                flag::insert_configuration(&mut tx, &a_configuration(&one, &environment, "{}")).await.unwrap();
                made.push(one);
            }
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(flag::insert(&mut tx, &project.id, &a_flag("b", "{}")).await, Err(StoreError::Duplicate(_))));
            drop(tx);
            let names = |page: Vec<Flag>| page.into_iter().map(|one| one.key).collect::<Vec<_>>();
            assert_eq!(names(flag::page(&db, &project.id, "", 9, 0).await.unwrap()), ["B", "a-b", "a.b", "a_b", "b"]);
            assert_eq!(names(flag::page(&db, &project.id, "a-b", 2, 0).await.unwrap()), ["a.b", "a_b"]);
            assert_eq!(flag::configurations_between(&db, &project.id, ("a-b", "a_b"), 0).await.unwrap().len(), 3);
            assert!(flag::configurations_between(&db, &project.id, ("a-b", "a_b"), 1).await.unwrap().is_empty());
            let one = &made[0];
            let mut tx = db.begin().await.unwrap();
            assert_eq!(flag::count(&mut tx, &project.id).await.unwrap(), 5);
            assert!(!flag::update(&mut tx, &one.id, TEXTS[0], 2, 10).await.unwrap());
            assert!(flag::update(&mut tx, &one.id, TEXTS[0], 1, 10).await.unwrap());
            let new = Configuration { document: TEXTS[1].to_owned(), updated_at: 11, updated_by: "you".to_owned(), version: 2, ..a_configuration(one, &environment, "") };
            assert!(!flag::update_configuration(&mut tx, &new, 2).await.unwrap());
            assert!(flag::update_configuration(&mut tx, &new, 1).await.unwrap());
            let served = flag::served(&mut tx, &environment.id).await.unwrap();
            let own = served.iter().find(|served| served.key == "b").unwrap();
            assert_eq!((served.len(), own.version, own.definition.as_str(), own.configuration.as_str()), (5, 2, TEXTS[0], TEXTS[1]));
            assert!(!flag::set_archived(&mut tx, &one.id, Some(12), 1, 12).await.unwrap());
            assert!(flag::set_archived(&mut tx, &one.id, Some(12), 2, 12).await.unwrap());
            assert_eq!(flag::count(&mut tx, &project.id).await.unwrap(), 4);
            assert_eq!(flag::served(&mut tx, &environment.id).await.unwrap().len(), 4);
            assert_eq!(flag::all_in(&mut tx, &project.id).await.unwrap().len(), 5);
            assert_eq!(flag::get_in(&mut tx, &project.id, "b").await.unwrap().unwrap().archived_at, Some(12));
            assert_eq!(flag::configurations_in(&mut tx, &one.id).await.unwrap().len(), 1);
            assert_eq!(flag::configuration_in(&mut tx, &one.id, &environment.id).await.unwrap().unwrap().updated_by, "you");
            tx.commit().await.unwrap();
            assert_eq!(names(flag::page(&db, &project.id, "", 9, 1).await.unwrap()), ["b"]);
            let read = flag::get(&db, &project.id, "b").await.unwrap().unwrap();
            assert_eq!((read.version, read.updated_at, read.created_at), (3, 12, 5));
            assert!(flag::get(&db, "nobody", "b").await.unwrap().is_none());
            assert_eq!(flag::configurations(&db, &one.id).await.unwrap()[0].version, 2);
            assert!(flag::configuration(&db, &one.id, "nobody").await.unwrap().is_none());
            let mut tx = db.begin().await.unwrap();
            assert!(flag::set_archived(&mut tx, &one.id, None, 3, 13).await.unwrap());
            assert_eq!(flag::get_in(&mut tx, &project.id, "b").await.unwrap().unwrap().archived_at, None);
        });
    }

    fn segments_and_layers(home: Home) {
        block_on(async {
            let (db, project, _) = prepared(&home).await;
            let document = |key: &str| Shared { id: new_id(), key: key.to_owned(), version: 1, document: TEXTS[0].to_owned(), created_at: 1, updated_at: 1, archived_at: None };
            let mut tx = db.begin().await.unwrap();
            let one = document("b");
            for (kind, own) in [(Kind::Segment, &one), (Kind::Segment, &document("a")), (Kind::Layer, &document("b"))] {
                shared::insert(&mut tx, &project.id, kind, own).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(shared::insert(&mut tx, &project.id, Kind::Layer, &document("b")).await, Err(StoreError::Duplicate(_))));
            drop(tx);
            let mut tx = db.begin().await.unwrap();
            assert!(!shared::update(&mut tx, &one.id, TEXTS[1], 2, 9).await.unwrap());
            assert!(shared::update(&mut tx, &one.id, TEXTS[1], 1, 9).await.unwrap());
            assert!(shared::set_archived(&mut tx, &one.id, Some(10), 2, 10).await.unwrap());
            assert!(!shared::set_archived(&mut tx, &one.id, None, 2, 10).await.unwrap());
            assert_eq!(shared::all(&mut tx, &project.id, Kind::Segment).await.unwrap().len(), 1);
            let read = shared::get_in(&mut tx, &project.id, Kind::Segment, "b").await.unwrap().unwrap();
            assert_eq!((read.version, read.document.as_str(), read.archived_at, read.updated_at), (3, TEXTS[1], Some(10), 10));
            tx.commit().await.unwrap();
            let page = shared::page(&db, &project.id, Kind::Segment, "", 9).await.unwrap();
            assert_eq!(page.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["a"]);
            assert!(shared::page(&db, &project.id, Kind::Segment, "a", 9).await.unwrap().is_empty());
            assert_eq!(shared::get(&db, &project.id, Kind::Layer, "b").await.unwrap().unwrap().version, 1);
        });
    }

    fn changes_are_read_in_order_and_the_newest_is_never_pruned(home: Home) {
        block_on(async {
            let (db, _, environment) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            for (revision, seq, at) in [(1, 0, 10), (2, 0, 20), (2, 1, 20), (3, 0, 30)] {
                if seq == 0 {
                    environment::bump(&mut tx, &environment.id).await.unwrap();
                }
                let place = Place { environment_id: &environment.id, epoch: 7, revision, seq, now: at };
                change::insert(&mut tx, place, "flag", &format!("k{seq}"), (seq == 0).then_some("{}")).await.unwrap();
            }
            tx.commit().await.unwrap();
            let told = |changes: Vec<change::Change>| changes.into_iter().map(|one| (one.revision, one.seq)).collect::<Vec<_>>();
            assert_eq!(told(change::since(&db, &environment.id, 2, 9).await.unwrap()), [(2, 0), (2, 1), (3, 0)]);
            assert_eq!(told(change::since(&db, &environment.id, 0, 2).await.unwrap()), [(1, 0), (2, 0)]);
            let last = change::since(&db, &environment.id, 2, 9).await.unwrap();
            assert_eq!((last[1].document.as_deref(), last[1].key.as_str(), last[1].kind.as_str()), (None, "k1", "flag"));
            let mut tx = db.begin().await.unwrap();
            let place = Place { environment_id: &environment.id, epoch: 7, revision: 3, seq: 0, now: 1 };
            assert!(matches!(change::insert(&mut tx, place, "flag", "x", None).await, Err(StoreError::Duplicate(_))), "a number is taken once");
            drop(tx);
            let mut tx = db.begin().await.unwrap();
            assert_eq!(change::prune(&mut tx, 20, 9).await.unwrap(), 1);
            assert_eq!(change::prune(&mut tx, 1_000, 1).await.unwrap(), 1);
            assert_eq!(change::prune(&mut tx, 1_000, 9).await.unwrap(), 1);
            tx.commit().await.unwrap();
            assert_eq!(told(change::since(&db, &environment.id, 0, 9).await.unwrap()), [(3, 0)]);
        });
    }

    fn versions(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            let kept = |number: i64, environment: &str| Version { resource_id: "r".to_owned(), environment_id: environment.to_owned(), version: number, document: "{}".to_owned(),
                action: "a".to_owned(), actor: "me".to_owned(), reason: "why".to_owned(), revision: number * 10, created_at: number };
            for number in 1..=4 {
                version::insert(&mut tx, &kept(number, "")).await.unwrap();
            }
            version::insert(&mut tx, &kept(1, "e")).await.unwrap();
            let read = version::get(&mut tx, "r", "", 3).await.unwrap().unwrap();
            assert_eq!((read.version, read.revision, read.reason.as_str(), read.created_at), (3, 30, "why", 3));
            assert!(version::get(&mut tx, "r", "e", 2).await.unwrap().is_none());
            tx.commit().await.unwrap();
            let numbers = |page: Vec<Version>| page.into_iter().map(|one| one.version).collect::<Vec<_>>();
            assert_eq!(numbers(version::page(&db, "r", "", i64::MAX, 9).await.unwrap()), [4, 3, 2, 1]);
            assert_eq!(numbers(version::page(&db, "r", "", 4, 2).await.unwrap()), [3, 2]);
            assert_eq!(numbers(version::page(&db, "r", "e", 9, 9).await.unwrap()), [1]);
            let mut tx = db.begin().await.unwrap();
            for number in 1..=4 {
                let large = "x".repeat(if number == 1 { PAGE_BYTES + 1 } else { PAGE_BYTES / 2 });
                version::insert(&mut tx, &Version { document: large, ..kept(number, "large") }).await.unwrap();
            }
            tx.commit().await.unwrap();
            // Up to the row that is too much; a page has at least one, and tells whether there are more.
            assert_eq!(numbers(version::page(&db, "r", "large", 9, 9).await.unwrap()), [4, 3, 2]);
            assert_eq!(numbers(version::page(&db, "r", "large", 3, 9).await.unwrap()), [2, 1]);
            assert_eq!(numbers(version::page(&db, "r", "large", 2, 9).await.unwrap()), [1]);
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(version::insert(&mut tx, &kept(1, "e")).await, Err(StoreError::Duplicate(_))));
        });
    }

    fn keys(home: Home) {
        block_on(async {
            let (db, project, environment) = prepared(&home).await;
            let (own, token) = (a_key("s1", Some(&project), Some(&environment)), a_key("s2", None, None));
            let mut tx = db.begin().await.unwrap();
            access_key::insert(&mut tx, &own).await.unwrap();
            access_key::insert(&mut tx, &token).await.unwrap();
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(matches!(access_key::insert(&mut tx, &a_key("s1", None, None)).await, Err(StoreError::Duplicate(_))));
            drop(tx);
            assert_eq!(access_key::get(&db, &own.id).await.unwrap().as_ref(), Some(&own));
            assert_eq!(access_key::all(&db).await.unwrap(), [own.clone(), token.clone()]);
            assert_eq!(access_key::page(&db, &project.id, "", 9).await.unwrap(), std::slice::from_ref(&own));
            assert_eq!(access_key::page(&db, "", "", 9).await.unwrap(), std::slice::from_ref(&token));
            assert!(access_key::page(&db, "", &token.id, 9).await.unwrap().is_empty());
            let mut tx = db.begin().await.unwrap();
            assert_eq!(access_key::living_tokens(&mut tx, 8).await.unwrap(), std::slice::from_ref(&token));
            assert!(access_key::living_tokens(&mut tx, 9).await.unwrap().is_empty(), "an expired token is not living");
            access_key::used(&mut tx, &own.id, 20).await.unwrap();
            access_key::used(&mut tx, &own.id, 10).await.unwrap();
            assert_eq!(access_key::get_in(&mut tx, &own.id).await.unwrap().unwrap().last_used_at, Some(20), "never backwards");
            assert!(access_key::rotate(&mut tx, &own.id, 30, &token.id).await.unwrap());
            assert!(!access_key::rotate(&mut tx, &own.id, 31, "x").await.unwrap());
            assert!(access_key::revoke(&mut tx, &own.id, 40).await.unwrap());
            assert!(!access_key::revoke(&mut tx, &own.id, 41).await.unwrap());
            assert!(access_key::revoke(&mut tx, &token.id, 42).await.unwrap());
            assert!(access_key::living_tokens(&mut tx, 8).await.unwrap().is_empty(), "a revoked token is not living");
            assert!(!access_key::rotate(&mut tx, &token.id, 43, "x").await.unwrap(), "a revoked key is not rotated");
            let read = access_key::get_in(&mut tx, &own.id).await.unwrap().unwrap();
            assert_eq!((read.expires_at, read.revoked_at, read.rotated_to), (Some(30), Some(40), Some(token.id.clone())));
            environment::archive(&mut tx, &environment.id, 1, 50).await.unwrap();
            tx.commit().await.unwrap();
            let left: Vec<String> = access_key::all(&db).await.unwrap().into_iter().map(|key| key.selector).collect();
            assert_eq!(left, ["s2"], "keys of an archived environment are forgotten");
        });
    }

    fn outcomes_are_kept_for_a_while(home: Home) {
        block_on(async {
            let (db, ..) = prepared(&home).await;
            let stored = |outcome: &str| Stored { request: "r".to_owned(), outcome: outcome.to_owned() };
            let mut tx = db.begin().await.unwrap();
            idempotency::put(&mut tx, ("me", "k"), &stored("one"), (0, 100)).await.unwrap();
            assert_eq!(idempotency::get(&mut tx, "me", "k", 100).await.unwrap().unwrap().outcome, "one");
            assert!(idempotency::get(&mut tx, "me", "k", 101).await.unwrap().is_none());
            assert!(idempotency::get(&mut tx, "you", "k", 0).await.unwrap().is_none());
            // What is too old gives way to the same key.
            idempotency::put(&mut tx, ("me", "k"), &stored("two"), (101, 200)).await.unwrap();
            assert_eq!(idempotency::get(&mut tx, "me", "k", 0).await.unwrap().unwrap().outcome, "two");
            idempotency::put(&mut tx, ("you", "k"), &stored("three"), (101, 300)).await.unwrap();
            idempotency::put(&mut tx, ("me", "k2"), &stored("two"), (101, 201)).await.unwrap();
            idempotency::put(&mut tx, ("me", "k3"), &stored("two"), (101, 202)).await.unwrap();
            assert_eq!(idempotency::prune(&mut tx, 300, 2).await.unwrap(), 2, "one batch");
            assert!(idempotency::get(&mut tx, "me", "k3", 0).await.unwrap().is_some(), "the oldest go first");
            assert_eq!(idempotency::prune(&mut tx, 300, 9).await.unwrap(), 1);
            assert!(idempotency::get(&mut tx, "you", "k", 0).await.unwrap().is_some());
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            let again = idempotency::put(&mut tx, ("you", "k"), &stored("four"), (0, 400)).await;
            assert!(matches!(again, Err(StoreError::Duplicate(_))));
        });
    }

    fn the_installation_is_made_once(home: Home) {
        block_on(async {
            let db = home.open().await;
            migrate::run(&db).await.unwrap();
            assert!(installation::get(&db).await.unwrap().is_none());
            let mut tx = db.begin().await.unwrap();
            assert!(installation::create(&mut tx, "secret", 1).await.unwrap());
            tx.commit().await.unwrap();
            let mut tx = db.begin().await.unwrap();
            assert!(!installation::create(&mut tx, "another", 2).await.unwrap());
            let before = installation::lock(&mut tx).await.unwrap();
            assert_eq!((before.secret.as_str(), before.audit_seq), ("secret", 0));
            assert_eq!(installation::bump(&mut tx).await.unwrap(), before.revision + 1);
            installation::set_audit(&mut tx, 3, "head").await.unwrap();
            let read = installation::get_in(&mut tx).await.unwrap().unwrap();
            assert_eq!((read.audit_seq, read.audit_head.as_str(), read.revision), (3, "head", before.revision + 1));
            drop(tx);
            assert_eq!(installation::get(&db).await.unwrap().unwrap().audit_seq, 0, "dropped is rolled back");
        });
    }

    fn events_wait_in_the_outbox_until_they_are_old(home: Home) {
        block_on(async {
            let (db, project, _) = prepared(&home).await;
            let mut tx = db.begin().await.unwrap();
            for at in [10, 20, 30] {
                outbox::insert(&mut tx, &project.id, "flag.on", TEXTS[1], at).await.unwrap();
            }
            assert_eq!(outbox::prune(&mut tx, 30, 1).await.unwrap(), 1);
            assert_eq!(outbox::prune(&mut tx, 30, 9).await.unwrap(), 1);
            assert_eq!(rows(&mut tx, "SELECT COUNT(*) AS total FROM outbox").await, 1);
            let left = tx.fetch_one("SELECT payload FROM outbox", &[]).await.unwrap();
            assert_eq!(left.text("payload").unwrap(), TEXTS[1]);
        });
    }
}
