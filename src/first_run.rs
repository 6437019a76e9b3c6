//! What a start says: where the node listens, and, once, the keys of the first run with a curl that works.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::app::App;
use crate::service::bootstrap::{ENVIRONMENT, FirstRun, PROJECT, SAMPLE_FLAG};

/// How long the words on the screen wait until the node serves what they promise.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    address: &'a str,
    api_token: &'a str,
    server_key: &'a str,
    client_key: &'a str,
    project: &'a str,
    environment: &'a str,
}

/// Tells the address, and the keys if they were just made.
pub async fn tell(app: &App, address: SocketAddr, first: Option<&FirstRun>) -> anyhow::Result<()> {
    let local = format!("http://{}{}", reachable(address), app.config.base_path);
    let url = app.config.public_url.clone().unwrap_or_else(|| local.clone());
    // The curl on the screen works as it stands: wait until the node serves.
    app.registry.wait_for_installation(1, PATIENCE).await;
    // Said first of all: the keys are stored nowhere, so a file that cannot be written must not take them along.
    let text = first.map_or_else(|| format!("Pennon serves at {url}\n"), |first| screen(&url, first));
    say(&text);
    if let (Some(first), Some(path)) = (first, &app.config.bootstrap_file) {
        let written = Written {
            address: &local,
            api_token: &first.api_token,
            server_key: &first.server_key,
            client_key: &first.client_key,
            project: PROJECT,
            environment: ENVIRONMENT,
        };
        write_private(path, &serde_json::to_vec_pretty(&written)?)?;
    }
    if let Some(path) = &app.config.address_file {
        write_private(path, local.as_bytes())?;
    }
    Ok(())
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; that is no reason to stop.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn screen(url: &str, first: &FirstRun) -> String {
    let FirstRun { api_token, server_key, client_key } = first;
    format!(
        r#"
Pennon serves at {url}

This is the first run. It made the project "{PROJECT}" with the environments "development" and "production"
(protected), a sample flag "{SAMPLE_FLAG}", and three keys. They are shown this once: keep them.

  API token (owner)         {api_token}
  server key (development)  {server_key}
  client key (development)  {client_key}

Evaluate the sample flag:

  curl -s {url}/ofrep/v1/evaluate/flags/{SAMPLE_FLAG} \
    -H 'Authorization: Bearer {server_key}' \
    -H 'Content-Type: application/json' \
    -d '{{"context": {{"targetingKey": "user-1"}}}}'

Turn it on, then evaluate it again:

  export PENNON_URL={url} PENNON_TOKEN={api_token}
  pennon flag on {SAMPLE_FLAG}          (from a checkout: cargo run --release -- flag on {SAMPLE_FLAG})

The API is described at {url}/docs

"#
    )
}

/// An address that a person can type: the unspecified one is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        reachable.set_ip(loopback);
    }
    reachable
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
