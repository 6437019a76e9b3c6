//! Projects: made with their first environments, renamed, archived.

use super::audit::Draft;
use super::environments::{self, NewEnvironment, first_environments};
use super::error::{Current, ServiceError};
use super::request::{IfMatch, Request};
use super::view::{Page, ProjectView};
use super::work::{Begun, Done, Work};
use super::{PAGE_LIMIT, Service};
use crate::domain::json::Members;
use crate::domain::key::Key;
use crate::domain::role::Permission;
use crate::store::audit::{self, Filter};
use crate::store::project::{self, Project};
use crate::store::{StoreError, flag, new_id};

/// Characters of a project's or an environment's name.
pub const NAME_LIMIT: usize = 200;
/// Characters of a description.
pub const DESCRIPTION_LIMIT: usize = 2_000;

/// A project about to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Its key.
    pub key: Key,
    /// Its name; the key when absent.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its first environments; `development` and `production` (protected) when absent.
    pub environments: Option<Vec<NewEnvironment>>,
}

/// What changes of a project; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ProjectEdit {
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
}

impl Service {
    /// Makes a project with its first environments.
    pub async fn create_project(
        &self,
        request: &Request,
        new: &NewProject,
    ) -> Result<Done<ProjectView>, ServiceError> {
        let allowed = request.caller.may_everywhere(Permission::ManageEnvironments);
        allowed.map_err(|denied| ServiceError::denied(&denied, "installation", ""))?;
        let mut work = match self.begin_installation(request).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let view = self.insert_project(&mut work, new).await?;
        work.finish(view, None).await
    }

    /// Makes a project within a unit of work; from here on the work belongs to the project.
    pub(super) async fn insert_project(
        &self,
        work: &mut Work,
        new: &NewProject,
    ) -> Result<ProjectView, ServiceError> {
        let name = new.name.clone().unwrap_or_else(|| new.key.to_string());
        check_name("/name", &name)?;
        let description = new.description.clone().unwrap_or_default();
        check_text("/description", &description, DESCRIPTION_LIMIT)?;
        let row = Project {
            id: new_id(),
            key: new.key.to_string(),
            name,
            description,
            version: 1,
            audit_seq: 0,
            audit_head: String::new(),
            created_at: work.now,
            updated_at: work.now,
            archived_at: None,
        };
        project::insert(&mut work.tx, &row).await.map_err(|error| match error {
            StoreError::Duplicate(_) => {
                let hint = "; a key that an archived project had is not used again";
                ServiceError::Exists { kind: "project", key: row.key.clone(), hint }
            }
            other => other.into(),
        })?;
        work.project = Some(row.clone());
        work.audit(draft("project.create", &row.key, 1, None, Some(document(&row)?)));
        match &new.environments {
            Some(given) => {
                for (index, environment) in given.iter().enumerate() {
                    self.insert_environment(work, environment, &format!("/environments/{index}")).await?;
                }
            }
            None => {
                for environment in first_environments() {
                    self.insert_environment(work, &environment, "").await?;
                }
            }
        }
        work.bump_installation().await?;
        Ok(view(&row))
    }

    /// Reads a project.
    pub async fn project_view(&self, request: &Request, key: &str) -> Result<ProjectView, ServiceError> {
        Ok(view(&self.project(request, key).await?))
    }

