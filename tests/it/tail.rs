//! `pennon tail` against the true server: who and what, while it happens, and across a restart.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::support::wait::PATIENCE;
use crate::support::{Home, Server, wait_until};

const CONFIGURATION: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development";

/// A running `pennon tail`, and the lines that it has printed.
struct Tail {
    process: Child,
    lines: Receiver<String>,
}

impl Tail {
    fn start(server: &Server, arguments: &[&str]) -> Tail {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
        command.env("PENNON_URL", &server.address).env("PENNON_TOKEN", &server.token);
        let mut process = command
            .arg("tail")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("pennon runs");
        let (sender, lines) = channel();
        let out = BufReader::new(process.stdout.take().expect("piped"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Tail { process, lines }
    }

    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn flip(server: &Server, action: &str, reason: &str) {
    let call = server.owner().post(&format!("{CONFIGURATION}/{action}")).reason(reason);
    call.header("If-Match", "*").expect(200);
}

fn listeners(server: &Server, count: usize) {
    let line = format!("pennon_streams{{kind=\"audit\"}} {count}");
    wait_until("so many listen to the audit log", || {
        let text = server.anonymous().get("/metrics").expect(200).text();
        text.lines().any(|own| own == line).then_some(())
    });
}

on_both! {
    fn who_changes_what_is_shown_while_it_happens_and_nothing_is_missed_across_a_restart(home: Home) {
        let mut server = Server::with(home, &[("PENNON_STREAM_RETRY", "10ms")]);
        let mut tail = Tail::start(&server, &["-n", "1", "--count", "4"]);
        let last = tail.line();
        assert!(last.contains("by pennon"), "the first run is what is there already: {last}");
        listeners(&server, 1);
        flip(&server, "on", "let us see");
        let line = tail.line();
        for part in ["development", "flag.on", "new_checkout_flow", "by owner", "revision 2", "\"let us see\""] {
            assert!(line.contains(part), "{part}: {line}");
        }
        server.stop();
        server.start();
        flip(&server, "off", "");
        assert!(tail.line().contains("flag.off"));
        // Every environment's, whichever one other commands mean when none is named.
        server.owner().post(&format!("{}/on", CONFIGURATION.replace("development", "production"))).reason("a test")
            .header("If-Match", "*").expect(200);
        let line = tail.line();
        assert!(line.contains("production") && line.contains("flag.on"), "{line}");
        server.owner().post("/api/v1/projects/default/segments").json(r#"{"key": "testers"}"#).expect(201);
        assert!(tail.line().contains("testers"));
        assert!(tail.process.wait().unwrap().success(), "it ends after so many");
    }

    fn a_flag_or_an_environment_alone_can_be_followed(server: Server) {
        let tail = Tail::start(&server, &["-n", "0", "--flag", "new_checkout_flow", "--in", "development", "--json"]);
        listeners(&server, 1);
        let project = "/api/v1/projects/default";
        server.owner().post(&format!("{project}/flags")).json(r#"{"key": "other"}"#).expect(201);
        server.owner().post(&format!("{project}/flags/new_checkout_flow/environments/production/on"))
            .header("If-Match", "*").reason("a test").expect(200);
        flip(&server, "on", "");
        let entry: Value = serde_json::from_str(&tail.line()).expect("JSON");
        assert_eq!((&entry["entry"]["action"], &entry["entry"]["environment"]), (&"flag.on".into(), &"development".into()));
        assert_eq!(entry["entry"]["actor"]["name"], "owner (first run)");
        // One line a change, on the wire too; the stream ends when nobody reads it.
        drop(tail);
        listeners(&server, 0);
    }
}

#[test]
fn a_change_through_another_node_is_shown_too() {
    let first = Server::with(Home::postgres(), &[]);
    let mut second = first.beside("node-2", &[]);
    second.start();
    let tail = Tail::start(&second, &["-n", "0"]);
    listeners(&second, 1);
    flip(&first, "on", "");
    assert!(tail.line().contains("flag.on"));
}
