//! Environments of a project.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patched::{Patched, given};
use crate::app::{App, AppState};
use crate::domain::key::Key;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::Done;
use crate::service::audit::rfc3339;
use crate::service::environments as service;
use crate::service::view::{EnvironmentView, Page};

/// An environment: one snapshot, one line of revisions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Its key.
    key: String,
    /// Its project's key.
    project: String,
    /// Its name.
    name: String,
    /// Whether changing what it serves needs an admin and a reason.
    protected: bool,
    /// Milliseconds at which this line of history began.
    epoch: i64,
    /// Grows by one with every change of its snapshot.
    revision: i64,
    /// The version of these settings: their ETag.
    version: i64,
    /// When it was made.
    created_at: String,
    /// When these settings were last changed.
    updated_at: String,
}

impl From<EnvironmentView> for Environment {
    fn from(view: EnvironmentView) -> Self {
        Environment {
            key: view.key,
            project: view.project,
            name: view.name,
            protected: view.protected,
            epoch: view.epoch,
            revision: view.revision,
            version: view.version,
            created_at: rfc3339(view.created_at),
            updated_at: rfc3339(view.updated_at),
        }
    }
}

/// An environment to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEnvironment {
    /// Its key: 1 to 100 characters of A-Z, a-z, 0-9, `.`, `_`, `-`.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", example = "staging")]
    key: Key,
    /// Its name; the key when absent.
    #[serde(default)]
    name: Option<String>,
    /// Whether changing what it serves needs an admin and a reason.
    #[serde(default)]
    protected: bool,
    /// The environment whose configurations it starts with; absent: every flag disabled.
    #[serde(default)]
    copy_from: Option<String>,
}

impl From<NewEnvironment> for service::NewEnvironment {
    fn from(body: NewEnvironment) -> Self {
        service::NewEnvironment {
            key: body.key,
            name: body.name,
            protected: body.protected,
            copy_from: body.copy_from,
        }
    }
}

/// What changes of an environment; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentPatch {
    /// The new name; null is the key again.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patched<String>,
    /// The new protection. To take it away wants a reason.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    protected: Option<bool>,
}

/// List the environments you may see, by key. There are few: one page holds all.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/environments", tag = "Environments", operation_id = "listEnvironments",
    params(("project" = String, Path)),
    responses((status = 200, body = PageBody<Environment>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_environments(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let items = app.service.environments(&call.request, &project).await?;
    Reply::ok(&PageBody::from(Page { items, next: None }, Environment::from))
}

/// Make an environment; every flag of the project gets a configuration in it.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/environments", tag = "Environments", operation_id = "createEnvironment",
    params(("project" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = NewEnvironment,
    responses((status = 201, body = Environment, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn create_environment(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let new = call.json::<NewEnvironment>()?.into();
    let done = app.service.create_environment(&call.request, &project, &new).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// Read an environment.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/environments/{environment}", tag = "Environments",
    operation_id = "getEnvironment",
    params(("project" = String, Path), ("environment" = String, Path)),
    responses((status = 200, body = Environment, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_environment(
    State(app): State<AppState>,
    Path((project, environment)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let view = app.service.environment(&call.request, &project, &environment).await?;
    let version = view.version;
    // The answer holds the revision too, which is not in the settings' tag: never a 304.
    Ok(Reply::ok(&Environment::from(view))?.version(version))
}

/// Change name or protection.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}/environments/{environment}", tag = "Environments",
    operation_id = "editEnvironment",
    params(("project" = String, Path), ("environment" = String, Path),
        ("If-Match" = String, Header, description = "The environment's ETag"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = EnvironmentPatch,
    responses((status = 200, body = Environment, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn edit_environment(
    State(app): State<AppState>,
    Path((project, environment)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let body: EnvironmentPatch = call.json()?;
    let name = body.name.or_when_null(|| environment.clone());
    let edit = service::EnvironmentEdit { name, protected: body.protected };
    let place = (project.as_str(), environment.as_str());
    let done = app.service.edit_environment(&call.request, place, &call.if_match, &edit).await?;
    reply(&app, done).await
}

/// Archive an environment. Its keys stop working; its history stays.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}/environments/{environment}", tag = "Environments",
    operation_id = "archiveEnvironment",
    params(("project" = String, Path), ("environment" = String, Path),
        ("If-Match" = String, Header, description = "The environment's ETag"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    responses((status = 200, body = Environment),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn archive_environment(
    State(app): State<AppState>,
    Path((project, environment)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let place = (project.as_str(), environment.as_str());
    let done = app.service.archive_environment(&call.request, place, &call.if_match).await?;
    reply(&app, done).await
}

/// Begin a new line of history, after a backup was restored: what nodes and SDKs hold of the old one gives way.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/environments/{environment}/new-epoch", tag = "Environments",
    operation_id = "newEpoch",
    params(("project" = String, Path), ("environment" = String, Path),
        ("If-Match" = String, Header, description = "The environment's ETag"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    responses((status = 200, body = Environment, headers(("ETag" = String), ("X-Pennon-Revision" = i64))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn new_epoch(
    State(app): State<AppState>,
    Path((project, environment)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let place = (project.as_str(), environment.as_str());
    let done = app.service.new_epoch(&call.request, place, &call.if_match).await?;
    reply(&app, done).await
}

async fn reply(app: &App, done: Done<EnvironmentView>) -> Result<Reply, Problem> {
    let version = done.view.version;
    Ok(Reply::ok(&Environment::from(done.view.clone()))?.version(version).of(app, &done).await)
}
