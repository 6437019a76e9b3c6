//! Environments: made with a configuration of every flag, protected or not, given a new epoch, archived.

use super::Service;
use super::audit::Draft;
use super::configurations::remember;
use super::error::{Current, ServiceError};
use super::projects::check_name;
use super::request::{IfMatch, Request};
use super::validation::stored;
use super::view::EnvironmentView;
use super::work::{Begun, Done, Work};
use crate::domain::create::first_configuration;
use crate::domain::json::Members;
use crate::domain::key::Key;
use crate::domain::role::Permission;
use crate::store::environment::{self, Environment};
use crate::store::flag::{self, Configuration};
use crate::store::{StoreError, new_id};

/// Environments of one project: each edit of a shared document writes to all of them in one transaction.
pub const ENVIRONMENT_LIMIT: usize = 50;

/// An environment about to be made.
#[derive(Debug, Clone)]
pub struct NewEnvironment {
    /// Its key.
    pub key: Key,
    /// Its name; the key when absent.
    pub name: Option<String>,
    /// Whether changing what it serves needs an admin and a reason.
    pub protected: bool,
    /// The environment whose configurations it starts with; absent: every flag disabled.
    pub copy_from: Option<String>,
}

/// What changes of an environment; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentEdit {
    /// The new name.
    pub name: Option<String>,
    /// The new protection.
    pub protected: Option<bool>,
}

/// `development`, open, and `production`, protected.
#[must_use]
pub fn first_environments() -> Vec<NewEnvironment> {
    [("development", false), ("production", true)]
        .into_iter()
        .filter_map(|(key, protected)| {
            Some(NewEnvironment { key: Key::parse(key).ok()?, name: None, protected, copy_from: None })
        })
        .collect()
}

impl Service {
    /// Makes an environment.
    pub async fn create_environment(
        &self,
        request: &Request,
        project: &str,
        new: &NewEnvironment,
    ) -> Result<Done<EnvironmentView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::ManageEnvironments, None)?;
        let view = self.insert_environment(&mut work, new, "").await?;
        work.bump_installation().await?;
        work.finish(view, None).await
    }

    /// Makes an environment within a unit of work; `at` is where it stands in what was sent, a JSON Pointer.
    pub(super) async fn insert_environment(
        &self,
        work: &mut Work,
        new: &NewEnvironment,
        at: &str,
    ) -> Result<EnvironmentView, ServiceError> {
        let name = new.name.clone().unwrap_or_else(|| new.key.to_string());
        check_name(&format!("{at}/name"), &name)?;
        let project = work.project()?.clone();
        let present = work.environments().await?;
        if present.len() >= ENVIRONMENT_LIMIT {
            let detail = format!("a project has at most {ENVIRONMENT_LIMIT} environments");
            return Err(ServiceError::invalid(at, "limit_exceeded", detail));
        }
        let source = match &new.copy_from {
            None => None,
            Some(key) => Some(present.into_iter().find(|one| one.key == *key).ok_or_else(|| {
                ServiceError::invalid(
                    &format!("{at}/copyFrom"),
                    "unknown_environment",
                    format!("there is no environment \"{key}\""),
                )
            })?),
        };
        let row = Environment {
            id: new_id(),
            project_id: project.id.clone(),
            project_key: project.key.clone(),
            key: new.key.to_string(),
            name,
            protected: new.protected,
            epoch: work.now / 1_000,
            revision: 0,
            version: 1,
            created_at: work.now,
            updated_at: work.now,
        };
        environment::insert(&mut work.tx, &row).await.map_err(|error| match error {
            StoreError::Duplicate(_) => {
                let hint = "; a key that an archived environment had is not used again";
                ServiceError::Exists { kind: "environment", key: row.key.clone(), hint }
            }
            other => other.into(),
        })?;
        let revision = work.number(&row).await?;
        work.change(&row.id, "environment", &row.key, None).await?;
        configure_flags(work, &row, source.as_ref(), revision).await?;
        work.audit(draft("environment.create", &row, None, Some(document(&row)?)));
        Ok(EnvironmentView { revision, ..view(&row) })
    }

    /// Reads an environment.
    pub async fn environment(
        &self,
        request: &Request,
        project: &str,
        key: &str,
    ) -> Result<EnvironmentView, ServiceError> {
        self.project(request, project).await?;
        let missing = || ServiceError::NotFound { kind: "environment", key: key.to_owned() };
        if request.caller.may(Permission::Read, project, Some(key)).is_err() {
            return Err(missing());
        }
        Ok(view(&environment::get(self.db(), project, key).await?.ok_or_else(missing)?))
    }

    /// Reads the environments of a project that the caller may see, by key.
    pub async fn environments(
        &self,
        request: &Request,
        project: &str,
    ) -> Result<Vec<EnvironmentView>, ServiceError> {
        let row = self.project(request, project).await?;
        let mut rows = environment::list(self.db(), &row.id).await?;
        rows.retain(|one| request.caller.may(Permission::Read, project, Some(&one.key)).is_ok());
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(rows.iter().map(view).collect())
    }

    /// Changes name or protection.
    pub async fn edit_environment(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
        edit: &EnvironmentEdit,
    ) -> Result<Done<EnvironmentView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let old = work.environment(key).await?;
        work.authorise(Permission::ManageEnvironments, Some(key))?;
        let mut work = self.check_version(work, if_match, current(&old), ("environment", key)).await?;
        let mut new = old.clone();
        if let Some(name) = &edit.name {
            check_name("/name", name)?;
            new.name.clone_from(name);
        }
        new.protected = edit.protected.unwrap_or(old.protected);
        if !new.protected {
            say_why(&work, &old)?;
        }
        if (&new.name, new.protected) == (&old.name, old.protected) {
            return work.unchanged(view(&old)).await;
        }
        let now = work.now;
        if !environment::update(&mut work.tx, &new, old.version, now).await? {
            return Err(ServiceError::Stale(current(&old)));
        }
        new.version += 1;
        new.updated_at = now;
        work.bump_installation().await?;
        work.audit(draft("environment.edit", &new, Some(document(&old)?), Some(document(&new)?)));
        work.finish(view(&new), None).await
    }

    /// Begins a new line of history: what nodes and SDKs hold of the old one gives way, whatever its revision.
    pub async fn new_epoch(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
    ) -> Result<Done<EnvironmentView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let old = work.environment(key).await?;
        work.authorise(Permission::ManageEnvironments, Some(key))?;
        say_why(&work, &old)?;
        let mut work = self.check_version(work, if_match, current(&old), ("environment", key)).await?;
        // A restored database may hold an epoch from the future of its clock: always go up.
        let epoch = (work.now / 1_000).max(old.epoch + 1);
        let now = work.now;
        if !environment::new_epoch(&mut work.tx, &old.id, epoch, old.version, now).await? {
            return Err(ServiceError::Stale(current(&old)));
        }
        let mut new = Environment { epoch, version: old.version + 1, updated_at: now, ..old.clone() };
        new.revision = work.number(&new).await?;
        work.change(&new.id, "environment", &new.key, None).await?;
        work.bump_installation().await?;
        work.audit(draft("environment.newEpoch", &new, Some(document(&old)?), Some(document(&new)?)));
        work.finish(view(&new), None).await
    }

    /// Archives an environment: its keys stop working, its history stays.
    pub async fn archive_environment(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
    ) -> Result<Done<EnvironmentView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let old = work.environment(key).await?;
        work.authorise(Permission::ManageEnvironments, Some(key))?;
        let mut work = self.check_version(work, if_match, current(&old), ("environment", key)).await?;
        let new = archive(&mut work, &old).await?;
        work.bump_installation().await?;
        work.finish(view(&new), None).await
    }
}

