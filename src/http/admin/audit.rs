//! The audit log: pages for people, whole chains as NDJSON for those who keep or verify them.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::schema::Raw;
use crate::app::AppState;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::audit::{Entry, Filter};

/// Entries read at once while a chain is written out.
const EXPORT_BATCH: i64 = 500;

/// One entry. `hash` is the hex of sha256 over the previous entry's hash (as hex text; "" for the first) followed by
/// the exact text of `entry`.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    seq: i64,
    /// Its hash.
    hash: String,
    /// Who did what, why and when; before and after.
    #[schema(value_type = Object)]
    entry: Raw,
}

/// Where a chain stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditHead {
    /// How many entries there are.
    seq: i64,
    /// The hash of the last; "" before the first.
    hash: String,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let text = RawValue::from_string(entry.entry).unwrap_or_else(|_| RawValue::NULL.to_owned());
        AuditEntry { seq: entry.seq, hash: entry.hash, entry: text }
    }
}

/// A project's audit log: newest first, or, with `Accept: application/x-ndjson`, the whole chain, oldest first.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/audit", tag = "Audit", operation_id = "projectAudit",
    params(("project" = String, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("kind" = Option<String>, Query, description = "flag, segment, layer, key, environment or project"),
        ("key" = Option<String>, Query), ("environment" = Option<String>, Query), ("actor" = Option<String>, Query),
        ("after" = Option<i64>, Query, description = "NDJSON only: entries after this one")),
    responses((status = 200, body = PageBody<AuditEntry>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn project_audit(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    audit(app, Some(project), call).await
}

/// Where a project's audit chain stands.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/audit/head", tag = "Audit", operation_id = "projectAuditHead",
    params(("project" = String, Path)),
    responses((status = 200, body = AuditHead),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn project_audit_head(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let head = app.service.audit_head(&call.request, Some(&project)).await?;
    Reply::ok(&AuditHead { seq: head.seq, hash: head.hash })
}

/// The installation's audit log: newest first, or, with `Accept: application/x-ndjson`, the whole chain.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "Audit", operation_id = "installationAudit",
    params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("kind" = Option<String>, Query),
        ("key" = Option<String>, Query), ("actor" = Option<String>, Query),
        ("after" = Option<i64>, Query, description = "NDJSON only: entries after this one")),
    responses((status = 200, body = PageBody<AuditEntry>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn installation_audit(State(app): State<AppState>, call: Call) -> Result<Response, Problem> {
    audit(app, None, call).await
}

/// Where the installation's audit chain stands.
#[utoipa::path(
    get, path = "/api/v1/audit/head", tag = "Audit", operation_id = "installationAuditHead",
    responses((status = 200, body = AuditHead),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn installation_audit_head(State(app): State<AppState>, call: Call) -> Result<Reply, Problem> {
    let head = app.service.audit_head(&call.request, None).await?;
    Reply::ok(&AuditHead { seq: head.seq, hash: head.hash })
}

async fn audit(app: AppState, project: Option<String>, call: Call) -> Result<Response, Problem> {
    let accept = call.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if accept.contains("application/x-ndjson") {
        return export(app, project, call).await;
    }
    let text = |name: &str| call.param(name).unwrap_or("").to_owned();
    let filter = Filter {
        kind: text("kind"),
        key: text("key"),
        environment: text("environment"),
        actor: text("actor"),
    };
    let below = match call.param("cursor") {
        None | Some("") => None,
        Some(_) => call.number("cursor")?,
    };
    let page =
        app.service.audit_page(&call.request, project.as_deref(), below, call.limit()?, &filter).await?;
    Ok(Reply::ok(&PageBody::from(page, AuditEntry::from))?.into_response())
}

/// Writes a chain in batches, so that its length does not matter to memory.
async fn export(app: AppState, project: Option<String>, call: Call) -> Result<Response, Problem> {
    let after = call.number("after")?.unwrap_or(0);
    // The first batch is read before the head is sent, so that an error is still an error.
    let first = app.service.audit_after(&call.request, project.as_deref(), after, EXPORT_BATCH).await?;
    let start = (app, project, call.request, Some(first));
    let lines = stream::try_unfold(start, |(app, project, request, batch)| async move {
        let Some(batch) = batch.filter(|batch| !batch.is_empty()) else {
            return Ok::<_, std::io::Error>(None);
        };
        let last = batch.last().map_or(0, |entry| entry.seq);
        let text = lines(batch);
        let next = app.service.audit_after(&request, project.as_deref(), last, EXPORT_BATCH).await;
        let next = next.map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Some((text, (app, project, request, Some(next)))))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn lines(batch: Vec<Entry>) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in batch {
        // Writing into a Vec does not fail.
        let _ = serde_json::to_writer(&mut text, &AuditEntry::from(entry));
        text.push(b'\n');
    }
    text
}
