//! Two drivers behind one small API: static SQL in the common subset; text, 64-bit integers, and floats to read.
//! Knows nothing of tables; the differences between the databases live here and in `migrations/`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    Arguments as _, ColumnIndex, ConnectOptions as _, Decode, PgPool, Postgres, Row as _, Sqlite, SqlitePool,
    Type,
};

use super::error::StoreError;

/// Connections that read from SQLite; writers share one, since SQLite has one writer anyway.
const SQLITE_READERS: u32 = 4;
/// How long a statement waits for SQLite's write lock or a pooled connection before it gives up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A statement slower than this is worth a line in the log.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);
/// Bytes of documents in one page: five hundred rows of a megabyte each are not held at once.
pub const PAGE_BYTES: usize = 8 << 20;
/// The channel on which nodes tell each other that something changed (a hint: the poll is the truth).
pub const NOTIFY_CHANNEL: &str = "pennon";

/// One bound argument. A NULL is typed too: sqlx caches statements by their text alone.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    /// A text.
    Text(&'a str),
    /// A text or NULL.
    OptText(Option<&'a str>),
    /// A 64-bit integer; booleans are 0 and 1, times are microseconds.
    Int(i64),
    /// An integer or NULL.
    OptInt(Option<i64>),
}

/// One row of either driver.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From Postgres.
    Postgres(PgRow),
}

/// Either database, with its pools.
#[derive(Debug, Clone)]
pub enum Db {
    /// Embedded SQLite.
    Sqlite {
        /// The one connection that writes.
        write: SqlitePool,
        /// The connections that read.
        read: SqlitePool,
        /// Test offset of the clock inside transactions, in microseconds.
        offset: Arc<AtomicI64>,
    },
    /// Postgres.
    Postgres {
        /// The pool.
        pool: PgPool,
        /// Test offset of the clock inside transactions, in microseconds.
        offset: Arc<AtomicI64>,
    },
}

