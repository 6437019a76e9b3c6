//! The store, statement by statement and function by function, on both databases.

mod driver;
mod rows;

use pennon::store::access_key::AccessKey;
use pennon::store::environment::Environment;
use pennon::store::flag::{Configuration, Flag};
use pennon::store::project::Project;
use pennon::store::{Db, Tx, environment, migrate, new_id, project};

use crate::support::Home;

/// Texts that a database might be tempted to improve.
pub const TEXTS: [&str; 5] = [
    r#"{"z":3.0,"a":1e2,"a2":-0.50,"big":9007199254740993,"huge":1e308}"#,
    "{ \"b\" : [ 1 ,\t2 ],\n\"a\":\"\u{1F6A9} é e\u{301} \\u0001 \\\" \\\\ \\/ '' $1 ? %s\" }",
    r#"{"a":1,"a":2,"":null}"#,
    "",
    "\u{feff} \r\n ",
];

/// A migrated database with a project `p` and an environment `e` in it.
pub async fn prepared(home: &Home) -> (Db, Project, Environment) {
    let db = home.open().await;
    migrate::run(&db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let now = tx.now().await.unwrap();
    let project = a_project("p", now);
    project::insert(&mut tx, &project).await.unwrap();
    let environment = an_environment(&project, "e", now);
    environment::insert(&mut tx, &environment).await.unwrap();
    tx.commit().await.unwrap();
    (db, project, environment)
}

pub fn a_project(key: &str, now: i64) -> Project {
    Project {
        id: new_id(),
        key: key.to_owned(),
        name: "N".to_owned(),
        description: "d".to_owned(),
        version: 1,
        audit_seq: 0,
        audit_head: String::new(),
        created_at: now,
        updated_at: now,
        archived_at: None,
    }
}

pub fn an_environment(project: &Project, key: &str, now: i64) -> Environment {
    Environment {
        id: new_id(),
        project_id: project.id.clone(),
        project_key: project.key.clone(),
        key: key.to_owned(),
        name: "N".to_owned(),
        protected: true,
        epoch: 7,
        revision: 0,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

pub fn a_flag(key: &str, definition: &str) -> Flag {
    Flag {
        id: new_id(),
        key: key.to_owned(),
        version: 1,
        definition: definition.to_owned(),
        created_at: 5,
        updated_at: 5,
        archived_at: None,
    }
}

pub fn a_configuration(flag: &Flag, environment: &Environment, document: &str) -> Configuration {
    Configuration {
        flag_id: flag.id.clone(),
        environment_id: environment.id.clone(),
        version: 1,
        document: document.to_owned(),
        updated_at: 5,
        updated_by: "me".to_owned(),
    }
}

pub fn a_key(selector: &str, project: Option<&Project>, environment: Option<&Environment>) -> AccessKey {
    AccessKey {
        id: new_id(),
        selector: selector.to_owned(),
        kind: if project.is_some() { "server" } else { "api" }.to_owned(),
        project_id: project.map(|own| own.id.clone()),
        project: project.map(|own| own.key.clone()),
        environment_id: environment.map(|own| own.id.clone()),
        environment: environment.map(|own| own.key.clone()),
        name: "n".to_owned(),
        verifier: "v".to_owned(),
        grants: "[]".to_owned(),
        origins: "[]".to_owned(),
        created_at: 1,
        created_by: "me".to_owned(),
        expires_at: Some(9),
        revoked_at: None,
        last_used_at: None,
        rotated_to: None,
    }
}

pub async fn rows(tx: &mut Tx, sql: &'static str) -> i64 {
    tx.fetch_one(sql, &[]).await.unwrap().int("total").unwrap()
}
