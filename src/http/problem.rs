//! Errors on the wire: RFC 9457 problem+json. The one place where a status is decided.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::error;

use crate::domain::issue::Issue;
use crate::service::audit::rfc3339;
use crate::service::{Current, ServiceError};

/// Seconds after which a client may try again when the database is away.
pub const RETRY_AFTER: u32 = 2;

/// Issues of one answer: enough to work on, whatever was sent.
pub const ISSUES_SHOWN: usize = 50;

/// An error, before it is written.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Always `about:blank`: `code` tells the kind.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: AboutBlank,
    /// The status in words.
    #[schema(value_type = String)]
    title: &'static str,
    /// The status.
    #[schema(value_type = u16)]
    status: u16,
    /// What happened, and what to do.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The kind of error, one of a closed list.
    code: &'static str,
    /// The id of the request, for the logs.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(value_type = Option<String>)]
    request_id: Box<str>,
    /// What is wrong with the input, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Option<Vec<ProblemIssue>>)]
    errors: Vec<Issue>,
    /// The state of a resource that moved on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CurrentState>)]
    current: Option<Box<CurrentState>>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// The one type of problem there is: the code tells the kind.
#[derive(Debug, Clone, Copy)]
struct AboutBlank;

impl Serialize for AboutBlank {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("about:blank")
    }
}

/// One thing wrong with an input.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemIssue {
    /// JSON Pointer into what was sent.
    pub pointer: String,
    /// A stable code.
    pub code: String,
    /// What was wrong and what is allowed.
    pub detail: String,
}

/// The state of a resource that somebody changed meanwhile.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentState {
    /// Its version now.
    pub version: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: String,
}

impl Problem {
    /// A problem of a status and a code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: AboutBlank,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into().into(),
            code,
            request_id: Box::default(),
            errors: Vec::new(),
            current: None,
            retry_after: None,
        }
    }

    /// The input is wrong.
    #[must_use]
    pub fn invalid(mut issues: Vec<Issue>) -> Problem {
        // A body that is no JSON at all is a 400; one that says something wrong is a 422.
        let syntax = issues.iter().any(|issue| issue.code == "invalid_json");
        let (status, code) = if syntax {
            (StatusCode::BAD_REQUEST, "invalid_json")
        } else {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        };
        let detail = match issues.as_slice() {
            [one] if one.pointer.is_empty() => one.detail.clone(),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many if many.len() > ISSUES_SHOWN => {
                let more = many.len() - ISSUES_SHOWN;
                format!(
                    "{} problems; see errors for the first {ISSUES_SHOWN}, {more} more are not shown",
                    many.len()
                )
            }
            many => format!("{} problems; see errors", many.len()),
        };
        issues.truncate(ISSUES_SHOWN);
        Problem { errors: issues, ..Problem::new(status, code, detail) }
    }

    /// Something is away for now.
    #[must_use]
    pub fn unavailable(detail: &str) -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        Problem { retry_after: Some(RETRY_AFTER), ..problem }
    }

    /// Too many requests; try again after some seconds.
    #[must_use]
    pub fn too_many(detail: &str, seconds: u32) -> Problem {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Problem { retry_after: Some(seconds), ..problem }
    }

    /// The same, to be tried again after some seconds.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Problem {
        Problem { retry_after: Some(seconds), ..self }
    }

    /// The same with the id of the request.
    #[must_use]
    pub fn with_request_id(self, request_id: &str) -> Problem {
        Problem { request_id: request_id.into(), ..self }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What happened.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds to wait, when waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    fn stale(current: &Current) -> Problem {
        let at = rfc3339(current.updated_at);
        let who =
            if current.updated_by.is_empty() { String::new() } else { format!(" by {}", current.updated_by) };
        let detail = format!(
            "the resource is at version {} now, changed{who} at {at}: read it again, then send If-Match: \"{}\"",
            current.version, current.version
        );
        let state =
            CurrentState { version: current.version, updated_by: current.updated_by.clone(), updated_at: at };
        Problem {
            current: Some(Box::new(state)),
            ..Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let said = error.to_string();
        match error {
            ServiceError::NotFound { .. } => Problem::new(StatusCode::NOT_FOUND, "not_found", said),
            ServiceError::Forbidden { .. } => Problem::new(StatusCode::FORBIDDEN, "forbidden", said),
            ServiceError::ReasonRequired(_) => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "reason_required", said)
            }
            ServiceError::PreconditionRequired => {
                Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", said)
            }
            ServiceError::Stale(current) => Problem::stale(&current),
            ServiceError::Exists { .. } => Problem::new(StatusCode::CONFLICT, "exists", said),
            ServiceError::InUse(_) => Problem::new(StatusCode::CONFLICT, "in_use", said),
            ServiceError::Evaluated(_) => Problem::new(StatusCode::CONFLICT, "flag_in_use", said),
            ServiceError::Invalid(issues) => Problem::invalid(issues),
            ServiceError::IdempotencyMismatch => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", said)
            }
            ServiceError::Store(cause) if cause.is_unavailable() => Problem::unavailable(
                "the database is away: evaluation goes on from memory, writes wait. Try again",
            ),
            ServiceError::Store(crate::service::error::StoreError::Duplicate(_)) => Problem::new(
                StatusCode::CONFLICT,
                "exists",
                "somebody made this at the same moment: read it again",
            ),
            ServiceError::Store(_) | ServiceError::NoEntropy(_) => {
                error!(error = said, "a request failed inside");
                let detail = "something failed inside; the logs tell more under the request's id";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
        }
    }
}

impl From<Issue> for Problem {
    fn from(issue: Issue) -> Self {
        Problem::invalid(vec![issue])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The middleware that knows the request's id writes the body anew with it.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::{ISSUES_SHOWN, Issue, Problem};

    #[test]
    fn an_answer_shows_so_many_issues_and_tells_how_many_more_there_are() {
        let issues =
            |count: usize| (0..count).map(|at| Issue::new(format!("/{at}"), "c", "d")).collect::<Vec<_>>();
        let all = Problem::invalid(issues(ISSUES_SHOWN));
        assert_eq!((all.errors.len(), all.detail()), (ISSUES_SHOWN, "50 problems; see errors"));
        let cut = Problem::invalid(issues(ISSUES_SHOWN + 7));
        assert_eq!(cut.errors.len(), ISSUES_SHOWN);
        assert_eq!(cut.detail(), "57 problems; see errors for the first 50, 7 more are not shown");
    }
}
