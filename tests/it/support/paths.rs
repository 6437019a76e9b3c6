//! Paths of the first project, and what tells whether anything of it changed.

use super::{Client, Server};

pub const PROJECT: &str = "/api/v1/projects/default";

/// A path below the first project.
pub fn project(rest: &str) -> String {
    format!("{PROJECT}{rest}")
}

/// A flag's definition.
pub fn flag(key: &str) -> String {
    format!("{PROJECT}/flags/{key}")
}

/// A flag's configuration in `development`, and what stands below it.
pub fn development(key: &str, rest: &str) -> String {
    format!("{PROJECT}/flags/{key}/environments/development{rest}")
}

/// A flag's configuration in `production`, which is protected.
pub fn production(key: &str, rest: &str) -> String {
    format!("{PROJECT}/flags/{key}/environments/production{rest}")
}

/// Revisions of the environments of the first project, then the lengths of its and the installation's audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub development: i64,
    pub production: i64,
    pub audit: i64,
    pub installation: i64,
}

impl State {
    #[track_caller]
    pub fn of(server: &Server) -> State {
        let owner = server.owner();
        let revision = |key: &str| {
            owner.get(&project(&format!("/environments/{key}"))).expect(200).number_at("/revision")
        };
        let length = |path: &str| owner.get(path).expect(200).number_at("/seq");
        State {
            development: revision("development"),
            production: revision("production"),
            audit: length(&project("/audit/head")),
            installation: length("/api/v1/audit/head"),
        }
    }
}

/// Makes a boolean flag and turns it on in `development`; answers the configuration's version.
#[track_caller]
pub fn flag_that_is_on(client: &Client, key: &str) -> i64 {
    client.post(&project("/flags")).json(&format!(r#"{{"key": "{key}"}}"#)).expect(201);
    client.post(&development(key, "/on")).if_match(1).expect(200).version()
}

/// Makes a flag of a body; answers nothing.
#[track_caller]
pub fn make(client: &Client, body: &str) {
    client.post(&project("/flags")).json(body).expect(201);
}

/// Patches a configuration in `development`, whatever its version; answers its new version.
#[track_caller]
pub fn configure(client: &Client, key: &str, patch: &str) -> i64 {
    client.patch(&development(key, "")).header("If-Match", "*").json(patch).expect(200).version()
}
