//! Flags: their definitions, with the configurations of every environment the caller may see.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::configurations::{Configuration, Revert};
use super::schema::{FlagKind, Raw, Serve, ValueType, VariantValue, raw};
use super::versions::{self, VersionBody};
use crate::app::{App, AppState};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::Done;
use crate::service::audit::rfc3339;
use crate::service::flags::{DefinitionEdit, FlagFilter, InUse};
use crate::service::view::FlagView;

/// How long archiving waits until it is written what this node has evaluated.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

/// A flag: the definition its environments share, and the configuration of each.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flag {
    /// Its key.
    key: String,
    /// The definition's version: its ETag.
    version: i64,
    /// The type of its values.
    #[serde(rename = "type")]
    #[schema(value_type = ValueType)]
    value_type: Option<Raw>,
    /// A name and a value for each.
    #[schema(value_type = BTreeMap<String, VariantValue>)]
    variants: Option<Raw>,
    /// What is hashed with the unit.
    #[schema(value_type = String)]
    salt: Option<Raw>,
    /// Whether client keys may evaluate it.
    client_visible: bool,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FlagKind>)]
    kind: Option<Raw>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    description: Option<Raw>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Raw>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    owner: Option<Raw>,
    /// Public: evaluations carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Raw>,
    /// When it was made.
    created_at: String,
    /// When the definition was last changed.
    updated_at: String,
    /// When it was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
    /// The configuration of each environment, by key.
    environments: BTreeMap<String, Configuration>,
}

impl From<FlagView> for Flag {
    fn from(view: FlagView) -> Self {
        let document = &view.definition;
        Flag {
            value_type: raw(document, "type"),
            variants: raw(document, "variants"),
            salt: raw(document, "salt"),
            client_visible: document.get("clientVisible") == Some("true"),
            kind: raw(document, "kind"),
            description: raw(document, "description"),
            tags: raw(document, "tags"),
            owner: raw(document, "owner"),
            metadata: raw(document, "metadata"),
            key: view.key,
            version: view.version,
            created_at: rfc3339(view.created_at),
            updated_at: rfc3339(view.updated_at),
            archived_at: view.archived_at.map(rfc3339),
            environments: view.environments.into_iter().map(|(key, view)| (key, view.into())).collect(),
        }
    }
}

/// A flag to make. A boolean flag needs no more than its key.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct NewFlag {
    /// Its key: 1 to 100 characters of A-Z, a-z, 0-9, `.`, `_`, `-`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", example = "dark_mode")]
    key: String,
    /// The type of its values; boolean when absent.
    #[schema(rename = "type")]
    value_type: Option<ValueType>,
    /// A name and a value for each; `on` and `off` for a boolean flag when absent.
    variants: Option<BTreeMap<String, VariantValue>>,
    /// What is hashed with the unit; the key when absent.
    salt: Option<String>,
    /// Whether client keys may evaluate it.
    client_visible: Option<bool>,
    /// What it is for.
    kind: Option<FlagKind>,
    /// For people.
    description: Option<String>,
    /// For people.
    tags: Option<Vec<String>>,
    /// For people.
    owner: Option<String>,
    /// Public: evaluations carry it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
    /// What every environment serves when the flag is off; `off`, else the first variant, when absent.
    off_variant: Option<String>,
    /// What every environment serves when no rule holds; `on`, else the first variant, when absent.
    fallthrough: Option<Serve>,
}

/// A merge patch of a definition (RFC 7396); null removes a member.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct FlagPatch {
    #[schema(rename = "type")]
    value_type: Option<ValueType>,
    variants: Option<BTreeMap<String, VariantValue>>,
    salt: Option<String>,
    client_visible: Option<bool>,
    kind: Option<FlagKind>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    owner: Option<String>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

