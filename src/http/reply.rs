//! Answers of the admin API: JSON with an ETag, 304 where the caller has it, the revision of a change.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::etag;
use super::problem::Problem;
use crate::app::App;
use crate::service::Done;
use crate::service::view::Page;

/// The revision a change made.
pub const REVISION: HeaderName = HeaderName::from_static("x-pennon-revision");
/// `false` when this node does not serve the change yet.
pub const APPLIED: HeaderName = HeaderName::from_static("x-pennon-applied");
/// Set when an Idempotency-Key was seen before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A page on the wire.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBody<T> {
    /// The items.
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// A page of a view's wire form.
    pub fn from<V>(page: Page<V>, wire: impl FnMut(V) -> T) -> PageBody<T> {
        let page = page.map(wire);
        PageBody { items: page.items, next_cursor: page.next }
    }
}

/// An answer under way.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    /// 200 with a body.
    pub fn ok<T: Serialize + ?Sized>(body: &T) -> Result<Reply, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(error = %error, "an answer could not be written");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the answer could not be written")
        })?;
        Ok(Reply { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }

    /// Another status.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Reply {
        Reply { status, ..self }
    }

    /// The version as ETag.
    #[must_use]
    pub fn version(mut self, version: i64) -> Reply {
        if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
            self.headers.insert(header::ETAG, value);
        }
        self
    }

    /// 304 without a body when the caller has this version.
    #[must_use]
    pub fn unless_known(mut self, version: i64, request: &HeaderMap) -> Reply {
        self = self.version(version);
        if etag::not_modified(request, &version.to_string()) {
            self.status = StatusCode::NOT_MODIFIED;
            self.body.clear();
        }
        self
    }

    /// Waits for this node to serve the change, and tells its revision.
    pub async fn of<T>(mut self, app: &App, done: &Done<T>) -> Reply {
        if !app.applied(done).await {
            self.headers.insert(APPLIED, HeaderValue::from_static("false"));
        }
        if let [(_, head)] = done.revisions.as_slice() {
            self.headers.insert(REVISION, HeaderValue::from(head.revision));
        }
        if done.replayed {
            self.headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let empty = self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let headers = response.headers_mut();
        if !empty {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        // What is read here decides what is served: never from a cache.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
