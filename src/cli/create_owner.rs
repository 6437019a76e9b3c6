//! `pennon key create-owner`: the way back when every owner's token is lost. It needs the database, not a token, so it
//! runs the server's own code beside it.

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, plain};
use super::settings::SettingFlags;
use crate::config::{Config, Database};
use crate::service::Service;
use crate::service::access_keys::KeyView;
use crate::snapshot::registry::Registry;

/// Make an owner's token in the database that the settings name. No server is asked and no token needed: whoever may
/// write to the database may do this. Servers that run take the token within moments. The audit log tells of it.
#[derive(Debug, Args)]
pub struct CreateOwner {
    /// Its name: whose it is
    #[arg(default_value = "owner (made offline)")]
    name: String,
    #[command(flatten)]
    settings: SettingFlags,
}

impl CreateOwner {
    /// Runs the command.
    pub fn run(self, out: &mut Output) -> Result<(), Failure> {
        let config = self.settings.load()?.config;
        let made = super::serve::runtime()?.block_on(create(&config, &self.name));
        let view = made.map_err(|error| Failure::Failed(format!("no owner's token was made: {error:#}")))?;
        let secret = view.secret.unwrap_or_default();
        if out.is_json() {
            return out
                .line(&json!({"id": view.key.id, "name": view.key.name, "secret": secret}).to_string());
        }
        out.line(&format!(
            "{} ({}); this is shown once, so keep it now:",
            plain(&view.key.name),
            view.key.id
        ))?;
        out.line(&secret)
    }
}

async fn create(config: &Config, name: &str) -> anyhow::Result<KeyView> {
    if let Database::Sqlite(path) = config.database()
        && !path.exists()
    {
        bail!("there is no database at {}", path.display());
    }
    let db = crate::open_database(config).await?;
    let service = Service::new(db.clone(), Arc::new(Registry::default()));
    let made = match service.had_first_run().await {
        Ok(true) => service.create_owner(name).await.map_err(anyhow::Error::new),
        Ok(false) => Err(anyhow::anyhow!(
            "nothing has run on this database yet: start the server, and it shows the first token"
        )),
        Err(cause) => Err(cause.into()),
    };
    db.close().await;
    made
}
