//! `pennon flag …`: the commands of a flag. Reading is in `show`, making in `create`, changing in
//! `change`, versions in `history`.

mod change;
mod create;
mod history;
mod show;

use clap::Subcommand;
use serde_json::Value;

use super::client::Answer;
use super::describe::{is_enabled, sentence};
use super::failure::Failure;
use super::output::{Output, Paint, plain};
use super::remote::Remote;

/// Flags looked at to find a near name.
const NAMES: usize = 500;

/// Commands of a flag.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List flags, with what each environment serves
    List(show::List),
    /// Show one flag in every environment
    Get(show::Get),
    /// Make a flag; it is off everywhere until turned on
    Create(create::Create),
    /// Turn a flag on in the environment
    On(change::Switch),
    /// Turn a flag off in the environment: the kill, never behind an approval
    Off(change::Switch),
    /// Give a variant to a percentage
    Rollout(change::Rollout),
    /// Give a variant to named units, or take it away
    Target(change::Target),
    /// Change the weights of a split, moving as few units as possible
    Weights(change::Weights),
    /// Show the versions of a flag in the environment
    History(history::History),
    /// Restore an earlier version, as a new one
    Revert(history::Revert),
    /// Take a flag out of every snapshot; its history stays
    Archive(change::Archive),
    /// Bring an archived flag back
    Restore(change::Restore),
}

impl Command {
    /// Runs the command; a flag that is not there is answered with the nearest name.
    pub fn run(self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let (key, done) = match self {
            Command::List(command) => return command.run(remote, out),
            Command::Create(command) => return command.run(remote, out),
            Command::Get(command) => (command.key.clone(), command.run(remote, out)),
            Command::On(command) => (command.key.clone(), command.turn_on(remote, out)),
            Command::Off(command) => (command.key.clone(), command.turn_off(remote, out)),
            Command::Rollout(command) => (command.key.clone(), command.run(remote, out)),
            Command::Target(command) => (command.key.clone(), command.run(remote, out)),
            Command::Weights(command) => (command.key.clone(), command.run(remote, out)),
            Command::History(command) => (command.key.clone(), command.run(remote, out)),
            Command::Revert(command) => (command.key.clone(), command.run(remote, out)),
            Command::Archive(command) => (command.key.clone(), command.run(remote, out)),
            Command::Restore(command) => (command.key.clone(), command.run(remote, out)),
        };
        done.map_err(|failure| with_near_name(failure, remote, &key))
    }
}

/// Adds to "no such flag" the nearest flag there is. What can't be read is left as it is: the first
/// failure is the one to tell.
pub fn with_near_name(failure: Failure, remote: &Remote, key: &str) -> Failure {
    let Failure::Refused(mut refusal) = failure else { return failure };
    if refusal.status == 404 && refusal.code == "not_found" {
        let items = remote.client.items(&remote.in_project("/flags"), Some(NAMES)).unwrap_or_default();
        let keys: Vec<String> = items
            .iter()
            .filter_map(|item| serde_json::from_str::<Value>(item.get()).ok())
            .filter_map(|flag| flag.get("key")?.as_str().map(str::to_owned))
            .filter(|other| other != key)
            .collect();
        refusal.near = crate::config::nearest(key, keys.iter().map(String::as_str)).map(plain);
    }
    Failure::Refused(refusal)
}

/// Tells the new state after a change, or prints the server's answer as it is.
fn tell(out: &mut Output, answer: &Answer) -> Result<(), Failure> {
    if out.is_json() {
        return out.line(&answer.text);
    }
    let configuration = answer.value()?;
    let state =
        if is_enabled(&configuration) { out.paint(Paint::Green, "ON") } else { out.paint(Paint::Red, "OFF") };
    let name = |member: &str| plain(super::describe::text(&configuration, member));
    let revision = answer.revision.clone().or_else(|| configuration.get("revision").map(Value::to_string));
    let (flag, environment, says) = (name("flag"), name("environment"), sentence(&configuration));
    let revision = revision.map(|number| format!(" (revision {number})")).unwrap_or_default();
    out.line(&format!("{flag} is {state} in {environment}{revision}: {says}"))?;
    if !answer.applied {
        let late = "this node does not serve it yet; it will once it reaches the database again";
        out.line(&out.paint(Paint::Dim, late))?;
    }
    Ok(())
}
