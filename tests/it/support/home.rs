//! Where a server keeps its things: a temporary directory and a database of its own, both removed at the end.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// Which database a home has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A directory and a database. Several servers may share one on Postgres.
#[derive(Debug)]
pub struct Home {
    pub directory: PathBuf,
    pub database: Database,
    /// `PENNON_DATABASE_URL` of the server.
    pub url: String,
    name: String,
    admin: String,
}

impl Home {
    /// A home with an SQLite file.
    pub fn sqlite() -> Home {
        let (directory, name) = directory();
        let url = format!("sqlite:{}", directory.join("pennon.db").display());
        Home { directory, database: Database::Sqlite, url, name, admin: String::new() }
    }

    /// A home with a database of its own on the Postgres that `PENNON_TEST_POSTGRES` names.
    pub fn postgres() -> Home {
        let admin = std::env::var("PENNON_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!(
                "PENNON_TEST_POSTGRES is not set: these tests run on both databases. \
                 Try: export PENNON_TEST_POSTGRES=$(tests/postgres start)"
            )
        });
        let (directory, name) = directory();
        let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        execute(&admin, format!("CREATE DATABASE {name} TEMPLATE template0"));
        Home { directory, database: Database::Postgres, url, name, admin }
    }

    /// A home on a Postgres database that somebody else makes and removes.
    pub fn at(url: &str) -> Home {
        let (directory, name) = directory();
        Home { directory, database: Database::Postgres, url: url.to_owned(), name, admin: String::new() }
    }

    /// The file or directory of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Opens the database as the server does.
    pub async fn open(&self) -> pennon::store::Db {
        match self.database {
            Database::Sqlite => {
                pennon::store::Db::sqlite(Path::new(&self.url["sqlite:".len()..])).await.unwrap()
            }
            Database::Postgres => pennon::store::Db::postgres(&self.url, 4).unwrap(),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.admin.is_empty() {
            execute(&self.admin, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Runs a future to its end: most tests are not asynchronous.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let build =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    RUNTIME.get_or_init(build).block_on(future)
}

fn execute(url: &str, sql: String) {
    block_on(async {
        let mut connection =
            PgConnection::connect(url).await.unwrap_or_else(|error| panic!("cannot reach {url}: {error}"));
        let done = connection.execute(sqlx::AssertSqlSafe(sql)).await;
        done.unwrap_or_else(|error| panic!("{url}: {error}"));
        connection.close().await.unwrap();
    });
}

/// A directory that nobody else uses, and a name that suits a database.
fn directory() -> (PathBuf, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let name = format!("pennon_{}_{}_{since}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let directory = std::env::temp_dir().join(&name);
    std::fs::create_dir_all(&directory).unwrap();
    (directory, name)
}
