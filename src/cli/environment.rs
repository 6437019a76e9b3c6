//! `pennon env …`: the environments of a project.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::Answer;
use super::describe::{shown, text};
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, plain};
use super::remote::Remote;

/// Commands of environments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the project's environments
    List,
    /// Show one environment
    Get(Named),
    /// Make an environment
    Create(Create),
    /// Let only admins change what it serves, with a reason; turning off stays open to editors
    Protect(Named),
    /// Let editors change what it serves
    Unprotect(Named),
    /// Begin a new line of history, after a backup was restored: SDKs load everything anew
    NewEpoch(Named),
}

/// One environment.
#[derive(Debug, Args)]
pub struct Named {
    /// The environment's key
    #[arg(value_name = "ENVIRONMENT")]
    key: String,
}

/// Make an environment.
#[derive(Debug, Args)]
pub struct Create {
    /// The environment's key: letters, digits, dots, dashes and underscores
    #[arg(value_name = "ENVIRONMENT")]
    key: String,
    /// Its name, for people
    #[arg(long)]
    name: Option<String>,
    /// Let only admins change what it serves
    #[arg(long)]
    protected: bool,
    /// Begin with the configurations of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    copy_from: Option<String>,
}

impl Command {
    /// Runs the command.
    pub fn run(self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        match self {
            Command::List => show_all(remote, out),
            Command::Get(named) => {
                let answer = remote.client.get(&remote.environment(&named.key))?;
                tell(&answer, out)
            }
            Command::Create(create) => create.run(remote, out),
            Command::Protect(named) => protect(&named.key, &json!({"protected": true}), remote, out),
            Command::Unprotect(named) => protect(&named.key, &json!({"protected": false}), remote, out),
            Command::NewEpoch(named) => {
                let answer =
                    remote.post_current(&remote.environment(&named.key), "/new-epoch", &json!({}))?;
                tell(&answer, out)
            }
        }
    }
}

fn show_all(remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let Some(environments) = items(&remote.client, &remote.in_project("/environments"), None, out)? else {
        return Ok(());
    };
    let rows: Vec<_> = environments.iter().map(row).collect();
    out.table(&["ENVIRONMENT", "NAME", "PROTECTED", "REVISION", "EPOCH"], &rows)
}

fn row(environment: &Value) -> Vec<String> {
    let protected = if is_protected(environment) { "yes" } else { "no" };
    let number = |name: &str| environment.get(name).map(shown).unwrap_or_default();
    let cell = |name: &str| plain(text(environment, name));
    vec![cell("key"), cell("name"), protected.to_owned(), number("revision"), number("epoch")]
}

fn is_protected(environment: &Value) -> bool {
    environment.get("protected").and_then(Value::as_bool).unwrap_or_default()
}

fn protect(key: &str, change: &Value, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let path = remote.environment(key);
    let etag = remote.client.get(&path)?.etag;
    tell(&remote.client.patch(&path, change, etag.as_deref())?, out)
}

impl Create {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("key".to_owned(), json!(self.key));
        body.insert("protected".to_owned(), json!(self.protected));
        for (name, value) in [("name", &self.name), ("copyFrom", &self.copy_from)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        tell(&remote.client.post(&remote.in_project("/environments"), &Value::Object(body), None)?, out)
    }
}

fn tell(answer: &Answer, out: &mut Output) -> Result<(), Failure> {
    if out.is_json() {
        return out.line(&answer.text);
    }
    let environment = answer.value()?;
    let number = |name: &str| environment.get(name).map(shown).unwrap_or_default();
    let state = if is_protected(&environment) { "protected" } else { "open" };
    let key = plain(text(&environment, "key"));
    out.line(&format!("{key} is {state}, at revision {} of epoch {}", number("revision"), number("epoch")))
}
