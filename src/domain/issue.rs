//! What is wrong with an input, and where: the `errors` of a 422.

use serde::Serialize;

/// One thing wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// JSON Pointer (RFC 6901) into the document the caller sent; "" is the whole of it.
    pub pointer: String,
    /// A stable code, such as `unknown_variant`.
    pub code: String,
    /// What was wrong and what is allowed.
    pub detail: String,
}

impl Issue {
    /// An issue at a pointer.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Issue {
        Issue { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

impl From<&pennon_engine::Issue> for Issue {
    fn from(issue: &pennon_engine::Issue) -> Self {
        Issue::new(issue.pointer.clone(), issue.code.as_str(), issue.detail.clone())
    }
}

/// Escapes one token of a JSON Pointer.
#[must_use]
pub fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
