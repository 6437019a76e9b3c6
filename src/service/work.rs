//! One unit of work: a transaction that locks, numbers, changes, audits and commits, in the order the design gives.
//! Every mutation goes through here, so none can forget its audit entry, its change row or its idempotency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::audit::Draft;
use super::error::ServiceError;
use super::request::Request;
use super::{Service, audit};
use crate::domain::images::Head;
use crate::domain::role::Permission;
use crate::store::change::Place;
use crate::store::environment::Environment;
use crate::store::project::Project;
use crate::store::{StoreError, Tx, change, environment, idempotency, installation, outbox, project};

/// How long an Idempotency-Key is kept: long enough for any retry, microseconds.
pub const IDEMPOTENCY_KEPT: i64 = 24 * 3_600 * 1_000_000;

/// A use case that is done.
#[derive(Debug, Clone)]
pub struct Done<T> {
    /// What it answers.
    pub view: T,
    /// The revisions it made, by environment id: what the caller's node should have applied before it answers.
    pub revisions: Vec<(String, Head)>,
    /// Whether keys, environments or projects changed, at this revision of the installation.
    pub installation: Option<i64>,
    /// Whether this is the stored outcome of an earlier request with the same Idempotency-Key.
    pub replayed: bool,
}

/// What is stored under an Idempotency-Key: all that a repetition needs to be answered like the first time.
#[derive(Serialize, Deserialize)]
struct Outcome<T> {
    view: T,
    /// Environment id, epoch, revision, id of the change.
    revisions: Vec<(String, i64, i64, String)>,
    installation: Option<i64>,
}

/// What beginning a unit of work can lead to.
#[expect(clippy::large_enum_variant, reason = "made once a write, and taken apart at once")]
pub enum Begun<T> {
    /// The same request was made before: this was its outcome.
    Replay(Done<T>),
    /// Go on.
    New(Work),
}

/// An environment that this work has numbered.
pub struct Touched {
    /// The environment's id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its epoch.
    pub epoch: i64,
    /// The revision taken.
    pub revision: i64,
    seq: i64,
    head: String,
}

/// An open unit of work.
pub struct Work {
    /// The transaction.
    pub tx: Tx,
    /// The database's time, microseconds.
    pub now: i64,
    /// Who, and why.
    pub request: Request,
    /// The locked project; None for what belongs to the installation.
    pub project: Option<Project>,
    touched: Vec<Touched>,
    drafts: Vec<Draft>,
    installation: Option<i64>,
}

impl Service {
    /// Begins a unit of work on a project the caller may see: locks its row, and answers a repetition at once.
    pub async fn begin<T: DeserializeOwned>(
        &self,
        request: &Request,
        project_key: &str,
    ) -> Result<Begun<T>, ServiceError> {
        let missing = || ServiceError::NotFound { kind: "project", key: project_key.to_owned() };
        if !request.caller.sees_project(project_key) {
            return Err(missing());
        }
        let mut tx = self.db.begin().await?;
        let project = project::lock(&mut tx, project_key).await?.ok_or_else(missing)?;
        Work::open(tx, request, Some(project)).await
    }

    /// Begins a unit of work on the installation: locks its row.
    pub async fn begin_installation<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Begun<T>, ServiceError> {
        let mut tx = self.db.begin().await?;
        installation::lock(&mut tx).await?;
        Work::open(tx, request, None).await
    }
}

impl Work {
    /// Goes on in a transaction whose locks are held already.
    pub async fn open<T: DeserializeOwned>(
        mut tx: Tx,
        request: &Request,
        project: Option<Project>,
    ) -> Result<Begun<T>, ServiceError> {
        let now = tx.now().await?;
        if let Some(given) = &request.idempotency {
            let since = now - IDEMPOTENCY_KEPT;
            if let Some(stored) = idempotency::get(&mut tx, &request.caller.id, &given.key, since).await? {
                if stored.request != given.request {
                    return Err(ServiceError::IdempotencyMismatch);
                }
                tx.rollback().await?;
                return Ok(Begun::Replay(replay(&stored.outcome)?));
            }
        }
        Ok(Begun::New(Work {
            tx,
            now,
            request: request.clone(),
            project,
            touched: Vec::new(),
            drafts: Vec::new(),
            installation: None,
        }))
    }

