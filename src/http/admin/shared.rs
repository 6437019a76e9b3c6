//! Segments and layers: documents that every environment of a project shares.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::configurations::Revert;
use super::schema::{Condition, Raw, Unit, raw, raw_list};
use super::versions::{self, VersionBody};
use crate::app::{App, AppState};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::audit::rfc3339;
use crate::service::shared::{Kind, SharedEdit, SharedPlace};
use crate::service::view::SharedView;

/// A segment: a named set of units.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Its key.
    key: String,
    /// Its version: its ETag.
    version: i64,
    /// What is hashed with the unit where `when` holds a percentage.
    #[schema(value_type = String)]
    salt: Option<Raw>,
    /// The attributes whose values the lists hold; `["targetingKey"]` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    by: Option<Raw>,
    /// Units that are in it.
    #[schema(value_type = Vec<Unit>)]
    included: Raw,
    /// Units that are not, whatever `when` says.
    #[schema(value_type = Vec<Unit>)]
    excluded: Raw,
    /// Who else is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Condition>)]
    when: Option<Raw>,
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
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
    /// When it was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

/// A layer: flags whose gates share its buckets exclude one another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// Its key.
    key: String,
    /// Its version: its ETag.
    version: i64,
    /// What is hashed with the unit.
    #[schema(value_type = String)]
    salt: Option<Raw>,
    /// The attributes that make the unit; `["targetingKey"]` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    by: Option<Raw>,
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
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
    /// When it was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

impl From<SharedView> for Segment {
    fn from(view: SharedView) -> Self {
        let document = &view.document;
        Segment {
            salt: raw(document, "salt"),
            by: raw(document, "by"),
            included: raw_list(document, "included"),
            excluded: raw_list(document, "excluded"),
            when: raw(document, "when"),
            description: raw(document, "description"),
            tags: raw(document, "tags"),
            owner: raw(document, "owner"),
            key: view.key,
            version: view.version,
            created_at: rfc3339(view.created_at),
            updated_at: rfc3339(view.updated_at),
            archived_at: view.archived_at.map(rfc3339),
        }
    }
}

impl From<SharedView> for Layer {
    fn from(view: SharedView) -> Self {
        let document = &view.document;
        Layer {
            salt: raw(document, "salt"),
            by: raw(document, "by"),
            description: raw(document, "description"),
            tags: raw(document, "tags"),
            owner: raw(document, "owner"),
            key: view.key,
            version: view.version,
            created_at: rfc3339(view.created_at),
            updated_at: rfc3339(view.updated_at),
            archived_at: view.archived_at.map(rfc3339),
        }
    }
}

/// A segment to make.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct NewSegment {
    /// Its key: 1 to 100 characters of A-Z, a-z, 0-9, `.`, `_`, `-`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", example = "beta-testers")]
    key: String,
    salt: Option<String>,
    by: Option<Vec<String>>,
    included: Option<Vec<Unit>>,
    excluded: Option<Vec<Unit>>,
    when: Option<Condition>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    owner: Option<String>,
}

/// A merge patch of a segment (RFC 7396); null removes a member.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct SegmentPatch {
    salt: Option<String>,
    by: Option<Vec<String>>,
    included: Option<Vec<Unit>>,
    excluded: Option<Vec<Unit>>,
    when: Option<Condition>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    owner: Option<String>,
}

/// A layer to make.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct NewLayer {
    /// Its key: 1 to 100 characters of A-Z, a-z, 0-9, `.`, `_`, `-`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", example = "checkout-tests")]
    key: String,
    salt: Option<String>,
    by: Option<Vec<String>>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    owner: Option<String>,
}

/// A merge patch of a layer (RFC 7396); null removes a member.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct LayerPatch {
    salt: Option<String>,
    by: Option<Vec<String>>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    owner: Option<String>,
}

