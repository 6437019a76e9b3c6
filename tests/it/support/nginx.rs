//! nginx as people run it before nodes: started in the foreground with a configuration of the test's, ended with it.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::server::send_signal;
use super::wait::wait_until;
use super::{Client, Server};

/// A running nginx.
pub struct Nginx {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    directory: PathBuf,
    process: Child,
}

impl Nginx {
    /// Starts one in a directory; `server` is what stands in its `server` block, `upstream pennon` holds the nodes.
    pub fn start(directory: PathBuf, nodes: &[&Server], server: &str) -> Nginx {
        fs::create_dir_all(&directory).expect("a directory");
        // Somebody may take the port between the two: then nginx ends, and another one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")
                .and_then(|socket| socket.local_addr())
                .expect("a port")
                .port();
            fs::write(
                directory.join("nginx.conf"),
                configuration(&directory.display().to_string(), port, nodes, server),
            )
            .expect("a file");
            let mut nginx = Nginx {
                address: format!("http://127.0.0.1:{port}"),
                process: command(&directory)
                    .spawn()
                    .expect("nginx is installed: apt-get install nginx-light"),
                directory: directory.clone(),
            };
            if nginx.is_up() {
                return nginx;
            }
        }
        panic!(
            "nginx did not start: {}",
            fs::read_to_string(directory.join("error.log")).unwrap_or_default()
        );
    }

    /// Whether it listens; it may have ended instead.
    fn is_up(&mut self) -> bool {
        let probe = Client::new(&self.address);
        wait_until("nginx listens or ends", || {
            if self.process.try_wait().expect("a child of ours").is_some() {
                return Some(false);
            }
            probe.get("/nginx-is-up").try_send().ok().map(|answer| answer.text() == "up")
        })
    }

    /// What it complained of.
    pub fn complaints(&self) -> String {
        fs::read_to_string(self.directory.join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The first process ends its workers; killed, it would leave them behind.
        if matches!(self.process.try_wait(), Ok(None)) {
            send_signal(self.process.id(), "TERM");
        }
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- what nginx said ---\n{}--- end ---", self.complaints());
        }
    }
}

fn command(directory: &std::path::Path) -> Command {
    // Where Debian installs it, which is not on everybody's path.
    let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"]
        .into_iter()
        .find(|path| fs::exists(path).unwrap_or(false));
    let mut command = Command::new(program.unwrap_or("nginx"));
    command
        .arg("-p")
        .arg(directory)
        .arg("-c")
        .arg(directory.join("nginx.conf"))
        .arg("-e")
        .arg(directory.join("error.log"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn configuration(directory: &str, port: u16, nodes: &[&Server], server: &str) -> String {
    // A node that is away is asked again at once: a test has no ten seconds to wait for it to be trusted.
    let node = |node: &&Server| format!("        server {} max_fails=0;\n", &node.origin()[7..]);
    let nodes = nodes.iter().map(node).collect::<Vec<_>>().concat();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("    {kind}_temp_path {directory}/{kind};\n")).concat();
    // `user` keeps the right to write into a directory of ours when the tests run as root.
    let user =
        if fs::metadata("/root").is_ok_and(|_| fs::read_dir("/root").is_ok()) { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\npid {directory}/pid;\nerror_log {directory}/error.log warn;\nworker_processes 1;\n\
         events {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n{temporary}    upstream pennon {{\n{nodes}    }}\n    \
         server {{\n        listen 127.0.0.1:{port};\n        location = /nginx-is-up {{ return 200 up; }}\n{server}\n    }}\n}}\n"
    )
}