    /// The locked project.
    pub fn project(&self) -> Result<&Project, ServiceError> {
        self.project.as_ref().ok_or(ServiceError::Store(StoreError::Missing))
    }

    /// The id of the locked project.
    pub fn project_id(&self) -> Result<String, ServiceError> {
        Ok(self.project()?.id.clone())
    }

    /// The project's environments, in the order in which they are locked.
    pub async fn environments(&mut self) -> Result<Vec<Environment>, ServiceError> {
        let id = self.project_id()?;
        Ok(environment::of_project(&mut self.tx, &id).await?)
    }

    /// One environment of the project that the caller may see.
    pub async fn environment(&mut self, key: &str) -> Result<Environment, ServiceError> {
        let project = self.project()?.key.clone();
        let missing = || ServiceError::NotFound { kind: "environment", key: key.to_owned() };
        if self.request.caller.may(Permission::Read, &project, Some(key)).is_err() {
            return Err(missing());
        }
        self.environments().await?.into_iter().find(|environment| environment.key == key).ok_or_else(missing)
    }

    /// May the caller do this in the project, or in one environment of it?
    pub fn authorise(&self, what: Permission, environment: Option<&str>) -> Result<(), ServiceError> {
        let project = self.project()?;
        self.request.caller.may(what, &project.key, environment).map_err(|denied| match environment {
            Some(key) => ServiceError::denied(&denied, "environment", key),
            None => ServiceError::denied(&denied, "project", &project.key),
        })
    }

