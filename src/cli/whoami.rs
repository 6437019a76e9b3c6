//! `pennon whoami`: what the token may do.

use serde_json::Value;

use super::describe::{list, text};
use super::failure::Failure;
use super::output::{Output, plain};
use super::remote::Remote;

/// Runs the command.
pub fn run(remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let answer = remote.client.get("/api/v1/whoami")?;
    if out.is_json() {
        return out.line(&answer.text);
    }
    let caller = answer.value()?;
    out.line(&plain(text(&caller, "name")))?;
    list(&caller, "grants").iter().try_for_each(|grant| out.line(&format!("  {}", granted(grant))))
}

fn granted(grant: &Value) -> String {
    let role = plain(text(grant, "role"));
    match (text(grant, "project"), text(grant, "environment")) {
        ("", _) => format!("{role} everywhere"),
        (project, "") => format!("{role} in project {}", plain(project)),
        (project, environment) => format!("{role} in {} of project {}", plain(environment), plain(project)),
    }
}
