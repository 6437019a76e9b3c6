//! The first run: one transaction makes a project, its environments, a sample flag and the first keys.

use super::Service;
use super::access_keys::NewKey;
use super::error::ServiceError;
use super::projects::NewProject;
use super::request::Request;
use super::work::{Begun, Work};
use crate::auth::secret::{self, CredentialKind};
use crate::domain::json::Members;
use crate::domain::key::Key;
use crate::domain::role::Grant;
use crate::store::{StoreError, installation};

/// The first project.
pub const PROJECT: &str = "default";
/// The environment of the first keys.
pub const ENVIRONMENT: &str = "development";
/// The sample flag.
pub const SAMPLE_FLAG: &str = "new_checkout_flow";

/// What the first run made; shown once.
#[derive(Debug, Clone)]
pub struct FirstRun {
    /// The owner's API token.
    pub api_token: String,
    /// A server key of `development`.
    pub server_key: String,
    /// A client key of `development`.
    pub client_key: String,
}

impl Service {
    /// Whether the first run has happened.
    pub async fn had_first_run(&self) -> Result<bool, ServiceError> {
        Ok(installation::get(self.db()).await?.is_some())
    }

    /// Does the first run if nobody has; of several nodes that start together, exactly one does.
    pub async fn first_run(&self) -> Result<Option<FirstRun>, ServiceError> {
        if self.had_first_run().await? {
            return Ok(None);
        }
        let mut tx = self.db().begin().await?;
        let now = tx.now().await?;
        if !installation::create(&mut tx, &secret::random_hex()?, now).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        let request = Request::system("first run");
        let mut work = match Work::open::<()>(tx, &request, None).await? {
            Begun::New(work) => work,
            Begun::Replay(_) => return Ok(None),
        };
        let owner = NewKey {
            kind: CredentialKind::Api,
            name: "owner (first run)".to_owned(),
            environment: None,
            grants: vec![Grant::owner()],
            origins: Vec::new(),
            expires_at: None,
        };
        let owner = self.insert_key(&mut work, &owner).await?;
        super::audit::append_now(&mut work).await?;
        let project = NewProject { key: key(PROJECT)?, name: None, description: None, environments: None };
        self.insert_project(&mut work, &project).await?;
        let sample = Members::parse(SAMPLE)?;
        self.insert_flag(&mut work, &sample).await?;
        let mut keys = Vec::new();
        for kind in [CredentialKind::Server, CredentialKind::Client] {
            let new = NewKey {
                kind,
                name: "first run".to_owned(),
                environment: Some(ENVIRONMENT.to_owned()),
                grants: Vec::new(),
                origins: Vec::new(),
                expires_at: None,
            };
            keys.push(self.insert_key(&mut work, &new).await?.secret.unwrap_or_default());
        }
        work.finish((), None).await?;
        let client_key = keys.pop().unwrap_or_default();
        let server_key = keys.pop().unwrap_or_default();
        Ok(Some(FirstRun { api_token: owner.secret.unwrap_or_default(), server_key, client_key }))
    }
}

const SAMPLE: &str = r#"{"key":"new_checkout_flow","description":"A sample flag: turn it on and evaluate it again.","kind":"release","clientVisible":true}"#;

fn key(text: &str) -> Result<Key, ServiceError> {
    Key::parse(text).map_err(|error| ServiceError::Store(StoreError::Corrupt(error.to_string())))
}
