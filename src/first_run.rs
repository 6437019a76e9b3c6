//! What a start says: where the node listens, and, once, the keys of the first run with a curl that works.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tracing::error;

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

/// Makes sure, before anything is made, that the keys can be written where they are wanted.
pub fn check(path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let check = || -> std::io::Result<()> {
        if path.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        let (temporary, _file) = temporary(path)?;
        std::fs::remove_file(temporary)
    };
    check().with_context(|| {
        format!("cannot write the keys of the first run to {} (--bootstrap-file)", path.display())
    })
}

/// Tells the address of a node whose database is away: it serves what its disk holds, and somebody may wait for the file.
pub fn tell_waiting(app: &App, address: SocketAddr) {
    let local = local(app, address);
    say(&format!("Pennon listens at {local}, and waits for its database\n"));
    if let Some(path) = &app.config.address_file {
        write(path, local.as_bytes());
    }
}

fn local(app: &App, address: SocketAddr) -> String {
    format!("http://{}{}", reachable(address), app.config.base_path)
}

/// Tells the address, and the keys if they were just made. They can never be told again: the screen has them first, and
/// no file is a reason to stop.
pub async fn tell(app: &App, address: SocketAddr, first: Option<&FirstRun>) {
    let local = local(app, address);
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
        write(path, &serde_json::to_vec_pretty(&written).unwrap_or_default());
    }
    if let Some(path) = &app.config.address_file {
        write(path, local.as_bytes());
    }
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

Watch every change arrive, in another terminal:

  curl -N {url}/api/v1/sdk/stream -H 'Authorization: Bearer {server_key}'

Turn it on, then evaluate it again:

  export PENNON_URL={url} PENNON_TOKEN={api_token}
  pennon flag on {SAMPLE_FLAG}          (from a checkout: cargo run --release -- flag on {SAMPLE_FLAG})
  pennon tail                           (who changes what, while it happens)

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

/// Writes a file that only its owner may read, whole or not at all; says so when it cannot.
fn write(path: &Path, bytes: &[u8]) {
    let write = || -> std::io::Result<()> {
        let (temporary, mut file) = temporary(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    if let Err(cause) = write() {
        error!(file = %path.display(), error = %cause, "a file was not written");
    }
}

/// A new file beside another one: whatever stood at its place, a link of somebody else's too, is not written through.
fn temporary(path: &Path) -> std::io::Result<(PathBuf, File)> {
    let temporary = path.with_extension("tmp");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&temporary)?;
    Ok((temporary, file))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{check, write};

    #[test]
    fn a_file_is_private_and_never_written_through_what_lies_there() {
        let folder = std::env::temp_dir().join(format!("pennon-first-run-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, other) = (folder.join("keys.json"), folder.join("other"));
        std::fs::write(&other, "mine").unwrap();
        symlink(&other, folder.join("keys.tmp")).unwrap();
        check(Some(&path)).unwrap();
        assert!(!path.exists() && !folder.join("keys.tmp").exists(), "a check leaves nothing");
        symlink(&other, folder.join("keys.tmp")).unwrap();
        write(&path, b"secret");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(check(Some(&folder)).is_err(), "a folder is no file");
        assert!(check(Some(&path.join("below"))).is_err(), "a file is no folder");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
