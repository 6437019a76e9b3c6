//! `pennon segment …`: reading the segments of a project.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::describe::{condition, list, shown, text};
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, plain};
use super::remote::Remote;
use super::url::escaped;

/// Commands of segments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the project's segments
    List,
    /// Show one segment
    Get(Get),
}

/// Show one segment.
#[derive(Debug, Args)]
pub struct Get {
    /// The segment's key
    #[arg(value_name = "SEGMENT")]
    key: String,
}

impl Command {
    /// Runs the command.
    pub fn run(self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        match self {
            Command::List => show_all(remote, out),
            Command::Get(get) => show_one(&get.key, remote, out),
        }
    }
}

fn show_all(remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let Some(segments) = items(&remote.client, &remote.in_project("/segments"), None, out)? else {
        return Ok(());
    };
    if segments.is_empty() {
        return out.line("no segments");
    }
    let count = |segment: &Value, name: &str| list(segment, name).len().to_string();
    let row = |segment: &Value| {
        let when = segment.get("when").map(condition).unwrap_or_default();
        vec![plain(text(segment, "key")), count(segment, "included"), count(segment, "excluded"), when]
    };
    let rows: Vec<_> = segments.iter().map(row).collect();
    out.table(&["SEGMENT", "INCLUDED", "EXCLUDED", "WHEN"], &rows)
}

fn show_one(key: &str, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let answer = remote.client.get(&remote.in_project(&format!("/segments/{}", escaped(key))))?;
    if out.is_json() {
        return out.line(&answer.text);
    }
    let segment = answer.value()?;
    let version = segment.get("version").map(shown).unwrap_or_default();
    out.line(&format!("{}  version {version}", plain(text(&segment, "key"))))?;
    for name in ["by", "included", "excluded"] {
        let values: Vec<_> = list(&segment, name).iter().map(shown).collect();
        if !values.is_empty() {
            out.line(&format!("  {name}: {}", values.join(", ")))?;
        }
    }
    match segment.get("when") {
        Some(when) => out.line(&format!("  when {}", condition(when))),
        None => out.line("  only what is included"),
    }
}
