//! A whole run: the server first, then the floor with what was learned of the server, then the report.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::task::LocalSet;

use crate::flags::Admin;
use crate::follow;
use crate::http::{Connection, Target};
use crate::measure::{Measured, Stage};
use crate::options::{Kind, Load};
use crate::process::{Home, Process};
use crate::report::Report;
use crate::sample::{self, Sample};
use crate::server::Server;
use crate::{herd, machine, made_up, say};

/// Runs and prints; false when something was wrong.
pub fn run(load: &Load) -> Result<bool> {
    machine::check_limits(load.streams, load.connections)?;
    let home = Home::new(load.keep)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = LocalSet::new().block_on(&runtime, whole(load, &home))?;
    print(&report.text(load));
    if let Some(file) = &load.json {
        report.write(load, file)?;
    }
    Ok(report.faults.is_empty())
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn print(text: &str) {
    print!("{text}");
}

async fn whole(load: &Load, home: &Home) -> Result<Report> {
    let mut report = Report::default();
    let sample = if load.floor_only {
        Arc::new(made_up::sample(load.flags.into())?)
    } else {
        server(load, home, &mut report).await?
    };
    if load.floor_only || (load.herd.is_none() && !load.no_floor) {
        let measured = floor(load, home, &sample).await?;
        report.floor = Some(measured.figures);
        report.faults.extend(measured.faults);
    }
    Ok(report)
}

/// The true server: what it says, and how it bears the load.
async fn server(load: &Load, home: &Home, report: &mut Report) -> Result<Arc<Sample>> {
    let mut server = Server::start(load, &home.path).await?;
    report.binary = server.name();
    say(&format!("{} at {}", report.binary, server.process.address));
    let (target, admin_target) = (server.with_key(), server.with_token());
    let (mut admin, flags) = (Admin::new(admin_target.clone()), usize::from(load.flags));
    say(&format!("making {flags} flags, and learning what is said of each"));
    for number in 0..flags {
        admin.create(number).await?;
    }
    let channel = if load.kind == Kind::Ofrep { Some(channel(&target).await?) } else { None };
    let bodies: Vec<String> = (0..crate::flags::CONTEXTS).map(crate::flags::body).collect();
    let requests = follow::requests(load.kind, &target, &bodies, channel.as_deref());
    let first = requests.first().context("no stream")?;
    let sample = Arc::new(sample::learn(&target, first, &mut admin, flags).await?);
    let pid = server.process.pid();
    let mut stage = Stage {
        load,
        name: "pennon",
        pid,
        target,
        admin: admin_target,
        sample: Arc::clone(&sample),
        requests,
    };
    let measured = match load.herd {
        None => stage.measure().await?,
        Some(signal) => {
            let (measured, herd) = herd::measure(&mut stage, &mut server, signal).await?;
            report.herd = Some(herd);
            measured
        }
    };
    report.server = Some(measured.figures);
    report.faults.extend(measured.faults);
    let status = server.process.end("TERM").await?;
    if !status.success() {
        report.faults.push(format!("the server ended with {status} after SIGTERM"));
    }
    Ok(sample)
}

/// The channel that a bulk answer advertises.
async fn channel(target: &Target) -> Result<String> {
    let request = target.request("POST", "/ofrep/v1/evaluate/flags", &[], Some("{\"context\":{}}"));
    let mut connection = Connection::new(target.address);
    let answer = connection.send(&request).await?;
    let document: serde_json::Value = serde_json::from_slice(answer.body).context("the bulk answer")?;
    let uri = document.pointer("/eventStreams/0/endpoint/requestUri").and_then(serde_json::Value::as_str);
    Ok(uri.context("the bulk answer advertises no event stream")?.to_owned())
}

/// The floor, with the same load.
async fn floor(load: &Load, home: &Home, sample: &Arc<Sample>) -> Result<Measured> {
    let (file, address) = (home.path.join("sample.json"), home.path.join("floor"));
    std::fs::write(&file, serde_json::to_vec(sample.as_ref())?)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("floor").arg("--sample").arg(&file).arg("--address-file").arg(&address);
    if let Some(fault) = load.fault {
        let value = clap::ValueEnum::to_possible_value(&fault).context("a fault without a name")?;
        command.arg("--fault").arg(value.get_name());
    }
    let process = Process::start(command, &address).await?;
    // As long as the true one, so that the requests are of the same length.
    let target =
        Target { address: process.address, credential: "pnn_srv_development_".to_owned() + &"0".repeat(60) };
    // The floor knows one context's results only, and says them to everybody.
    let bodies = sample.bodies.get(..1).unwrap_or_default();
    let requests = follow::requests(load.kind, &target, bodies, None);
    let admin = target.clone();
    let stage = Stage {
        load,
        name: "floor",
        pid: process.pid(),
        target,
        admin,
        sample: Arc::clone(sample),
        requests,
    };
    stage.measure().await
}
