//! Child processes: the server and the floor. Each is killed when its value goes, whatever happens to the run.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::http::{Connection, Target};

/// A start over Postgres, or on a busy machine; the wait ends as soon as the process is ready.
const READY: Duration = Duration::from_mins(1);
/// The server drains for ten seconds at most.
const STOPPED: Duration = Duration::from_secs(30);
const PACE: Duration = Duration::from_millis(5);

/// A directory that goes with its value.
#[derive(Debug)]
pub struct Home {
    /// Where it is.
    pub path: PathBuf,
    is_kept: bool,
}

impl Home {
    /// A new one.
    pub fn new(is_kept: bool) -> Result<Home> {
        let path = std::env::temp_dir().join(format!("pennon-load-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Home { path, is_kept })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_kept {
            crate::say(&format!("kept: {}", self.path.display()));
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// What the first run wrote.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// The owner's.
    pub api_token: String,
    /// Of `development`.
    pub server_key: String,
}

/// A process that listens.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts a command that writes its address to `address_file`, and waits until it is ready.
    pub async fn start(mut command: Command, address_file: &Path) -> Result<Process> {
        let _ = fs::remove_file(address_file);
        let log = address_file.with_extension("log");
        let file = File::options().create(true).append(true).open(&log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        // Unset until it has said so; a value at once, so that the child goes if the wait fails.
        let mut process = Process { child, log, address: SocketAddr::from(([0, 0, 0, 0], 0)) };
        let deadline = Instant::now() + READY;
        while !process.is_ready(address_file).await {
            if let Some(status) = process.child.try_wait()? {
                bail!("{program} ended with {status}:\n{}", process.log());
            }
            if Instant::now() > deadline {
                bail!("{program} was not ready after {READY:?}:\n{}", process.log());
            }
            tokio::time::sleep(PACE).await;
        }
        Ok(process)
    }

    async fn is_ready(&mut self, address_file: &Path) -> bool {
        let text = fs::read_to_string(address_file).unwrap_or_default();
        let authority = text.trim().trim_start_matches("http://").split('/').next().unwrap_or_default();
        let Ok(address) = authority.parse() else { return false };
        self.address = address;
        let target = Target { address, credential: String::new() };
        let request = target.request("GET", "/health/ready", &[], None);
        let mut connection = Connection::new(address);
        connection.send(&request).await.is_ok_and(|answer| answer.head.status == 200)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it has said.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }

    /// Sends a signal by its name and waits for the end.
    pub async fn end(&mut self, signal: &str) -> Result<ExitStatus> {
        let done =
            Command::new("kill").args(["-s", signal, &self.pid().to_string()]).status().context("kill")?;
        if !done.success() {
            bail!("kill -s {signal} {}: {done}", self.pid());
        }
        let deadline = Instant::now() + STOPPED;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the process did not end within {STOPPED:?} of SIG{signal}:\n{}", self.log());
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
