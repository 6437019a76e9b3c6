//! Why a use case was refused. HTTP statuses are decided elsewhere.

use crate::auth::policy::Denied;
use crate::auth::secret::NoEntropy;
use crate::domain::issue::Issue;
use crate::domain::role::Role;
pub use crate::store::StoreError;

/// The state of a resource that somebody else changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// Its version now.
    pub version: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// When, microseconds.
    pub updated_at: i64,
}

/// Why a use case was refused.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such thing, or it is outside the caller's scope.
    #[error("there is no {kind} \"{key}\"")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Its key.
        key: String,
    },
    /// The caller lacks the permission.
    #[error("{what} needs the role {} or higher", needs.as_str())]
    Forbidden {
        /// The lowest role that may.
        needs: Role,
        /// What was asked for.
        what: String,
    },
    /// A protected environment wants to know why.
    #[error("the environment \"{0}\" is protected: say why in the header X-Pennon-Reason")]
    ReasonRequired(String),
    /// A mutation of an existing resource names the version it was made for.
    #[error("send the header If-Match with the version you have read: it is the ETag of the resource")]
    PreconditionRequired,
    /// The resource has moved on.
    #[error("the resource is at version {} now, changed by {}", .0.version, .0.updated_by)]
    Stale(Current),
    /// Something with this key is there already.
    #[error("the {kind} \"{key}\" exists already{hint}")]
    Exists {
        /// What is there.
        kind: &'static str,
        /// Its key.
        key: String,
        /// What to do, "" or a clause.
        hint: &'static str,
    },
    /// Others depend on it.
    #[error("{0}")]
    InUse(String),
    /// A flag that was evaluated lately: when and where.
    #[error("{0}")]
    Evaluated(String),
    /// The input is wrong.
    #[error("the request is not valid: {} problem(s)", .0.len())]
    Invalid(Vec<Issue>),
    /// An Idempotency-Key was used before, for another request.
    #[error("this Idempotency-Key was used for another request in the last 24 hours: send a new one")]
    IdempotencyMismatch,
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ServiceError {
    /// One thing wrong.
    pub fn invalid(pointer: &str, code: &str, detail: impl Into<String>) -> ServiceError {
        ServiceError::Invalid(vec![Issue::new(pointer, code, detail)])
    }

    /// What a denial means for a resource.
    #[must_use]
    pub fn denied(denied: &Denied, kind: &'static str, key: &str) -> ServiceError {
        match denied {
            Denied::Hidden => ServiceError::NotFound { kind, key: key.to_owned() },
            Denied::Lacks { needs, what } => {
                ServiceError::Forbidden { needs: *needs, what: (*what).to_owned() }
            }
        }
    }
}

impl From<Issue> for ServiceError {
    fn from(issue: Issue) -> Self {
        ServiceError::Invalid(vec![issue])
    }
}

impl From<Vec<Issue>> for ServiceError {
    fn from(issues: Vec<Issue>) -> Self {
        ServiceError::Invalid(issues)
    }
}
