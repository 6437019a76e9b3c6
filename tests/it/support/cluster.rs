//! A Postgres cluster of one test's own, which it may stop, pause and start again; removed at the end.

use std::process::{Command, Stdio};

use super::Home;

/// A throw-away cluster, made by `tests/postgres`.
#[derive(Debug)]
pub struct Cluster {
    name: String,
    url: String,
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start(purpose: &str) -> Cluster {
        let name = format!("{purpose}-{}", std::process::id());
        let url = run(&["start", &name]);
        Cluster { name, url }
    }

    /// A home on the cluster's own database: the cluster is thrown away with it.
    pub fn home(&self) -> Home {
        Home::at(&self.url)
    }

    /// Stops it at once, as a crash of the machine would: connections are cut, new ones refused.
    pub fn stop(&self) {
        run(&["stop", &self.name, "-m", "immediate"]);
    }

    /// Starts it again on the same port.
    pub fn start_again(&self) {
        run(&["start", &self.name]);
    }

    /// Stops every process of it without ending one (SIGSTOP): connections stay open and silent.
    pub fn pause(&self) {
        run(&["pause", &self.name]);
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        run(&["resume", &self.name]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run(&["remove", &self.name]);
    }
}

fn run(arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");
    let done =
        Command::new(script).args(arguments).stdin(Stdio::null()).output().expect("tests/postgres runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}