/// List flags, by key.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/flags", tag = "Flags", operation_id = "listFlags",
    params(("project" = String, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("q" = Option<String>, Query, description = "In the key or the description, whatever the case"),
        ("tag" = Option<String>, Query), ("archived" = Option<bool>, Query)),
    responses((status = 200, body = PageBody<Flag>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_flags(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let filter = FlagFilter {
        archived: call.flag("archived")?,
        text: call.param("q").map(str::to_owned),
        tag: call.param("tag").map(str::to_owned),
    };
    let page = app.service.flags(&call.request, &project, &filter, call.cursor(), call.limit()?).await?;
    Reply::ok(&PageBody::from(page, Flag::from))
}

/// Make a flag, disabled in every environment.
///
/// Naming `offVariant` or `fallthrough`, or a boolean off variant that is true, needs the permission to change what the
/// protected environments serve, and a reason.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/flags", tag = "Flags", operation_id = "createFlag",
    params(("project" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = NewFlag,
    responses((status = 201, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn create_flag(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.create_flag(&call.request, &project, &call.members()?).await?;
    Ok(reply(&app, done).await?.status(StatusCode::CREATED))
}

/// Read a flag.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/flags/{flag}", tag = "Flags", operation_id = "getFlag",
    params(("project" = String, Path), ("flag" = String, Path)),
    responses((status = 200, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_flag(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let view = app.service.flag(&call.request, &project, &flag).await?;
    let version = view.version;
    // The answer holds the configurations too, whose versions are not in the definition's tag: never a 304.
    Ok(Reply::ok(&Flag::from(view))?.version(version))
}

/// Change a definition by a merge patch. A new salt needs `?reshuffle=true`.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}/flags/{flag}", tag = "Flags", operation_id = "editFlag",
    params(("project" = String, Path), ("flag" = String, Path),
        ("If-Match" = String, Header, description = "The flag's ETag"),
        ("reshuffle" = Option<bool>, Query, description = "A new salt is meant: every user moves to another bucket"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = FlagPatch,
    responses((status = 200, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn edit_flag(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let edit = DefinitionEdit::Patch { patch: call.members()?, reshuffle: call.flag("reshuffle")? };
    let done = app.service.edit_definition(&call.request, (&project, &flag), &call.if_match, &edit).await?;
    reply(&app, done).await
}

/// Archive a flag: it leaves every snapshot; its history stays.
///
/// One that was evaluated in the last hour, in any environment, is 409 `flag_in_use`, unless `force` is true.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}/flags/{flag}", tag = "Flags", operation_id = "archiveFlag",
    params(("project" = String, Path), ("flag" = String, Path),
        ("force" = Option<bool>, Query, description = "Although it was evaluated in the last hour"),
        ("If-Match" = String, Header, description = "The flag's ETag"), ("X-Pennon-Reason" = Option<String>, Header)),
    responses((status = 200, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn archive_flag(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let in_use = if call.flag("force")? { InUse::Archive } else { InUse::Refuse };
    // What this node has evaluated itself is to be known, too; what other nodes have is known within their interval.
    app.flush.now(FLUSH_WAIT).await;
    let done = app.service.archive_flag(&call.request, (&project, &flag), &call.if_match, in_use).await?;
    reply(&app, done).await
}

/// Bring an archived flag back, disabled everywhere.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/flags/{flag}/restore", tag = "Flags", operation_id = "restoreFlag",
    params(("project" = String, Path), ("flag" = String, Path),
        ("If-Match" = String, Header, description = "The flag's ETag"), ("X-Pennon-Reason" = Option<String>, Header)),
    responses((status = 200, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn restore_flag(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let done = app.service.restore_flag(&call.request, (&project, &flag), &call.if_match).await?;
    reply(&app, done).await
}

/// Restore an earlier version of a definition, as a new one. Where its salt differs, `?reshuffle=true` is needed.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/flags/{flag}/revert", tag = "Flags", operation_id = "revertFlag",
    params(("project" = String, Path), ("flag" = String, Path),
        ("If-Match" = String, Header, description = "The flag's ETag"),
        ("reshuffle" = Option<bool>, Query, description = "Another salt is meant: every user moves to another bucket"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = Revert,
    responses((status = 200, body = Flag, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn revert_flag(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let reshuffle = call.flag("reshuffle")?;
    let edit = DefinitionEdit::Revert { version: call.json::<Revert>()?.version, reshuffle };
    let done = app.service.edit_definition(&call.request, (&project, &flag), &call.if_match, &edit).await?;
    reply(&app, done).await
}

/// Every version of a definition, newest first.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/flags/{flag}/history", tag = "Flags", operation_id = "flagHistory",
    params(("project" = String, Path), ("flag" = String, Path), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<VersionBody>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn flag_history(
    State(app): State<AppState>,
    Path((project, flag)): Path<(String, String)>,
    call: Call,
) -> Result<Reply, Problem> {
    let page =
        app.service.definition_history(&call.request, (&project, &flag), versions::span(&call)?).await?;
    Reply::ok(&PageBody::from(page, VersionBody::from))
}

async fn reply(app: &App, done: Done<FlagView>) -> Result<Reply, Problem> {
    let version = done.view.version;
    Ok(Reply::ok(&Flag::from(done.view.clone()))?.version(version).of(app, &done).await)
}
