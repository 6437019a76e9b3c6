//! Versions of a flag: what was done, by whom, when and why; and going back to one.

use clap::Args;
use serde_json::{Value, json};

use super::tell;
use crate::cli::describe::{is_enabled, sentence, shown, text, time};
use crate::cli::failure::Failure;
use crate::cli::listing::items;
use crate::cli::output::{Output, plain};
use crate::cli::remote::Remote;

/// Versions shown unless more are asked for.
const SHOWN: usize = 20;

/// Show the versions of a flag.
#[derive(Debug, Args)]
pub struct History {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// The versions of the definition (variants, tags …), which all environments share
    #[arg(long)]
    definition: bool,
    /// At most so many, the newest first
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    limit: usize,
}

impl History {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = if self.definition { remote.flag(&self.key) } else { remote.configuration(&self.key) };
        let Some(versions) = items(&remote.client, &format!("{path}/history"), Some(self.limit), out)? else {
            return Ok(());
        };
        let rows: Vec<_> = versions.iter().map(|version| row(version, self.definition)).collect();
        if self.definition {
            return out.table(&["VERSION", "AT", "ACTION", "BY", "REASON"], &rows);
        }
        out.table(&["VERSION", "REVISION", "AT", "ACTION", "BY", "SERVES", "REASON"], &rows)
    }
}

fn row(version: &Value, definition: bool) -> Vec<String> {
    let number = |name: &str| version.get(name).map(shown).unwrap_or_default();
    let cell = |name: &str| plain(text(version, name));
    if definition {
        return vec![number("version"), time(version, "at"), cell("action"), cell("actor"), cell("reason")];
    }
    let serves = version.get("document").map(|document| {
        let state = if is_enabled(document) { "ON" } else { "OFF" };
        format!("{state}: {}", sentence(document))
    });
    vec![
        number("version"),
        number("revision"),
        time(version, "at"),
        cell("action"),
        cell("actor"),
        serves.unwrap_or_default(),
        cell("reason"),
    ]
}

/// Restore an earlier version.
#[derive(Debug, Args)]
pub struct Revert {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// The version to restore, as `history` shows it
    version: i64,
    /// A version of the definition, which all environments share
    #[arg(long)]
    definition: bool,
}

impl Revert {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = if self.definition { remote.flag(&self.key) } else { remote.configuration(&self.key) };
        let answer = remote.post_current(&path, "/revert", &json!({ "version": self.version }))?;
        if !self.definition || out.is_json() {
            return tell(out, &answer);
        }
        let now = answer.value()?.get("version").map(shown).unwrap_or_default();
        out.line(&format!(
            "the definition of {} is as in version {} again, as version {now}",
            self.key, self.version
        ))
    }
}