macro_rules! shared_routes {
    ($kind:expr, $body:ty, $new:ty, $patch:ty, $tag:literal, $path:literal,
     $list:ident $list_id:literal, $create:ident $create_id:literal, $get:ident $get_id:literal,
     $edit:ident $edit_id:literal, $archive:ident $archive_id:literal, $restore:ident $restore_id:literal,
     $revert:ident $revert_id:literal, $history:ident $history_id:literal) => {
        /// List them, by key.
        #[utoipa::path(
            get, path = concat!("/api/v1/projects/{project}/", $path, ""), tag = $tag, operation_id = $list_id,
            params(("project" = String, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
            responses((status = 200, body = PageBody<$body>),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $list(State(app): State<AppState>, Path(project): Path<String>, call: Call) -> Result<Reply, Problem> {
            let page = app.service.shared_page(&call.request, (&project, $kind), call.cursor(), call.limit()?).await?;
            Reply::ok(&PageBody::from(page, <$body>::from))
        }

        /// Make one.
        #[utoipa::path(
            post, path = concat!("/api/v1/projects/{project}/", $path, ""), tag = $tag, operation_id = $create_id,
            params(("project" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
            request_body = $new,
            responses((status = 201, body = $body, headers(("ETag" = String))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $create(State(app): State<AppState>, Path(project): Path<String>, call: Call) -> Result<Reply, Problem> {
            let done = app.service.create_shared(&call.request, &project, $kind, &call.members()?).await?;
            let version = done.view.version;
            let reply = Reply::ok(&<$body>::from(done.view.clone()))?.status(StatusCode::CREATED);
            Ok(reply.version(version).of(&app, &done).await)
        }

        /// Read one.
        #[utoipa::path(
            get, path = concat!("/api/v1/projects/{project}/", $path, "/{key}"), tag = $tag, operation_id = $get_id,
            params(("project" = String, Path), ("key" = String, Path)),
            responses((status = 200, body = $body, headers(("ETag" = String))), (status = 304),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $get(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let view = app.service.shared(&call.request, place).await?;
            let version = view.version;
            Ok(Reply::ok(&<$body>::from(view))?.unless_known(version, &call.headers))
        }

        /// Change one by a merge patch. A new salt needs `?reshuffle=true`.
        #[utoipa::path(
            patch, path = concat!("/api/v1/projects/{project}/", $path, "/{key}"), tag = $tag, operation_id = $edit_id,
            params(("project" = String, Path), ("key" = String, Path), ("If-Match" = String, Header, description = "The ETag"), ("X-Pennon-Reason" = Option<String>, Header), ("reshuffle" = Option<bool>, Query)),
            request_body = $patch,
            responses((status = 200, body = $body, headers(("ETag" = String))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $edit(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let edit = SharedEdit::Patch { patch: call.members()?, reshuffle: call.flag("reshuffle")? };
            act::<$body>(&app, place, &call, &edit).await
        }

        /// Archive one; one that others depend on stays (409).
        #[utoipa::path(
            delete, path = concat!("/api/v1/projects/{project}/", $path, "/{key}"), tag = $tag, operation_id = $archive_id,
            params(("project" = String, Path), ("key" = String, Path), ("If-Match" = String, Header, description = "The ETag"), ("X-Pennon-Reason" = Option<String>, Header)),
            responses((status = 200, body = $body, headers(("ETag" = String))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $archive(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let edit = SharedEdit::Archive;
            act::<$body>(&app, place, &call, &edit).await
        }

        /// Bring an archived one back.
        #[utoipa::path(
            post, path = concat!("/api/v1/projects/{project}/", $path, "/{key}/restore"), tag = $tag, operation_id = $restore_id,
            params(("project" = String, Path), ("key" = String, Path), ("If-Match" = String, Header, description = "The ETag"), ("X-Pennon-Reason" = Option<String>, Header)),
            responses((status = 200, body = $body, headers(("ETag" = String))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $restore(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let edit = SharedEdit::Restore;
            act::<$body>(&app, place, &call, &edit).await
        }

        /// Restore an earlier version, as a new one. Where its salt differs, `?reshuffle=true` is needed.
        #[utoipa::path(
            post, path = concat!("/api/v1/projects/{project}/", $path, "/{key}/revert"), tag = $tag, operation_id = $revert_id,
            params(("project" = String, Path), ("key" = String, Path), ("If-Match" = String, Header, description = "The ETag"), ("X-Pennon-Reason" = Option<String>, Header), ("reshuffle" = Option<bool>, Query)),
            request_body = Revert,
            responses((status = 200, body = $body, headers(("ETag" = String))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $revert(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let reshuffle = call.flag("reshuffle")?;
            let edit = SharedEdit::Revert { version: call.json::<Revert>()?.version, reshuffle };
            act::<$body>(&app, place, &call, &edit).await
        }

        /// Every version, newest first.
        #[utoipa::path(
            get, path = concat!("/api/v1/projects/{project}/", $path, "/{key}/history"), tag = $tag, operation_id = $history_id,
            params(("project" = String, Path), ("key" = String, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
            responses((status = 200, body = PageBody<VersionBody>),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $history(State(app): State<AppState>, Path((project, key)): Path<(String, String)>, call: Call) -> Result<Reply, Problem> {
            let place = SharedPlace { project: &project, kind: $kind, key: &key };
            let page = app.service.shared_history(&call.request, place, versions::span(&call)?).await?;
            Reply::ok(&PageBody::from(page, VersionBody::from))
        }
    };
}

shared_routes! {
    Kind::Segment, Segment, NewSegment, SegmentPatch, "Segments", "segments",
    list_segments "listSegments", create_segment "createSegment", get_segment "getSegment",
    edit_segment "editSegment", archive_segment "archiveSegment", restore_segment "restoreSegment",
    revert_segment "revertSegment", segment_history "segmentHistory"
}

shared_routes! {
    Kind::Layer, Layer, NewLayer, LayerPatch, "Layers", "layers",
    list_layers "listLayers", create_layer "createLayer", get_layer "getLayer",
    edit_layer "editLayer", archive_layer "archiveLayer", restore_layer "restoreLayer",
    revert_layer "revertLayer", layer_history "layerHistory"
}

async fn act<T: From<SharedView> + Serialize>(
    app: &App,
    place: SharedPlace<'_>,
    call: &Call,
    edit: &SharedEdit,
) -> Result<Reply, Problem> {
    let done = app.service.edit_shared(&call.request, place, &call.if_match, edit).await?;
    let version = done.view.version;
    Ok(Reply::ok(&T::from(done.view.clone()))?.version(version).of(app, &done).await)
}
