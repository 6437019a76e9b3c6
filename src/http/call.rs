//! An admin request, taken apart once for every handler: who, why, If-Match, Idempotency-Key, query and body.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::authenticate::authenticate;
use super::body;
use super::client_address::client_address;
use super::etag;
use super::intake;
use super::middleware::RequestId;
use super::problem::Problem;
use crate::app::AppState;
use crate::auth::secret::{CredentialKind, hex};
use crate::domain::json::Members;
use crate::service::{Idempotency, IfMatch, Request as ServiceRequest};

/// Characters of a reason.
pub const REASON_LIMIT: usize = 1_000;
/// Characters of an Idempotency-Key.
pub const IDEMPOTENCY_LIMIT: usize = 200;
/// Items of a page when the caller names none.
pub const PAGE_DEFAULT: i64 = 50;

/// An admin request.
#[derive(Debug)]
pub struct Call {
    /// Who, why, and whether it is a repetition.
    pub request: ServiceRequest,
    /// The versions it was made for.
    pub if_match: IfMatch,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, "" when there is none.
    pub body: String,
    query: HashMap<String, String>,
}

impl FromRequest<AppState> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        // No key holds U+0000, and Postgres stores none: such a path names nothing.
        if parts.uri.path().contains("%00") {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "a key does not hold the character U+0000",
            ));
        }
        let verifier = authenticate(app, &parts.headers, &[CredentialKind::Api]).await?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let client = peer.map(|peer| client_address(peer, &parts.headers, &app.config.trusted_proxies));
        let address = client.map_or_else(String::new, |address| address.to_string());
        if parts.uri.path().contains("%00") {
            // No key holds U+0000; Postgres would refuse even to look for one.
            return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such key"));
        }
        let id = parts.extensions.get::<RequestId>().map_or("", |id| id.0.as_str());
        let caller = verifier.caller(&address, id);
        let body = read_body(app, &parts.headers, body).await?;
        let reason = reason(&parts.headers)?;
        let idempotency = if parts.method == Method::POST {
            idempotency(&parts.headers, parts.uri.path_and_query().map_or("", |path| path.as_str()), &body)?
        } else {
            None
        };
        let if_match = etag::if_match(&parts.headers)?;
        let query = parse_query(parts.uri.query().unwrap_or(""))?;
        Ok(Call {
            request: ServiceRequest { caller, reason, idempotency },
            if_match,
            headers: parts.headers,
            body,
            query,
        })
    }
}

impl Call {
    /// The body as an object, as it was written; an empty body is `{}`.
    pub fn members(&self) -> Result<Members, Problem> {
        body::members(&self.body)
    }

    /// The body as a request of its own type; an empty one is `{}`.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        body::object(&self.body)
    }

    /// The body as a list of objects.
    pub fn list<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>, Problem> {
        body::list(&self.body)
    }

    /// A parameter of the query.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.param(name).filter(|text| !text.is_empty()).ok_or_else(|| bad_query(name, "required"))
    }

    /// A parameter that is true or false; absent is false.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.param(name) {
            None | Some("false") => Ok(false),
            Some("true" | "") => Ok(true),
            Some(_) => Err(bad_query(name, "true or false")),
        }
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let parse = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        self.param(name)
            .map(|text| parse(text).ok_or_else(|| bad_query(name, "a number, 0 or more")))
            .transpose()
    }

    /// The size of a page.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.number("limit")? {
            None => Ok(PAGE_DEFAULT),
            Some(limit) if (1..=crate::service::PAGE_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(bad_query("limit", &format!("1 to {}", crate::service::PAGE_LIMIT))),
        }
    }

    /// Where a page begins.
    #[must_use]
    pub fn cursor(&self) -> &str {
        self.param("cursor").unwrap_or("")
    }
}

fn bad_query(name: &str, allowed: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", format!("the parameter \"{name}\" is {allowed}"))
}

async fn read_body(app: &AppState, headers: &HeaderMap, body: axum::body::Body) -> Result<String, Problem> {
    let bytes = intake::read(headers, body, app.config.body_limit).await?;
    if bytes.is_empty() {
        return Ok(String::new());
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if !matches!(media.as_str(), "application/json" | "application/merge-patch+json") {
        let detail = "send the body as JSON, with the header Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let detail = format!("the body is not UTF-8 at byte {}", error.utf8_error().valid_up_to());
        Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
    })
}

fn reason(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get("x-pennon-reason") else { return Ok(String::new()) };
    let text = std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.chars().count() <= REASON_LIMIT);
    text.map(|text| text.trim().to_owned()).ok_or_else(|| {
        let detail = format!("the header X-Pennon-Reason is UTF-8 text of at most {REASON_LIMIT} characters");
        Problem::new(StatusCode::BAD_REQUEST, "invalid_header", detail)
    })
}

fn idempotency(headers: &HeaderMap, path: &str, body: &str) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|text| !text.is_empty() && text.len() <= IDEMPOTENCY_LIMIT);
    let Some(key) = key else {
        let detail =
            format!("the header Idempotency-Key has 1 to {IDEMPOTENCY_LIMIT} visible ASCII characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_header", detail));
    };
    let mut hash = Sha256::new();
    for part in ["POST", path, body] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    Ok(Some(Idempotency { key: key.to_owned(), request: hex(&hash.finalize()) }))
}

fn parse_query(text: &str) -> Result<HashMap<String, String>, Problem> {
    let uri = format!("/?{text}").parse::<axum::http::Uri>();
    let query =
        uri.ok().and_then(|uri| axum::extract::Query::<HashMap<String, String>>::try_from_uri(&uri).ok());
    let query = query.map(|query| query.0);
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query string cannot be read");
    let query = query.ok_or_else(bad)?;
    if query.values().any(|value| value.contains('\0')) {
        return Err(bad());
    }
    Ok(query)
}