/// Archives an environment within a unit of work, with its entry in the audit log; a protected one wants a reason.
pub(super) async fn archive(work: &mut Work, old: &Environment) -> Result<Environment, ServiceError> {
    say_why(work, old)?;
    let now = work.now;
    if !environment::archive(&mut work.tx, &old.id, old.version, now).await? {
        return Err(ServiceError::Stale(current(old)));
    }
    let new = Environment { version: old.version + 1, updated_at: now, ..old.clone() };
    work.audit(draft("environment.archive", &new, Some(document(old)?), None));
    Ok(new)
}

/// What takes a protected environment's protection, line of history or life away wants a reason.
fn say_why(work: &Work, environment: &Environment) -> Result<(), ServiceError> {
    if environment.protected && work.request.reason.is_empty() {
        return Err(ServiceError::ReasonRequired(environment.key.clone()));
    }
    Ok(())
}

/// Gives every flag of the project, archived ones too, a configuration in the new environment.
async fn configure_flags(
    work: &mut Work,
    row: &Environment,
    source: Option<&Environment>,
    revision: i64,
) -> Result<(), ServiceError> {
    for flag in flag::all_in(&mut work.tx, &row.project_id).await? {
        let copied = match source {
            Some(source) => flag::configuration_in(&mut work.tx, &flag.id, &source.id).await?,
            None => None,
        };
        let document = match copied {
            Some(copied) => copied.document,
            None => first_configuration(&stored(&flag.definition)?, None, None)?.to_text(),
        };
        let first = Configuration {
            flag_id: flag.id.clone(),
            environment_id: row.id.clone(),
            version: 1,
            document,
            updated_at: work.now,
            updated_by: work.request.caller.name.clone(),
        };
        flag::insert_configuration(&mut work.tx, &first).await?;
        remember(work, &first, "environment.create", revision).await?;
    }
    Ok(())
}

fn current(row: &Environment) -> Current {
    Current { version: row.version, updated_by: String::new(), updated_at: row.updated_at }
}

fn document(row: &Environment) -> Result<Members, ServiceError> {
    let mut members = Members::default();
    members.set_value("name", &row.name)?;
    members.set_value("protected", &row.protected)?;
    members.set_value("epoch", &row.epoch)?;
    Ok(members)
}

fn view(row: &Environment) -> EnvironmentView {
    EnvironmentView {
        project: row.project_key.clone(),
        key: row.key.clone(),
        name: row.name.clone(),
        protected: row.protected,
        epoch: row.epoch,
        revision: row.revision,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn draft(action: &str, row: &Environment, before: Option<Members>, after: Option<Members>) -> Draft {
    Draft {
        action: action.to_owned(),
        kind: "environment",
        key: row.key.clone(),
        environment: row.key.clone(),
        version: row.version,
        before,
        after,
        forced: false,
    }
}