/// An open transaction. Dropped without `commit`, it rolls back.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite, begun IMMEDIATE.
    Sqlite(sqlx::Transaction<'static, Sqlite>, Arc<AtomicI64>),
    /// On Postgres, READ COMMITTED.
    Postgres(sqlx::Transaction<'static, Postgres>, Arc<AtomicI64>),
}

impl Db {
    /// Opens (and creates) an SQLite file. `:memory:` is not supported: readers and the writer are separate.
    pub async fn sqlite(path: &std::path::Path) -> Result<Db, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a commit that was acknowledged survives a power cut, not only a crash of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .log_slow_statements(log::LevelFilter::Warn, SLOW_STATEMENT);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options.read_only(true));
        Ok(Db::Sqlite { write, read, offset: Arc::default() })
    }

    /// Prepares a pool for Postgres; connects when first used, so that a node starts while the database is away.
    pub fn postgres(url: &str, max_connections: u32) -> Result<Db, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(StoreError::from)?;
        // No startup options besides the name: poolers refuse them.
        let options =
            options.application_name("pennon").log_slow_statements(log::LevelFilter::Warn, SLOW_STATEMENT);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Db::Postgres { pool, offset: Arc::default() })
    }

    /// "sqlite" or "postgres".
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Db::Sqlite { .. } => "sqlite",
            Db::Postgres { .. } => "postgres",
        }
    }

    /// Moves the clock that transactions read, for tests of anything that depends on time.
    pub fn set_clock_offset(&self, micros: i64) {
        match self {
            Db::Sqlite { offset, .. } | Db::Postgres { offset, .. } => {
                offset.store(micros, Ordering::Relaxed);
            }
        }
    }

    /// Begins a writing transaction (SQLite: BEGIN IMMEDIATE).
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self.clone() {
            Db::Sqlite { write, offset, .. } => {
                uncut(async move { Ok(Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?, offset)) }).await
            }
            Db::Postgres { pool, offset } => {
                uncut(async move { Ok(Tx::Postgres(pool.begin_with(POSTGRES_BEGIN).await?, offset)) }).await
            }
        }
    }

    /// Begins a transaction in which several reads see one state of the database.
    pub async fn begin_read(&self) -> Result<Tx, StoreError> {
        match self.clone() {
            Db::Sqlite { read, offset, .. } => {
                uncut(async move { Ok(Tx::Sqlite(read.begin().await?, offset)) }).await
            }
            Db::Postgres { pool, offset } => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                uncut(async move { Ok(Tx::Postgres(pool.begin_with(begin).await?, offset)) }).await
            }
        }
    }

    /// Reads all rows of a query, outside any transaction.
    pub async fn fetch_all(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite { read, .. } => {
                let rows = sqlx::query_with(sql, sqlite_args(args)?).fetch_all(read).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Db::Postgres { pool, .. } => {
                let rows = sqlx::query_with(sql, postgres_args(args)?).fetch_all(pool).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Reads rows as long as what a text column of them holds stays within [`PAGE_BYTES`], and one row more, so that
    /// the caller sees that there are more; two rows at least.
    pub async fn fetch_page(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
        column: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite { read, .. } => {
                within(sqlx::query_with(sql, sqlite_args(args)?).fetch(read), Row::Sqlite, column).await
            }
            Db::Postgres { pool, .. } => {
                within(sqlx::query_with(sql, postgres_args(args)?).fetch(pool), Row::Postgres, column).await
            }
        }
    }

    /// Reads at most one row, outside any transaction.
    pub async fn fetch_optional(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, StoreError> {
        match self {
            Db::Sqlite { read, .. } => {
                let row = sqlx::query_with(sql, sqlite_args(args)?).fetch_optional(read).await?;
                Ok(row.map(Row::Sqlite))
            }
            Db::Postgres { pool, .. } => {
                let row = sqlx::query_with(sql, postgres_args(args)?).fetch_optional(pool).await?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    /// Closes the pools; running statements finish first.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl Tx {
    /// Runs a statement; answers how many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        match self {
            Tx::Sqlite(tx, _) => {
                Ok(sqlx::query_with(sql, sqlite_args(args)?).execute(&mut **tx).await?.rows_affected())
            }
            Tx::Postgres(tx, _) => {
                Ok(sqlx::query_with(sql, postgres_args(args)?).execute(&mut **tx).await?.rows_affected())
            }
        }
    }

    /// Reads all rows of a query.
    pub async fn fetch_all(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Tx::Sqlite(tx, _) => {
                let rows = sqlx::query_with(sql, sqlite_args(args)?).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Tx::Postgres(tx, _) => {
                let rows = sqlx::query_with(sql, postgres_args(args)?).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Reads at most one row.
    pub async fn fetch_optional(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, StoreError> {
        match self {
            Tx::Sqlite(tx, _) => {
                let row = sqlx::query_with(sql, sqlite_args(args)?).fetch_optional(&mut **tx).await?;
                Ok(row.map(Row::Sqlite))
            }
            Tx::Postgres(tx, _) => {
                let row = sqlx::query_with(sql, postgres_args(args)?).fetch_optional(&mut **tx).await?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    /// Reads the one row that must be there; its absence is `StoreError::Missing`.
    pub async fn fetch_one(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Row, StoreError> {
        self.fetch_optional(sql, args).await?.ok_or(StoreError::Missing)
    }

    /// The database's own time in microseconds UTC, plus the test offset: the only clock of a transaction.
    pub async fn now(&mut self) -> Result<i64, StoreError> {
        let (sql, offset) = match self {
            Tx::Sqlite(_, offset) => (SQLITE_NOW, offset.load(Ordering::Relaxed)),
            Tx::Postgres(_, offset) => (POSTGRES_NOW, offset.load(Ordering::Relaxed)),
        };
        Ok(self.fetch_one(sql, &[]).await?.int("now")?.saturating_add(offset))
    }

    /// Wakes the other nodes at commit. A hint only: SQLite has one node and needs none.
    pub async fn notify(&mut self, payload: &str) -> Result<(), StoreError> {
        if let Tx::Postgres(..) = self {
            self.fetch_optional(POSTGRES_NOTIFY, &[Arg::Text(NOTIFY_CHANNEL), Arg::Text(payload)]).await?;
        }
        Ok(())
    }

    /// Commits. An error here leaves it open whether the change was stored; see `StoreError::is_unavailable`.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx, _) => Ok(tx.commit().await?),
            Tx::Postgres(tx, _) => Ok(tx.commit().await?),
        }
    }

    /// Rolls back now, rather than when dropped.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx, _) => Ok(tx.rollback().await?),
            Tx::Postgres(tx, _) => Ok(tx.rollback().await?),
        }
    }
}

async fn within<R>(
    mut found: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    row: impl Fn(R) -> Row,
    column: &'static str,
) -> Result<Vec<Row>, StoreError> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(next) = found.try_next().await? {
        let next = row(next);
        bytes += next.text(column)?.len();
        rows.push(next);
        if rows.len() > 1 && bytes > PAGE_BYTES {
            break;
        }
    }
    Ok(rows)
}

/// Begins to the end, also when the caller has gone (a client hung up, a request took too long): a BEGIN that was cut off
/// gives its connection back inside a transaction that sqlx knows nothing of. Once begun, dropping it rolls it back.
async fn uncut(
    begin: impl Future<Output = Result<Tx, StoreError>> + Send + 'static,
) -> Result<Tx, StoreError> {
    tokio::spawn(begin).await.unwrap_or(Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)))
}

/// A writer waits for a row, and a stopped one holds its rows, only so long; LOCAL, so that it works behind poolers.
const POSTGRES_BEGIN: &str =
    "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '20s'";
const SQLITE_NOW: &str = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000 AS now";
const POSTGRES_NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
const POSTGRES_NOTIFY: &str = "SELECT CAST(pg_notify($1, $2) AS TEXT)";

impl Row {
    /// A text column that is not NULL.
    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.get(column)
    }

    /// A text column that may be NULL.
    pub fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    /// An integer column that is not NULL.
    pub fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.get(column)
    }

    /// An integer column that may be NULL.
    pub fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    /// A floating-point column that is not NULL.
    pub fn real(&self, column: &'static str) -> Result<f64, StoreError> {
        self.get(column)
    }

    /// A boolean, stored as 0 or 1.
    pub fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
        &'static str: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Row::Sqlite(row) => Ok(row.try_get(column)?),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }
}

/// Many rows as one argument: a statement reads them with `json_each($1)`, and their columns with `value ->> 0` and so on.
pub fn rows<T: serde::Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn sqlite_args(args: &[Arg<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut bound = SqliteArguments::default();
    for arg in args {
        match *arg {
            Arg::Text(value) => bound.add(value.to_owned()),
            Arg::OptText(value) => bound.add(value.map(str::to_owned)),
            Arg::Int(value) => bound.add(value),
            Arg::OptInt(value) => bound.add(value),
        }
        .map_err(|error| StoreError::from(sqlx::Error::Encode(error)))?;
    }
    Ok(bound)
}

fn postgres_args(args: &[Arg<'_>]) -> Result<PgArguments, StoreError> {
    let mut bound = PgArguments::default();
    for arg in args {
        match *arg {
            Arg::Text(value) => bound.add(value),
            Arg::OptText(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::OptInt(value) => bound.add(value),
        }
        .map_err(|error| StoreError::from(sqlx::Error::Encode(error)))?;
    }
    Ok(bound)
}
