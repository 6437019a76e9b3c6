//! A database whose history was rewritten: what was served goes on, somebody is told, and there is a way out.

use pennon::store::{Arg, Db, Tx};

use crate::outage::{health, wait_for_status};
use crate::support::home::block_on;
use crate::support::{Answer, Server, wait_until};

const FLAG: &str = "new_checkout_flow";
const ENVIRONMENT: &str = "/api/v1/projects/default/environments/development";
const CONFIGURATION: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development";

/// Writes past the server, in one transaction.
pub fn rewrite(server: &Server, act: impl AsyncFnOnce(&mut Tx, &str)) {
    block_on(async {
        let db: Db = server.home.open().await;
        let mut tx = db.begin().await.unwrap();
        let row = tx.fetch_one("SELECT id FROM environment WHERE key = 'development'", &[]).await.unwrap();
        act(&mut tx, &row.text("id").unwrap()).await;
        tx.commit().await.unwrap();
        db.close().await;
    });
}

async fn run(tx: &mut Tx, sql: &'static str, args: &[Arg<'_>]) {
    tx.execute(sql, args).await.unwrap();
}

/// Takes an environment back to an earlier revision, as a backup does.
pub async fn rewind(tx: &mut Tx, id: &str, revision: i64) {
    let args = [Arg::Text(id), Arg::Int(revision)];
    run(tx, "DELETE FROM change WHERE environment_id = $1 AND revision > $2", &args).await;
    run(tx, "DELETE FROM resource_version WHERE environment_id = $1 AND revision > $2", &args).await;
    run(
        tx,
        "UPDATE configuration SET version = (SELECT MAX(v.version) FROM resource_version v \
         WHERE v.resource_id = flag_id AND v.environment_id = $1) WHERE environment_id = $1",
        &args[..1],
    )
    .await;
    run(
        tx,
        "UPDATE configuration SET document = (SELECT v.document FROM resource_version v WHERE v.resource_id = flag_id \
         AND v.environment_id = $1 AND v.version = configuration.version) WHERE environment_id = $1",
        &args[..1],
    )
    .await;
    run(tx, "UPDATE environment SET revision = $2 WHERE id = $1", &args).await;
}

fn flip(server: &Server, action: &str) -> Answer {
    server.owner().post(&format!("{CONFIGURATION}/{action}")).header("If-Match", "*").expect(200)
}

fn value(server: &Server) -> serde_json::Value {
    server.evaluate(&server.server_key, FLAG, "{}").at("/value")
}

/// The refusal is told to operators in every way there is, and what was served goes on.
pub fn is_refused(server: &Server) {
    let degraded = wait_for_status(server, "degraded");
    assert_eq!(degraded.status, 200, "it still serves: {degraded}");
    assert_eq!(degraded.at("/refused/0/environment"), "default/development", "{degraded}");
    assert!(degraded.at("/refused/1").is_null(), "the others go on: {degraded}");
    assert!(server.log().contains("the stored history is refused"), "{}", server.log());
    let metrics = server.anonymous().get("/metrics").expect(200).text();
    let counted = metrics.lines().find_map(|line| line.strip_prefix("pennon_snapshot_refused_total "));
    assert!(counted.unwrap().parse::<f64>().unwrap() >= 1.0, "{counted:?}");
}

fn heal(server: &Server) {
    let version = server.owner().get(ENVIRONMENT).expect(200).version();
    let healed =
        server.owner().post(&format!("{ENVIRONMENT}/new-epoch")).if_match(version).json("{}").expect(200);
    assert_eq!(healed.header("x-pennon-applied"), "", "{healed}");
    wait_for_status(server, "ready");
}

