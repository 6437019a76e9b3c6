//! `pennon serve` (and `pennon` alone): settings, logs, runtime, signals, then the server.

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, Paint, plain};
use super::settings::SettingFlags;
use crate::config::{Config, Loaded};
use crate::shutdown::Shutdown;

/// Start a server.
#[derive(Debug, Args)]
pub struct Serve {
    /// Print the effective settings and where each comes from, and start nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

impl Serve {
    /// Runs until a signal.
    pub fn run(self, out: &mut Output) -> Result<(), Failure> {
        let loaded = self.settings.load()?;
        if self.check {
            return show(&loaded, out);
        }
        crate::telemetry::init_tracing(&loaded.config);
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let runtime = runtime()?;
        let done = runtime.block_on(serve(loaded.config));
        // What blocks (a disk write) is waited for a moment, not for ever.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        done
    }
}

/// A runtime of all cores.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("can't start the runtime: {error}")))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let shutdown = Shutdown::new();
    let signals = shutdown
        .on_signals()
        .map_err(|error| Failure::Failed(format!("can't listen for signals: {error}")))?;
    let done = crate::run(config, shutdown.clone()).await;
    shutdown.cancel();
    // It ends by itself now; a panic in it would have been logged.
    let _ended = signals.await;
    done.map_err(|error| Failure::Failed(format!("{error:#}")))
}

fn show(loaded: &Loaded, out: &mut Output) -> Result<(), Failure> {
    if out.is_json() {
        let settings: Vec<_> = loaded
            .sources
            .iter()
            .map(|(setting, source)| {
                json!({"name": setting.name, "value": (setting.show)(&loaded.config), "source": source.to_string()})
            })
            .collect();
        return out.line(&json!({"settings": settings, "warnings": loaded.warnings}).to_string());
    }
    let rows: Vec<_> = loaded
        .sources
        .iter()
        .map(|(setting, source)| {
            vec![setting.name.to_owned(), plain(&(setting.show)(&loaded.config)), source.to_string()]
        })
        .collect();
    out.table(&["SETTING", "VALUE", "FROM"], &rows)?;
    for warning in &loaded.warnings {
        let warning = out.paint(Paint::Red, &format!("warning: {warning}"));
        out.line(&warning)?;
    }
    Ok(())
}
