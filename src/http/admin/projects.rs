//! Projects.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::environments::NewEnvironment;
use super::patched::Patched;
use crate::app::{App, AppState};
use crate::domain::key::Key;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::Done;
use crate::service::audit::rfc3339;
use crate::service::projects as service;
use crate::service::view::ProjectView;

/// A project: flags, segments and layers that belong together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// What it is.
    description: String,
    /// Its version: its ETag.
    version: i64,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<ProjectView> for Project {
    fn from(view: ProjectView) -> Self {
        Project {
            key: view.key,
            name: view.name,
            description: view.description,
            version: view.version,
            created_at: rfc3339(view.created_at),
            updated_at: rfc3339(view.updated_at),
        }
    }
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProject {
    /// Its key: 1 to 100 characters of A-Z, a-z, 0-9, `.`, `_`, `-`.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", example = "shop")]
    key: Key,
    /// Its name; the key when absent.
    #[serde(default)]
    name: Option<String>,
    /// What it is.
    #[serde(default)]
    description: Option<String>,
    /// Its first environments; `development`, and `production` (protected), when absent.
    #[serde(default)]
    environments: Option<Vec<NewEnvironment>>,
}

/// What changes of a project; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectPatch {
    /// The new name; null is the key again.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patched<String>,
    /// The new description; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patched<String>,
}

/// List the projects you may see, by key.
#[utoipa::path(
    get, path = "/api/v1/projects", tag = "Projects", operation_id = "listProjects",
    params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<Project>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_projects(State(app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let page = app.service.projects(&call.request, call.cursor(), call.limit()?).await?;
    Reply::ok(&PageBody::from(page, Project::from))
}

/// Make a project with its first environments.
#[utoipa::path(
    post, path = "/api/v1/projects", tag = "Projects", operation_id = "createProject",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = NewProject,
    responses((status = 201, body = Project, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn create_project(State(app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let body: NewProject = call.json()?;
    let environments = body.environments.map(|list| list.into_iter().map(Into::into).collect());
    let new =
        service::NewProject { key: body.key, name: body.name, description: body.description, environments };
    let done = app.service.create_project(&call.request, &new).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// Read a project.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}", tag = "Projects", operation_id = "getProject",
    params(("project" = String, Path)),
    responses((status = 200, body = Project, headers(("ETag" = String))), (status = 304),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_project(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let view = app.service.project_view(&call.request, &project).await?;
    let version = view.version;
    Ok(Reply::ok(&Project::from(view))?.unless_known(version, &call.headers))
}

/// Change name or description.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}", tag = "Projects", operation_id = "editProject",
    params(("project" = String, Path), ("If-Match" = String, Header, description = "The project's ETag")),
    request_body = ProjectPatch,
    responses((status = 200, body = Project, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn edit_project(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let body: ProjectPatch = call.json()?;
    let edit = service::ProjectEdit {
        name: body.name.or_when_null(|| project.clone()),
        description: body.description.or_when_null(String::new),
    };
    let done = app.service.edit_project(&call.request, &project, &call.if_match, &edit).await?;
    reply(&app, done).await
}

/// Archive a project that has no flag any more. Its keys stop working; its history stays.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}", tag = "Projects", operation_id = "archiveProject",
    params(("project" = String, Path), ("If-Match" = String, Header, description = "The project's ETag"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    responses((status = 200, body = Project),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn archive_project(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.archive_project(&call.request, &project, &call.if_match).await?;
    reply(&app, done).await
}

async fn reply(app: &App, done: Done<ProjectView>) -> Result<Reply, Problem> {
    let version = done.view.version;
    Ok(Reply::ok(&Project::from(done.view.clone()))?.version(version).of(app, &done).await)
}
