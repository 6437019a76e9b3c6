//! `pennon migrate`: applies the migrations and ends, for deployments that start servers with
//! `--migrate=false`.

use clap::Args;

use super::failure::Failure;
use super::output::Output;
use super::settings::SettingFlags;
use crate::config::Config;
use crate::store::migrate;

/// Apply the migrations.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    settings: SettingFlags,
}

impl Migrate {
    /// Runs the command.
    pub fn run(self, out: &mut Output) -> Result<(), Failure> {
        let config = self.settings.load()?.config;
        let done = super::serve::runtime()?.block_on(migrate(&config));
        let name =
            done.map_err(|error| Failure::Failed(format!("the database was not migrated: {error:#}")))?;
        out.line(&format!("the {name} database is up to date"))
    }
}

async fn migrate(config: &Config) -> anyhow::Result<&'static str> {
    let db = crate::open_database(config).await?;
    let done = migrate::run(&db).await;
    db.close().await;
    done?;
    Ok(db.name())
}