on_both! {
    fn a_database_restored_to_an_earlier_state_is_refused_until_a_new_epoch(server: Server) {
        let on = flip(&server, "on").revision();
        flip(&server, "off");
        flip(&server, "on");
        flip(&server, "off");
        rewrite(&server, async |tx, id| rewind(tx, id, on).await);
        is_refused(&server);
        assert_eq!(value(&server), false, "what was served goes on");
        // Another environment is none of it.
        let production = CONFIGURATION.replace("development", "production");
        let other = server.owner().post(&format!("{production}/on")).header("If-Match", "*").reason("r").expect(200);
        assert_eq!(other.header("x-pennon-applied"), "", "{other}");
        // A write is stored, but this node does not serve it, and says so.
        let written = server.owner().patch(CONFIGURATION).header("If-Match", "*").json(r#"{"offVariant": "on"}"#).expect(200);
        assert_eq!(written.header("x-pennon-applied"), "false", "{written}");
        assert_eq!(value(&server), false);
        heal(&server);
        assert_eq!(value(&server), true, "the restored state is served");
        flip(&server, "off");
        assert_eq!(value(&server), true, "the off variant is on by now");
    }

    fn a_refusal_outlives_a_restart_of_the_node(given: Server) {
        let mut server = given;
        let on = flip(&server, "on").revision();
        flip(&server, "off");
        assert!(server.stop().success());
        rewrite(&server, async |tx, id| rewind(tx, id, on).await);
        server.start();
        is_refused(&server);
        assert_eq!(value(&server), false);
        heal(&server);
        assert_eq!(value(&server), true);
    }

    fn another_history_with_the_same_numbers_is_refused(server: Server) {
        flip(&server, "on");
        let off = flip(&server, "off").revision();
        rewrite(&server, async |tx, id| {
            // A failover lost the last commit, and another took its number.
            rewind(tx, id, off - 1).await;
            let args = [Arg::Text(id), Arg::Int(off)];
            run(tx, "UPDATE environment SET revision = $2 WHERE id = $1", &args).await;
            run(
                tx,
                "INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
                 SELECT 'another', e.id, e.epoch, e.revision, 0, 'environment', e.key, NULL, 0 FROM environment e WHERE e.id = $1",
                &args[..1],
            )
            .await;
        });
        is_refused(&server);
        assert_eq!(value(&server), false);
        // It goes on from there, past the number that is held: still another history.
        let written = flip(&server, "off");
        assert_eq!(written.header("x-pennon-applied"), "false", "{written}");
        let status = health(&server);
        assert_eq!(status.at("/status"), "degraded", "{status}");
        assert_eq!(value(&server), false);
        flip(&server, "on");
        assert_eq!(value(&server), false);
        heal(&server);
        assert_eq!(value(&server), true);
    }

    fn a_gap_in_the_changes_is_bridged_by_reading_everything(server: Server) {
        rewrite(&server, async |tx, id| {
            let args = [Arg::Text(id)];
            run(tx, "UPDATE environment SET revision = revision + 3 WHERE id = $1", &args).await;
            run(
                tx,
                "UPDATE configuration SET document = REPLACE(document, '\"enabled\":false', '\"enabled\":true') WHERE environment_id = $1",
                &args,
            )
            .await;
            run(
                tx,
                "INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
                 SELECT 'after-the-gap', e.id, e.epoch, e.revision, 0, 'environment', e.key, NULL, 0 FROM environment e WHERE e.id = $1",
                &args,
            )
            .await;
        });
        wait_until("the flag is on", || (value(&server) == true).then_some(()));
        assert_eq!(health(&server).at("/status"), "ready");
        flip(&server, "off");
        assert_eq!(value(&server), false);
    }

    fn more_changes_than_a_replay_takes_are_bridged_by_reading_everything(server: Server) {
        rewrite(&server, async |tx, id| {
            let args = [Arg::Text(id)];
            // The changes say that the flag has gone; the tables, that it is on. Only who reads the tables serves it.
            run(
                tx,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
                 INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
                 SELECT 'many-' || n.i, e.id, e.epoch, e.revision + n.i, 0, 'flag', 'new_checkout_flow', NULL, 0 \
                 FROM n, environment e WHERE e.id = $1",
                &args,
            )
            .await;
            run(tx, "UPDATE environment SET revision = revision + 1200 WHERE id = $1", &args).await;
            run(
                tx,
                "UPDATE configuration SET document = REPLACE(document, '\"enabled\":false', '\"enabled\":true') WHERE environment_id = $1",
                &args,
            )
            .await;
        });
        wait_until("the flag is on", || (value(&server) == true).then_some(()));
    }

    fn another_history_is_refused_also_when_it_is_far_ahead(server: Server) {
        rewrite(&server, async |tx, id| {
            let args = [Arg::Text(id)];
            run(tx, "UPDATE change SET id = 'x' || id WHERE environment_id = $1", &args).await;
            run(
                tx,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
                 INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
                 SELECT 'many-' || n.i, e.id, e.epoch, e.revision + n.i, 0, 'flag', 'new_checkout_flow', NULL, 0 \
                 FROM n, environment e WHERE e.id = $1",
                &args,
            )
            .await;
            run(tx, "UPDATE environment SET revision = revision + 1200 WHERE id = $1", &args).await;
        });
        is_refused(&server);
        assert_eq!(value(&server), false);
        heal(&server);
    }

    fn an_environment_that_cannot_be_read_keeps_no_other_from_its_changes(server: Server) {
        rewrite(&server, async |tx, id| {
            run(tx, "UPDATE environment SET revision = revision + 1 WHERE id <> $1", &[Arg::Text(id)]).await;
        });
        let degraded = wait_for_status(&server, "degraded");
        assert_eq!(degraded.at("/refused/0/environment"), "default/production", "{degraded}");
        assert_eq!(degraded.at("/database"), true, "{degraded}");
        let on = flip(&server, "on");
        assert_eq!(on.header("x-pennon-applied"), "", "{on}");
        assert_eq!(value(&server), true);
        let body = r#"{"kind": "server", "name": "k", "environment": "development"}"#;
        let key = server.owner().post("/api/v1/projects/default/keys").json(body).expect(201).text_at("/secret");
        assert_eq!(server.evaluate(&key, FLAG, "{}").status, 200);
    }

    fn keys_made_after_a_failover_under_a_number_that_was_used_before_are_known(server: Server) {
        let body = r#"{"kind": "server", "name": "k", "environment": "development"}"#;
        let lost = server.owner().post("/api/v1/projects/default/keys").json(body).expect(201);
        let (lost_id, lost) = (lost.text_at("/id"), lost.text_at("/secret"));
        assert_eq!(server.evaluate(&lost, FLAG, "{}").status, 200);
        // The commit that made the key is lost; its number is given to the next one.
        rewrite(&server, async |tx, _| {
            run(tx, "DELETE FROM access_key WHERE id = $1", &[Arg::Text(&lost_id)]).await;
            run(tx, "UPDATE installation SET revision = revision - 1", &[]).await;
        });
        let key = server.owner().post("/api/v1/projects/default/keys").json(body).expect(201).text_at("/secret");
        wait_until("the key is known", || (server.evaluate(&key, FLAG, "{}").status == 200).then_some(()));
        assert_eq!(server.evaluate(&lost, FLAG, "{}").status, 401);
    }

    fn a_database_that_lost_everything_is_not_followed(server: Server) {
        flip(&server, "on");
        rewrite(&server, async |tx, _| {
            run(tx, "DELETE FROM installation", &[]).await;
        });
        wait_for_status(&server, "degraded");
        assert_eq!(value(&server), true);
        server.owner().get("/api/v1/whoami").expect(200);
    }
}
