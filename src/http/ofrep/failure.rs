//! OFREP's own errors: `errorCode` and `errorDetails`, with the flag's key where there is one.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::problem::Problem;

/// An error of an evaluation request.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    #[serde(skip)]
    #[schema(ignore)]
    status: StatusCode,
    /// The flag's key, for one flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// OpenFeature's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    error_code: Option<&'static str>,
    /// What happened.
    error_details: String,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u32>,
}

impl Failure {
    /// An error with a code of the protocol.
    pub fn new(status: StatusCode, error_code: &'static str, details: impl Into<String>) -> Failure {
        Failure {
            status,
            key: None,
            error_code: Some(error_code),
            error_details: details.into(),
            retry_after: None,
        }
    }

    /// The same, of one flag.
    #[must_use]
    pub fn of_flag(self, key: &str) -> Failure {
        // Errors that are not about the evaluation (401, 503 and the like) carry no key.
        let key = self.error_code.is_some().then(|| key.to_owned());
        Failure { key, ..self }
    }

    /// The context could not be read.
    pub fn parse(details: impl Into<String>) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, "PARSE_ERROR", details)
    }

    fn bare(status: StatusCode, details: &str) -> Failure {
        Failure { status, key: None, error_code: None, error_details: details.to_owned(), retry_after: None }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let code = match failure.error_code {
            Some("PARSE_ERROR") => "invalid_json",
            Some("INVALID_CONTEXT") => "invalid_context",
            _ => "invalid_request",
        };
        Problem::new(failure.status, code, failure.error_details)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure { retry_after: problem.retry_after(), ..Failure::bare(problem.status(), problem.detail()) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(serde_json::to_vec(&self).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
