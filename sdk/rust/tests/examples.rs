//! The examples do what they say, against the true server.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use support::{Server, example};

fn command(server: &Server, name: &str) -> Command {
    let path = example(name);
    assert!(path.exists(), "no {}: run `cargo build -p pennon-sdk --examples`", path.display());
    let mut command = Command::new(path);
    command.env("PENNON_URL", &server.address).env("PENNON_SDK_KEY", &server.server_key);
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_first_example_says_what_a_user_gets_and_why() {
    let server = Server::start();
    let before = output(command(&server, "first").arg("ada"));
    assert_eq!(before, "ada gets the old checkout\nbecause: DISABLED None\n");
    server.rollout("new_checkout_flow", 100.0);
    let after = output(command(&server, "first").arg("ada"));
    assert_eq!(after, "ada gets the new checkout\nbecause: SPLIT Some(\"rollout\")\n");
}

#[test]
fn the_web_service_follows_a_flip() {
    let server = Server::start();
    let mut process = Ending(command(&server, "axum").stdout(Stdio::piped()).spawn().unwrap());
    let mut address = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let url = format!("{}/checkout/ada", address.trim());
    let ask = || ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!(ask(), "old checkout");
    server.switch("new_checkout_flow", true);
    support::until("the flip", || (ask() == "new checkout").then_some(()));
}

#[test]
fn the_worker_does_its_jobs_and_ends() {
    let server = Server::start();
    server.switch("new_checkout_flow", true);
    let said = output(command(&server, "worker").arg("3"));
    assert_eq!(said, "job 1 went the new way\njob 2 went the new way\njob 3 went the new way\n");
}

#[test]
fn offline_needs_a_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.json");
    let document = r#"{"flags":{"f":{"key":"f","type":"string","enabled":true,"variants":{"a":"hello"},"fallthrough":{"variant":"a"}}}}"#;
    std::fs::write(&file, document).unwrap();
    let said = output(Command::new(example("offline")).arg(file).args(["f", "ada"]));
    assert_eq!(said, "\"hello\" because: STATIC\n");
}