    /// May the caller change what these environments serve? Protected ones want an admin and a reason.
    pub fn authorise_serving(&self, environments: &[Environment]) -> Result<(), ServiceError> {
        for environment in environments {
            let what = if environment.protected { Permission::EditProtected } else { Permission::Edit };
            let project = &self.project()?.key;
            self.request.caller.may(what, project, Some(&environment.key)).map_err(|denied| {
                match ServiceError::denied(&denied, "environment", &environment.key) {
                    ServiceError::Forbidden { needs, what } => {
                        ServiceError::Forbidden { needs, what: format!("{what} (\"{}\")", environment.key) }
                    }
                    other => other,
                }
            })?;
        }
        match environments.iter().find(|environment| environment.protected) {
            Some(environment) if self.request.reason.is_empty() => {
                Err(ServiceError::ReasonRequired(environment.key.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Locks an environment and takes its next revision: one for the whole transaction, however many changes it makes.
    /// Call in id order when there are several.
    pub async fn number(&mut self, environment: &Environment) -> Result<i64, ServiceError> {
        if let Some(touched) = self.touched.iter().find(|touched| touched.id == environment.id) {
            return Ok(touched.revision);
        }
        let (revision, epoch) = environment::bump(&mut self.tx, &environment.id).await?;
        self.touched.push(Touched {
            id: environment.id.clone(),
            key: environment.key.clone(),
            epoch,
            revision,
            seq: 0,
            head: String::new(),
        });
        Ok(revision)
    }

    /// Writes what nodes replay: the new document of a key, or None when it leaves the snapshot.
    pub async fn change(
        &mut self,
        environment_id: &str,
        kind: &str,
        key: &str,
        document: Option<&str>,
    ) -> Result<(), ServiceError> {
        let now = self.now;
        let touched = self.touched.iter_mut().find(|touched| touched.id == environment_id);
        let touched = touched.ok_or(ServiceError::Store(StoreError::Missing))?;
        let place =
            Place { environment_id, epoch: touched.epoch, revision: touched.revision, seq: touched.seq, now };
        let id = change::insert(&mut self.tx, place, kind, key, document).await?;
        if touched.seq == 0 {
            touched.head = id;
        }
        touched.seq += 1;
        Ok(())
    }

    /// Adds an entry to the audit log; it is written at the end, with everything else.
    pub fn audit(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Takes the audit entries that were added so far.
    pub(super) fn take_drafts(&mut self) -> Vec<Draft> {
        std::mem::take(&mut self.drafts)
    }

    /// Counts a change of keys, environments or projects, so that every node reads them again.
    pub async fn bump_installation(&mut self) -> Result<(), ServiceError> {
        self.installation = Some(installation::bump(&mut self.tx).await?);
        Ok(())
    }

    /// Ends without a change: nothing was to be done. With an Idempotency-Key that is an outcome too, and it is kept:
    /// a repetition must not do later what was not to be done at first.
    pub async fn unchanged<T: Serialize>(mut self, view: T) -> Result<Done<T>, ServiceError> {
        if self.request.idempotency.is_some() {
            self.keep_outcome(&view).await?;
            self.tx.commit().await?;
        } else {
            self.tx.rollback().await?;
        }
        Ok(Done { view, revisions: Vec::new(), installation: None, replayed: false })
    }

    /// Writes audit, outbox and outcome, tells the other nodes, and commits.
    ///
    /// `stored` is what a repetition will be answered: the view, or the view without a secret that is shown once.
    pub async fn finish<T: Serialize>(
        mut self,
        view: T,
        stored: Option<&T>,
    ) -> Result<Done<T>, ServiceError> {
        let drafts = self.take_drafts();
        audit::append(&mut self, &drafts).await?;
        let project_id = self.project.as_ref().map_or(String::new(), |project| project.id.clone());
        for draft in &drafts {
            let payload = draft.outbox_payload(&self)?;
            outbox::insert(&mut self.tx, &project_id, &draft.action, &payload, self.now).await?;
        }
        self.keep_outcome(stored.unwrap_or(&view)).await?;
        let names: Vec<&str> = self.touched.iter().map(|touched| touched.id.as_str()).collect();
        self.tx.notify(&names.join(" ")).await?;
        self.tx.commit().await?;
        for draft in drafts {
            metrics::counter!(crate::telemetry::WRITES, "action" => draft.action).increment(1);
        }
        let revisions = self
            .touched
            .into_iter()
            .map(|touched| {
                let head = Head { epoch: touched.epoch, revision: touched.revision, change: touched.head };
                (touched.id, head)
            })
            .collect();
        Ok(Done { view, revisions, installation: self.installation, replayed: false })
    }

    /// Stores what a repetition with the same Idempotency-Key is answered, when the request has one.
    async fn keep_outcome<T: Serialize>(&mut self, view: &T) -> Result<(), ServiceError> {
        let Some(given) = &self.request.idempotency else { return Ok(()) };
        let place =
            |touched: &Touched| (touched.id.clone(), touched.epoch, touched.revision, touched.head.clone());
        let revisions = self.touched.iter().map(place).collect();
        let outcome = Outcome { view, revisions, installation: self.installation };
        let outcome = serde_json::to_string(&outcome).map_err(|error| corrupt(&error))?;
        let stored = idempotency::Stored { request: given.request.clone(), outcome };
        let key = (self.request.caller.id.as_str(), given.key.as_str());
        let put = idempotency::put(&mut self.tx, key, &stored, (self.now - IDEMPOTENCY_KEPT, self.now)).await;
        put.map_err(|error| match error {
            // The same request waits for the same project's lock: whoever came first with this key asked something else.
            StoreError::Duplicate(_) => ServiceError::IdempotencyMismatch,
            other => other.into(),
        })
    }

    /// The revisions this work took, by environment.
    #[must_use]
    pub fn revisions(&self) -> BTreeMap<&str, i64> {
        self.touched.iter().map(|touched| (touched.key.as_str(), touched.revision)).collect()
    }

    /// The revision this work took in an environment, if it numbered it.
    #[must_use]
    pub fn revision_of(&self, environment_key: &str) -> Option<i64> {
        self.touched.iter().find(|touched| touched.key == environment_key).map(|touched| touched.revision)
    }
}

fn replay<T: DeserializeOwned>(outcome: &str) -> Result<Done<T>, ServiceError> {
    let outcome: Outcome<T> = serde_json::from_str(outcome).map_err(|error| corrupt(&error))?;
    let revisions = outcome
        .revisions
        .into_iter()
        .map(|(id, epoch, revision, change)| (id, Head { epoch, revision, change }))
        .collect();
    Ok(Done { view: outcome.view, revisions, installation: outcome.installation, replayed: true })
}

fn corrupt(error: &serde_json::Error) -> ServiceError {
    ServiceError::Store(StoreError::Corrupt(error.to_string()))
}