    /// Reads a page of the projects the caller may see, after a key.
    pub async fn projects(
        &self,
        request: &Request,
        after: &str,
        limit: i64,
    ) -> Result<Page<ProjectView>, ServiceError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let rows = match request.caller.projects() {
            None => project::page(self.db(), after, limit + 1).await?,
            // No more than a token has grants; what lies between them is nobody's business.
            Some(keys) => {
                let mut rows = Vec::new();
                for key in keys.into_iter().filter(|key| *key > after) {
                    rows.extend(project::get(self.db(), key).await?);
                    if i64::try_from(rows.len()).is_ok_and(|found| found > limit) {
                        break;
                    }
                }
                rows
            }
        };
        Ok(Page::cut(rows, limit, |row| row.key.clone()).map(|row| view(&row)))
    }

    /// Changes name or description.
    pub async fn edit_project(
        &self,
        request: &Request,
        key: &str,
        if_match: &IfMatch,
        edit: &ProjectEdit,
    ) -> Result<Done<ProjectView>, ServiceError> {
        let work = match self.begin(request, key).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::ManageEnvironments, None)?;
        let old = work.project()?.clone();
        let mut work = self.check_version(work, if_match, current(&old), ("project", key)).await?;
        let mut new = old.clone();
        if let Some(name) = &edit.name {
            check_name("/name", name)?;
            new.name.clone_from(name);
        }
        if let Some(description) = &edit.description {
            check_text("/description", description, DESCRIPTION_LIMIT)?;
            new.description.clone_from(description);
        }
        if (&new.name, &new.description) == (&old.name, &old.description) {
            return work.unchanged(view(&old)).await;
        }
        let now = work.now;
        if !project::update(&mut work.tx, &new, old.version, now).await? {
            return Err(ServiceError::Stale(current(&old)));
        }
        new.version += 1;
        new.updated_at = now;
        work.audit(draft("project.edit", key, new.version, Some(document(&old)?), Some(document(&new)?)));
        work.finish(view(&new), None).await
    }

    /// Archives a project that serves no flag any more; its keys stop working.
    pub async fn archive_project(
        &self,
        request: &Request,
        key: &str,
        if_match: &IfMatch,
    ) -> Result<Done<ProjectView>, ServiceError> {
        let work = match self.begin(request, key).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let allowed = request.caller.may_everywhere(Permission::ManageEnvironments);
        allowed.map_err(|denied| ServiceError::denied(&denied, "project", key))?;
        let old = work.project()?.clone();
        let mut work = self.check_version(work, if_match, current(&old), ("project", key)).await?;
        let left = flag::count(&mut work.tx, &old.id).await?;
        if left > 0 {
            return Err(ServiceError::InUse(format!(
                "the project \"{key}\" still has {left} flag(s): archive them first"
            )));
        }
        for environment in work.environments().await? {
            environments::archive(&mut work, &environment).await?;
        }
        let now = work.now;
        if !project::archive(&mut work.tx, &old.id, old.version, now).await? {
            return Err(ServiceError::Stale(current(&old)));
        }
        work.bump_installation().await?;
        work.audit(draft("project.archive", key, old.version + 1, Some(document(&old)?), None));
        let view = ProjectView { version: old.version + 1, updated_at: now, ..view(&old) };
        work.finish(view, None).await
    }
}

impl Service {
    /// Checks the version a change of a project or an environment was made for; who changed it meanwhile stands in the
    /// audit log only.
    pub(super) async fn check_version(
        &self,
        work: Work,
        if_match: &IfMatch,
        mut current: Current,
        (kind, key): (&str, &str),
    ) -> Result<Work, ServiceError> {
        let chain = match if_match.check(&current) {
            Ok(()) => return Ok(work),
            Err(ServiceError::Stale(_)) => work.project_id()?,
            Err(other) => return Err(other),
        };
        // The lock goes first: the log is read on another connection.
        work.tx.rollback().await?;
        let of = Filter { kind: kind.to_owned(), key: key.to_owned(), ..Filter::default() };
        let last = audit::page(self.db(), &chain, i64::MAX, 1, &of).await?.pop();
        current.updated_by = last.and_then(|entry| author(&entry.entry)).unwrap_or_default();
        Err(ServiceError::Stale(current))
    }
}

/// Who did what an entry of the audit log tells.
fn author(entry: &str) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(entry).ok()?;
    Some(entry.pointer("/actor/name")?.as_str()?.to_owned())
}

/// Refuses a name that shows nothing, or that could tell a terminal or a log something else than its characters.
pub(super) fn check_name(pointer: &str, text: &str) -> Result<(), ServiceError> {
    check_text(pointer, text, NAME_LIMIT)?;
    if text.trim().is_empty() {
        return Err(ServiceError::invalid(
            pointer,
            "missing_member",
            "a name has at least one visible character",
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ServiceError::invalid(pointer, "invalid_value", "control characters are not allowed"));
    }
    Ok(())
}

/// Refuses a text for people that is too long or holds U+0000, which Postgres stores nowhere.
fn check_text(pointer: &str, text: &str, limit: usize) -> Result<(), ServiceError> {
    if text.chars().count() > limit {
        return Err(ServiceError::invalid(pointer, "limit_exceeded", format!("at most {limit} characters")));
    }
    if text.contains('\0') {
        return Err(ServiceError::invalid(pointer, "invalid_value", "the character U+0000 is not allowed"));
    }
    Ok(())
}

fn current(row: &Project) -> Current {
    Current { version: row.version, updated_by: String::new(), updated_at: row.updated_at }
}

fn document(row: &Project) -> Result<Members, ServiceError> {
    let mut members = Members::default();
    members.set_value("name", &row.name)?;
    members.set_value("description", &row.description)?;
    Ok(members)
}

fn view(row: &Project) -> ProjectView {
    ProjectView {
        key: row.key.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn draft(action: &str, key: &str, version: i64, before: Option<Members>, after: Option<Members>) -> Draft {
    Draft {
        action: action.to_owned(),
        kind: "project",
        key: key.to_owned(),
        environment: String::new(),
        version,
        before,
        after,
        forced: false,
    }
}
