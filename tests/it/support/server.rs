//! The true server binary, started on a free port, killed at the end; what it said is shown when a test fails.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use serde_json::Value;

use super::wait::wait_until;
use super::{Answer, Client, Home};

/// A server process and what the first run gave.
#[derive(Debug)]
pub struct Server {
    /// The database, which other nodes may share.
    pub home: Arc<Home>,
    /// What this node keeps for itself: data, log, address.
    pub directory: PathBuf,
    /// `http://127.0.0.1:PORT`, with the base path.
    pub address: String,
    /// The owner's API token.
    pub token: String,
    /// A server key of `development`.
    #[expect(clippy::struct_field_names, reason = "it is what the design calls the key")]
    pub server_key: String,
    /// A client key of `development`.
    pub client_key: String,
    process: Option<Child>,
    variables: Vec<(String, String)>,
    listen: String,
}

impl From<Home> for Server {
    fn from(home: Home) -> Server {
        Server::on(home)
    }
}

impl Server {
    /// Starts one and waits until it is ready.
    pub fn on(home: Home) -> Server {
        Server::with(home, &[])
    }

    /// The same with more variables, such as `("PENNON_BASE_PATH", "/flags")`; they hold for later starts too.
    pub fn with(home: Home, variables: &[(&str, &str)]) -> Server {
        let mut server = Server::not_started(home, variables);
        server.start();
        server
    }

    /// One that `start` or `launch` starts.
    pub fn not_started(home: Home, variables: &[(&str, &str)]) -> Server {
        Server::node(Arc::new(home), "node-1", variables)
    }

    /// Another node on the same database, not yet started; `name` is its directory's.
    pub fn beside(&self, name: &str, variables: &[(&str, &str)]) -> Server {
        let mut other = Server::node(Arc::clone(&self.home), name, variables);
        other.token.clone_from(&self.token);
        other.server_key.clone_from(&self.server_key);
        other.client_key.clone_from(&self.client_key);
        other
    }

    fn node(home: Arc<Home>, name: &str, variables: &[(&str, &str)]) -> Server {
        let directory = home.path(name);
        fs::create_dir_all(&directory).expect("a directory");
        let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
        Server {
            home,
            directory,
            address: String::new(),
            token: String::new(),
            server_key: String::new(),
            client_key: String::new(),
            process: None,
            variables: variables.iter().map(owned).collect(),
            listen: "127.0.0.1:0".to_owned(),
        }
    }

    /// Starts it, on the same data and at the same address as before, and waits until it is ready.
    pub fn start(&mut self) {
        self.launch();
        self.wait_until_ready();
    }

    /// Starts the process and waits for nothing.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let _ = fs::remove_file(self.directory.join("address"));
        self.process = Some(self.command().spawn().expect("the server starts"));
    }

    /// Waits until the process has said its address, and until it is ready.
    pub fn wait_until_ready(&mut self) {
        let address = wait_until("the server says its address", || {
            if let Some(status) = self.exited() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            fs::read_to_string(self.directory.join("address")).ok().filter(|text| !text.is_empty())
        });
        let authority = address.trim_start_matches("http://");
        authority.split('/').next().expect("an authority").clone_into(&mut self.listen);
        self.address = address;
        if let Ok(text) = fs::read_to_string(self.directory.join("bootstrap.json")) {
            let first: Value = serde_json::from_str(&text).expect("JSON");
            let text = |name: &str| first[name].as_str().expect(name).to_owned();
            (self.token, self.server_key, self.client_key) =
                (text("apiToken"), text("serverKey"), text("clientKey"));
        }
        let client = self.anonymous();
        wait_until("the server is ready", || {
            client.get("/health/ready").try_send().ok().filter(|answer| answer.status == 200)
        });
    }

    /// The command that starts this server.
    pub fn command(&self) -> Command {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.directory.join("stderr"))
            .expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PENNON_")) {
            command.env_remove(name);
        }
        command
            .current_dir(&self.directory)
            .env("PENNON_LISTEN", &self.listen)
            .env("PENNON_DATA_DIR", self.directory.join("data"))
            .env("PENNON_DATABASE_URL", &self.home.url)
            .env("PENNON_BOOTSTRAP_FILE", self.directory.join("bootstrap.json"))
            .env("PENNON_ADDRESS_FILE", self.directory.join("address"))
            .env("PENNON_POLL_INTERVAL", "100ms")
            .env("PENNON_DATABASE_CONNECTIONS", "4")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// What it has said on standard error, over all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("stderr")).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Sends a signal by its name, such as `TERM` or `STOP`.
    pub fn signal(&self, name: &str) {
        send_signal(self.pid(), name);
    }

    /// Kills it as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Tells it to stop (SIGTERM) and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait_for_exit()
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let status = wait_until("the server ends", || self.exited());
        self.process = None;
        status
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.process.as_mut().and_then(|process| process.try_wait().expect("a child of ours"))
    }

    /// A client without a credential.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.address)
    }

    /// A client with the owner's token.
    pub fn owner(&self) -> Client {
        self.holding(&self.token)
    }

    /// A client with this key or token.
    pub fn holding(&self, credential: &str) -> Client {
        self.anonymous().with("Authorization", &format!("Bearer {credential}"))
    }

    /// Makes a token of the installation with one role, and answers a client that holds it.
    pub fn with_role(&self, role: &str) -> Client {
        let body = format!(r#"{{"kind": "api", "name": "{role}", "grants": [{{"role": "{role}"}}]}}"#);
        let made = self.owner().post("/api/v1/keys").json(&body).expect(201);
        self.holding(&made.text_at("/secret"))
    }

    /// Evaluates one flag with a key.
    pub fn evaluate(&self, key: &str, flag: &str, context: &str) -> Answer {
        let body = format!(r#"{{"context": {context}}}"#);
        self.holding(key).post(&format!("/ofrep/v1/evaluate/flags/{flag}")).json(&body).send()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- what the server said ---\n{}--- end ---", self.log());
        }
    }
}

/// Sends a signal to a process.
pub fn send_signal(pid: u32, name: &str) {
    let done = Command::new("sh").arg("-c").arg(format!("kill -s {name} {pid}")).status();
    assert!(done.expect("sh").success(), "kill -s {name} {pid}");
}
