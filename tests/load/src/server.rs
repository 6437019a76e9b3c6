//! The true server: which binary, with which settings, on which data.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::http::Target;
use crate::options::Load;
use crate::process::{Keys, Process};

const HOW_TO_BUILD: &str = "build it with `cargo build --profile dist` (what is shipped) or `cargo build --release`, \
                            or name one with --bin";

/// A server of this run's own.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub process: Process,
    /// Its first keys.
    pub keys: Keys,
    binary: PathBuf,
    settings: Vec<(String, String)>,
    home: PathBuf,
}

impl Server {
    /// Starts one with new data.
    pub async fn start(load: &Load, home: &Path) -> Result<Server> {
        let binary = binary(load)?;
        let settings = settings(load)?;
        let command = command(&binary, &settings, home, "127.0.0.1:0");
        let process = Process::start(command, &home.join("server")).await?;
        let text = std::fs::read_to_string(home.join("keys.json"))
            .context("the server wrote no keys: is the database new?")?;
        let keys = serde_json::from_str(&text).context("keys.json")?;
        Ok(Server { process, keys, binary, settings, home: home.to_owned() })
    }

    /// Starts it again, on the same data and at the same address, after it ended.
    pub async fn start_again(&mut self) -> Result<()> {
        let listen = self.process.address.to_string();
        let command = command(&self.binary, &self.settings, &self.home, &listen);
        self.process = Process::start(command, &self.home.join("server")).await?;
        Ok(())
    }

    /// Requests with the server key.
    pub fn with_key(&self) -> Target {
        Target { address: self.process.address, credential: self.keys.server_key.clone() }
    }

    /// Requests with the owner's token.
    pub fn with_token(&self) -> Target {
        Target { address: self.process.address, credential: self.keys.api_token.clone() }
    }

    /// Which binary it is, for the report.
    pub fn name(&self) -> String {
        self.binary.display().to_string()
    }
}

fn binary(load: &Load) -> Result<PathBuf> {
    if let Some(path) = &load.bin {
        return if path.is_file() {
            Ok(std::path::absolute(path)?)
        } else {
            bail!("no {}: {HOW_TO_BUILD}", path.display())
        };
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let changed =
        |path: &PathBuf| path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let built = ["dist", "release"].map(|profile| target.join(profile).join("pennon"));
    let newest = built.into_iter().filter(|path| path.is_file()).max_by_key(changed);
    let newest = newest.with_context(|| format!("no pennon in {}: {HOW_TO_BUILD}", target.display()))?;
    Ok(std::path::absolute(newest)?)
}

/// Limits that the load would meet although they are not what it measures. A herd meets the one on opening on purpose.
fn settings(load: &Load) -> Result<Vec<(String, String)>> {
    let room = load.streams + load.connections + 200;
    let mut settings = vec![
        ("PENNON_MAX_STREAMS".to_owned(), room.max(8_000).to_string()),
        ("PENNON_MAX_CONNECTIONS".to_owned(), room.max(10_000).to_string()),
        ("PENNON_CLIENT_KEY_STREAMS_PER_ADDRESS".to_owned(), room.to_string()),
        ("PENNON_LOG_LEVEL".to_owned(), "warn".to_owned()),
    ];
    if load.herd.is_none() {
        settings.push(("PENNON_STREAM_OPENS_PER_SECOND".to_owned(), room.max(1_000).to_string()));
    }
    for text in &load.settings {
        let (name, value) =
            text.split_once('=').with_context(|| format!("--set {text}: VARIABLE=VALUE is needed"))?;
        settings.retain(|(own, _)| own != name);
        settings.push((name.to_owned(), value.to_owned()));
    }
    if let Some(url) = &load.database_url {
        settings.push(("PENNON_DATABASE_URL".to_owned(), url.clone()));
    }
    Ok(settings)
}

fn command(binary: &Path, settings: &[(String, String)], home: &Path, listen: &str) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PENNON_")) {
        command.env_remove(name);
    }
    command
        .arg("serve")
        .current_dir(home)
        .env("PENNON_LISTEN", listen)
        .env("PENNON_DATA_DIR", home.join("data"))
        .env("PENNON_ADDRESS_FILE", home.join("server"))
        .env("PENNON_BOOTSTRAP_FILE", home.join("keys.json"))
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}
