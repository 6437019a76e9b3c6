//! Pennon: feature flags, stored in a database, evaluated from memory, changed without a deploy.
//!
//! # Map
//!
//! | module | holds |
//! |---|---|
//! | `cli` | one file per command |
//! | [`config`] | settings: defaults, then file, environment, flags |
//! | [`app`] | the wired parts of one node |
//! | [`domain`] | plain types and the rules of change |
//! | [`service`] | use cases, and the only writer |
//! | [`store`] | SQL, for both databases |
//! | [`snapshot`] | the memory image, and the loop that keeps it current |
//! | [`stream`] | server-sent events: who listens, and what is sent next |
//! | [`usage`] | what SDKs tell of use, and what this node has evaluated |
//! | [`auth`] | keys, callers, policy |
//! | [`http`] | routes, wire types, statuses |
//! | [`telemetry`], [`clock`], [`shutdown`] | leaves |
//!
//! # Import rule
//!
//! `engine <- domain <- store <- snapshot <- stream`; `auth -> store, domain`; `snapshot -> auth` (the verifiers are part of the
//! image); `service -> domain, store, auth`; `usage -> store, domain`; `http -> service, snapshot, stream, usage, auth, domain, app`,
//! never `store`; `cli` speaks HTTP only, but for serve, migrate, openapi and `key create-owner` (offline, for lost tokens); `telemetry`, `clock`,
//! `shutdown` and `config` are leaves (`telemetry` reads `config`); only `app`, this file and tests see everything.
//! `tests/it/architecture.rs` enforces it.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
mod first_run;
pub mod http;
pub mod service;
pub mod shutdown;
pub mod snapshot;
pub mod store;
pub mod stream;
pub mod telemetry;
pub mod usage;

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use app::App;
use clock::Clock;
use config::{Config, Database};
use shutdown::Shutdown;
use store::Db;

/// Makes a folder that only its owner may enter: the file in it holds the installation's secret.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Opens the database that the settings name.
pub async fn open_database(config: &Config) -> anyhow::Result<Db> {
    match config.database() {
        Database::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                make_private(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            Db::sqlite(&path).await.with_context(|| format!("cannot open the database {}", path.display()))
        }
        Database::Postgres(url) => Ok(Db::postgres(url.expose(), config.database_connections)?),
    }
}

/// Files beside the connections: the database, the log, the disk image.
const FILES_BESIDE: u64 = 200;

/// Asks the system for as many files as connections may be open: the usual limit of a shell is 1 024.
fn allow_connections(config: &Config) {
    let wanted = u64::try_from(config.max_connections).unwrap_or(u64::MAX).saturating_add(FILES_BESIDE);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed < wanted => tracing::warn!(
            allowed,
            wanted,
            "the system allows fewer open files than max_connections needs: raise its limit (ulimit -n, LimitNOFILE) or lower the setting"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(error = %error, "the limit of open files could not be raised"),
    }
}

/// Runs a node until it is told to stop.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let metrics = telemetry::Metrics::install()?;
    allow_connections(&config);
    let db = open_database(&config).await?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another address with --listen, such as --listen 127.0.0.1:0",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;
    let app = Arc::new(App::new(config, db, Clock::System, metrics.clone(), shutdown.clone()));
    let tasks = TaskTracker::new();
    tasks.spawn(metrics.upkeep(shutdown.child()));
    let serving = tokio::spawn(http::server::serve(
        listener,
        http::router(Arc::clone(&app)),
        http::server::Bounds::new(&app.config),
        shutdown.draining_token(),
    ));
    info!(address = %address, base_path = app.config.base_path, database = app.service.db().name(), version = env!("CARGO_PKG_VERSION"), "listening");
    let prepared = tokio::select! {
        prepared = app.prepare(|| first_run::tell_waiting(&app, address)) => Some(prepared),
        () = shutdown.draining() => None,
    };
    let outcome = match prepared {
        None => Ok(()),
        Some(Err(cause)) => {
            error!(error = format!("{cause:#}"), "the node cannot start");
            shutdown.cancel();
            Err(cause)
        }
        Some(Ok(first)) => {
            app.start_loops(&tasks, &shutdown);
            first_run::tell(&app, address, first.as_ref()).await;
            Ok(())
        }
    };
    let served = serving.await;
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
    app.close().await;
    info!("stopped");
    outcome.and(served.context("the listener failed"))
}
