//! `GET /api/v1/sdk/snapshot`: everything an environment serves, for who evaluates it in a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::app::AppState;
use crate::auth::secret::CredentialKind;
use crate::http::etag;
use crate::http::evaluator::Evaluator;
use crate::http::openapi::sdk::SnapshotDocument;
use crate::http::problem::Problem;
use crate::snapshot::image::Image;
use crate::stream::position::Position;

/// Read the snapshot.
///
/// Rules and segments of the key's environment at one revision, as they were written. Answered from memory, also while the
/// database is away, and while streams are refused.
#[utoipa::path(
    get, path = "/api/v1/sdk/snapshot", tag = "SDK", operation_id = "getSnapshot",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the snapshot the caller has")),
    responses(
        (status = 200, description = "The snapshot", body = SnapshotDocument,
         headers(("ETag" = String, description = "`<epoch>-<revision>`"))),
        (status = 304, description = "The caller has this snapshot"),
        (status = 401, description = "The key is known to be bad", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key is good, but not for this", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Nothing can be said now; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("evaluationKey" = []), ("apiKeyHeader" = [])),
)]
pub async fn snapshot(
    State(app): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let evaluator = Evaluator::of(&app, &headers, address, &[CredentialKind::Server]).await?;
    let image = evaluator.cell.image();
    let tag = Position::from(&image.head).to_string();
    let known = etag::not_modified(&headers, &tag);
    let compressed = if known || !accepts_gzip(&headers) { None } else { gzip(Arc::clone(&image)).await };
    let is_compressed = compressed.is_some();
    let body = match compressed {
        _ if known => Body::empty(),
        Some(bytes) => Body::from(bytes),
        None => Body::from(image.json().clone()),
    };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(value) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        headers.insert(header::ETAG, value);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// Compressed once for all who ask: a large environment takes long enough to keep others waiting.
async fn gzip(image: Arc<Image>) -> Option<bytes::Bytes> {
    tokio::task::spawn_blocking(move || image.gzip().cloned()).await.ok().flatten()
}

/// Whether the caller takes gzip: `q=0` is a no (RFC 9110, section 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map(str::trim);
        name.trim().eq_ignore_ascii_case("gzip")
            && weight.and_then(|weight| weight.parse::<f32>().ok()).is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::accepts_gzip;

    #[test]
    fn gzip_is_sent_to_who_asks_for_it() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };
        for yes in ["gzip", "deflate, GZIP", "br;q=1.0, gzip;q=0.8", "gzip; q=0.001"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "identity", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
