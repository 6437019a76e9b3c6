//! The true server in an empty folder, and the everyday acts of an admin.

#![allow(dead_code, reason = "not every set of tests uses all of it")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often it looks.
const PACE: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(PACE);
    }
}

/// Asks until there is an answer, and lets others work meanwhile.
pub async fn until_async<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(PACE).await;
    }
}

/// A program of this build: `cargo test` builds the examples, too.
pub fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join(name)
}

/// The server's binary: `PENNON_BIN`, else the debug build.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("PENNON_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(|deps| deps.parent()).unwrap().join("pennon");
    assert!(path.exists(), "no {}: run `cargo build --bin pennon`, or set PENNON_BIN", path.display());
    path
}

/// A server process.
pub struct Server {
    folder: tempfile::TempDir,
    process: Option<Child>,
    listen: String,
    pub address: String,
    pub token: String,
    #[expect(clippy::struct_field_names, reason = "it is what the design calls the key")]
    pub server_key: String,
}

impl Server {
    pub fn start() -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().unwrap(),
            process: None,
            listen: "127.0.0.1:0".into(),
            address: String::new(),
            token: String::new(),
            server_key: String::new(),
        };
        server.resume();
        let bootstrap: Value =
            serde_json::from_slice(&fs::read(server.folder.path().join("bootstrap.json")).unwrap()).unwrap();
        server.token = bootstrap["apiToken"].as_str().unwrap().into();
        server.server_key = bootstrap["serverKey"].as_str().unwrap().into();
        server
    }

    /// Starts it, again at the same address on the same data, and waits until it is ready.
    pub fn resume(&mut self) {
        let folder = self.folder.path();
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PENNON_")) {
            command.env_remove(name);
        }
        let process = command
            .arg("serve")
            .current_dir(folder)
            .env("PENNON_LISTEN", &self.listen)
            .env("PENNON_DATA_DIR", folder.join("data"))
            .env("PENNON_BOOTSTRAP_FILE", folder.join("bootstrap.json"))
            .env("PENNON_ADDRESS_FILE", folder.join("address"))
            .env("PENNON_STREAM_HEARTBEAT", "200ms")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        self.address = until("the server's address", || {
            fs::read_to_string(folder.join("address"))
                .ok()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        });
        self.listen = self.address.trim_start_matches("http://").into();
        until("the server is ready", || ureq::get(format!("{}/health/ready", self.address)).call().ok());
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// An admin request that must succeed.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1/projects/default/{path}", self.address);
        let request = ureq::post(&url)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("If-Match", "*");
        let mut answer = request.send_json(body).unwrap_or_else(|error| panic!("POST {url}: {error}"));
        answer.body_mut().read_json().unwrap()
    }

    /// A boolean flag, off.
    pub fn flag(&self, key: &str) {
        self.post("flags", &json!({"key": key, "type": "boolean", "clientVisible": true}));
    }

    pub fn switch(&self, key: &str, on: bool) {
        let act = if on { "on" } else { "off" };
        self.post(&format!("flags/{key}/environments/development/{act}"), &json!({}));
    }

    pub fn rollout(&self, key: &str, percentage: f64) {
        let body = json!({"percentage": percentage, "variant": "on"});
        self.post(&format!("flags/{key}/environments/development/rollout"), &body);
    }

    /// What the server itself answers over OFREP.
    pub fn evaluate(&self, key: &str, context: &Value) -> Value {
        let url = format!("{}/ofrep/v1/evaluate/flags/{key}", self.address);
        let request = ureq::post(&url).header("Authorization", format!("Bearer {}", self.server_key));
        request.send_json(json!({"context": context})).unwrap().body_mut().read_json().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("the server's log:\n{log}");
        }
    }
}
