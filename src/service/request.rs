//! What every use case is told besides its own arguments: who, why, which version, and whether it is a repetition.

use super::error::{Current, ServiceError};
use crate::auth::policy::Caller;

/// Who asks, and why.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// Why, "" when nobody said.
    pub reason: String,
    /// Set when the caller wants a repetition to have no second effect.
    pub idempotency: Option<Idempotency>,
}

/// An Idempotency-Key and what it was sent with.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The key, as sent.
    pub key: String,
    /// A hash of method, path and body.
    pub request: String,
}

impl Request {
    /// A request of the server itself.
    #[must_use]
    pub fn system(reason: &str) -> Request {
        Request { caller: Caller::system(), reason: reason.to_owned(), idempotency: None }
    }
}

/// The versions for which a mutation was made (the header If-Match).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Not sent.
    Absent,
    /// `*`: whatever the version is.
    Any,
    /// Any of these strong tags.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Checks a version; the resource's own state is told when it has moved.
    pub fn check(&self, current: &Current) -> Result<(), ServiceError> {
        match self {
            IfMatch::Absent => Err(ServiceError::PreconditionRequired),
            IfMatch::Any => Ok(()),
            IfMatch::Tags(tags) if tags.iter().any(|tag| *tag == current.version.to_string()) => Ok(()),
            IfMatch::Tags(_) => Err(ServiceError::Stale(current.clone())),
        }
    }
}
