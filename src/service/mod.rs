//! Use cases, and the only writer: authorise, validate, one transaction.
//! Knows nothing of HTTP; memory is seen only through `domain::images`.

pub mod access_keys;
pub mod audit;
pub mod bootstrap;
pub mod configurations;
pub mod environments;
pub mod error;
pub mod flag_reads;
pub mod flags;
pub mod history;
pub mod housekeeping;
mod placing;
pub mod projects;
pub mod request;
pub mod shared;
pub mod usage;
pub mod validation;
pub mod view;
pub mod work;

use std::sync::Arc;

pub use error::{Current, ServiceError};
pub use request::{Idempotency, IfMatch, Request};
pub use work::Done;

use crate::domain::images::Images;
use crate::store::{Db, project::Project};

/// Most items of a page.
pub const PAGE_LIMIT: i64 = 500;

/// All use cases of one node.
#[derive(Clone)]
pub struct Service {
    db: Db,
    images: Arc<dyn Images>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("db", &self.db.name()).finish_non_exhaustive()
    }
}

impl Service {
    /// Use cases on a database, validating from what memory holds where it is current.
    pub fn new(db: Db, images: Arc<dyn Images>) -> Service {
        Service { db, images }
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Reads a project that the caller may see.
    pub async fn project(&self, request: &Request, key: &str) -> Result<Project, ServiceError> {
        let missing = || ServiceError::NotFound { kind: "project", key: key.to_owned() };
        if !request.caller.sees_project(key) {
            return Err(missing());
        }
        crate::store::project::get(&self.db, key).await?.ok_or_else(missing)
    }
}
