//! The schema: migrations embedded in the binary, applied in order under the database's own lock.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Db, StoreError};

const SQLITE: &[(i64, &str, &str)] = &[
    (1, "core", include_str!("../../migrations/sqlite/0001_core.sql")),
    (2, "usage", include_str!("../../migrations/sqlite/0002_usage.sql")),
];
const POSTGRES: &[(i64, &str, &str)] = &[
    (1, "core", include_str!("../../migrations/postgres/0001_core.sql")),
    (2, "usage", include_str!("../../migrations/postgres/0002_usage.sql")),
];

/// Applies what is missing; nodes that start together wait for each other.
pub async fn run(db: &Db) -> Result<(), StoreError> {
    match db {
        Db::Sqlite { write, .. } => {
            // SQLite has no lock for this: another process that starts at the same moment may have been first. Then
            // there is nothing left to do the second time.
            if migrator(SQLITE).run(write).await.is_err() {
                migrator(SQLITE).run(write).await?;
            }
        }
        Db::Postgres { pool, .. } => migrator(POSTGRES).run(pool).await?,
    }
    Ok(())
}

fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = files
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    // A newer node may have migrated already: migrations expand first, so an older one goes on working.
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_ignore_missing(true);
    migrator
}
