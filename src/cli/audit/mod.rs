//! `pennon audit …`: reading the audit log, keeping it, and proving that nobody changed it.

mod chain;
mod verify;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::describe::{shown, text, time};
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, plain};
use super::remote::Remote;

/// What a whole chain is asked for as.
const NDJSON: &str = "application/x-ndjson";

/// Commands of the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the newest entries
    List(List),
    /// Write the whole chain as NDJSON, oldest first
    Export(Export),
    /// Check that no entry was changed, removed or put in between
    Verify(verify::Verify),
}

/// Which chain.
#[derive(Debug, Args)]
pub struct Chain {
    /// The installation's log instead of the project's
    #[arg(long)]
    pub installation: bool,
}

impl Chain {
    /// Where it is.
    pub fn path(&self, remote: &Remote) -> String {
        if self.installation { "/api/v1/audit".to_owned() } else { remote.in_project("/audit") }
    }
}

/// Show the newest entries.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    chain: Chain,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Write the whole chain.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    chain: Chain,
    /// Only entries after this one
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
}

impl Command {
    /// Runs the command.
    pub fn run(self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        match self {
            Command::List(list) => list.run(remote, out),
            Command::Export(export) => export.run(remote, out),
            Command::Verify(verify) => verify.run(remote, out),
        }
    }
}

impl List {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let Some(entries) = items(&remote.client, &self.chain.path(remote), Some(self.limit), out)? else {
            return Ok(());
        };
        let rows: Vec<_> = entries.iter().map(row).collect();
        out.table(&["SEQ", "AT", "BY", "ACTION", "WHAT", "ENVIRONMENT", "REVISION", "REASON"], &rows)
    }
}

fn row(item: &Value) -> Vec<String> {
    let entry = item.get("entry").unwrap_or(&Value::Null);
    let cell = |name: &str| plain(text(entry, name));
    let by = entry.get("actor").map(|actor| plain(text(actor, "name"))).unwrap_or_default();
    vec![
        item.get("seq").map(shown).unwrap_or_default(),
        time(entry, "at"),
        by,
        cell("action"),
        cell("key"),
        cell("environment"),
        entry.get("revision").map(shown).unwrap_or_default(),
        cell("reason"),
    ]
}

impl Export {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = format!("{}?after={}", self.chain.path(remote), self.after);
        let mut lines = remote.client.lines(&path, NDJSON)?;
        loop {
            let chunk = lines.fill_buf().map_err(|error| {
                Failure::Failed(format!("the export broke off ({error}); what was written is incomplete"))
            })?;
            if chunk.is_empty() {
                return Ok(());
            }
            out.bytes(chunk)?;
            let length = chunk.len();
            lines.consume(length);
        }
    }
}
