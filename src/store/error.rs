//! What can go wrong in the database, reduced to what a caller can act on. Never shown to users as it is.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or did not answer in time: the write may be tried again.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A unique constraint refused the row: somebody else made it first.
    #[error("a row with this key exists already")]
    Duplicate(#[source] sqlx::Error),
    /// A row that must exist does not.
    #[error("a row that must exist is missing")]
    Missing,
    /// A stored document is not what this version writes.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// The migrations could not be applied.
    #[error("the migrations could not be applied: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Everything else: a defect of ours or of the database.
    #[error("the database refused: {0}")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// The database did not answer in time.
    #[must_use]
    pub fn silent() -> StoreError {
        StoreError::Unavailable(sqlx::Error::PoolTimedOut)
    }

    /// True when the database is away, busy, or not ready, so that trying again later can help.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            StoreError::Unavailable(_) => true,
            StoreError::Migrate(
                sqlx::migrate::MigrateError::Execute(error)
                | sqlx::migrate::MigrateError::ExecuteMigration(error, _),
            ) => away(error),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
            return StoreError::Duplicate(error);
        }
        if away(&error) { StoreError::Unavailable(error) } else { StoreError::Other(error) }
    }
}

/// Postgres classes 08 (connection), 28 (a login refused: passwords are changed while nodes run), 53 (resources), 57P (shutdown, starting up), 40 (serialisation, deadlock), 57014,
/// 55P03 and 25P03 (a statement, a lock, a transaction took too long), 25006 (read-only: a failover in progress); SQLite's BUSY (5), LOCKED (6), IOERR (10), FULL (13), CANTOPEN (14), READONLY (8).
fn away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(inner) => inner.code().is_some_and(|code| {
            ["08", "28", "53", "57P", "57014", "40", "55P03", "25P03", "25006"]
                .iter()
                .any(|class| code.len() == 5 && code.starts_with(class))
                || code
                    .parse::<u32>()
                    .is_ok_and(|number| matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14) && code.len() < 5)
        }),
        _ => false,
    }
}
