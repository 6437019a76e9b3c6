//! How a command fails: what happened, and what to do next. The exit code is decided here.

use std::fmt::Write as _;
use std::io;

use serde::Deserialize;

use super::output::plain;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line makes no sense: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The server could not be asked.
    #[error("{message}")]
    Unreachable {
        /// What happened.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// The server refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Something else went wrong.
    #[error("{0}")]
    Failed(String),
    /// Whoever read our output has read enough; no failure to the user.
    #[error("the reader of the output is gone")]
    ClosedPipe,
    /// The output can't be written.
    #[error("can't write the output: {0}")]
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe { Failure::ClosedPipe } else { Failure::Output(error) }
    }
}

impl Failure {
    /// The process's exit code: 0 ok, 1 failed, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::ClosedPipe => 0,
            Failure::Usage(_) => 2,
            _ => 1,
        }
    }

    /// What to do next, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Failure::Unreachable { hint, .. } => Some(hint.clone()),
            Failure::Refused(refusal) => refusal.hint(),
            _ => None,
        }
    }

    /// Whether asking again later may help: the server is away, or says so.
    pub fn may_pass(&self) -> bool {
        matches!(self, Failure::Unreachable { .. }) || self.status().is_some_and(|status| status >= 429)
    }

    /// The status of the server's answer, if it answered.
    pub fn status(&self) -> Option<u16> {
        if let Failure::Refused(refusal) = self { Some(refusal.status) } else { None }
    }
}

/// An error of the server: problem+json, or whatever a proxy in between said.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The kind of error.
    pub code: String,
    title: String,
    detail: String,
    request_id: String,
    errors: Vec<Issue>,
    current: Option<Current>,
    /// Names near the one that was not found.
    #[serde(skip)]
    pub near: Option<String>,
    /// No token was given.
    #[serde(skip)]
    pub anonymous: bool,
    /// The body as it came.
    #[serde(skip)]
    pub text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Issue {
    pointer: String,
    detail: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Current {
    version: i64,
    updated_by: String,
    updated_at: String,
}

impl Refusal {
    /// Reads an answer that is no success.
    pub fn read(status: u16, text: &str) -> Refusal {
        let read: Refusal = serde_json::from_str(text).unwrap_or_default();
        Refusal { status, text: text.to_owned(), ..read }
    }

    fn hint(&self) -> Option<String> {
        if let Some(near) = &self.near {
            return Some(format!("did you mean {near}?"));
        }
        let hint = match (self.status, self.code.as_str()) {
            (401, _) => {
                "pass an API token with --token or PENNON_TOKEN; the first start of the server printed the owner's, and `pennon key create` makes more"
            }
            (_, "flag_in_use") => {
                "`pennon usage FLAG` tells who asks for it; add --force to archive it all the same"
            }
            (_, "reason_required") => "say why with --reason \"…\"",
            (403, "wrong_key_kind") => {
                "a server or client key can't administer: pass an API token (pnn_api_…)"
            }
            (403, _) => "`pennon whoami` shows what this token may do",
            (412, _) => "look at what changed, then run the command again",
            (429 | 503, _) => "wait a few seconds, then run the command again",
            (500, _) => "the server's log tells more about this request id",
            (300..=399, _) => "the server redirects: pass the address it redirects to with --url",
            (404, "") => "is --url the address of a pennon server, with its base path?",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        match (&self.current, self.detail.as_str(), self.title.as_str()) {
            (Some(current), ..) if self.status == 412 => {
                let who = if current.updated_by.is_empty() { "somebody" } else { &current.updated_by };
                let (version, at) = (current.version, &current.updated_at);
                write!(
                    text,
                    "{who} changed it in the meantime, at {at} (now version {version}); nothing was done"
                )?;
            }
            _ if self.status == 401 && self.anonymous => {
                text.push_str("the server wants an API token, and none was given");
            }
            (_, "", "") => write!(text, "the server answered {}", self.status)?,
            (_, "", title) => text.push_str(title),
            (_, detail, _) => text.push_str(detail),
        }
        write!(formatter, "{}", plain(&text))?;
        for issue in self.errors.iter().filter(|issue| !self.detail.ends_with(&issue.detail)) {
            write!(formatter, "\n  {}: {}", plain(&issue.pointer), plain(&issue.detail))?;
        }
        if self.status >= 500 && !self.request_id.is_empty() {
            write!(formatter, " (request {})", plain(&self.request_id))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: u16, text: &str) -> (String, Option<String>) {
        let failure = Failure::Refused(Box::new(Refusal::read(status, text)));
        (failure.to_string(), failure.hint())
    }

    #[test]
    fn a_stale_version_tells_who_and_when() {
        let body = r#"{"status":412,"code":"stale","detail":"…","current":{"version":7,"updatedBy":"ann","updatedAt":"2026-01-02T03:04:05Z"}}"#;
        let (text, hint) = shown(412, body);
        assert_eq!(
            text,
            "ann changed it in the meantime, at 2026-01-02T03:04:05Z (now version 7); nothing was done"
        );
        assert!(hint.unwrap().contains("run the command again"));
    }

    #[test]
    fn each_issue_is_shown_with_its_pointer_and_a_single_one_not_twice() {
        let body = r#"{"detail":"2 problems; see errors","errors":[{"pointer":"/a","detail":"x"},{"pointer":"/b","detail":"y"}]}"#;
        assert_eq!(shown(422, body).0, "2 problems; see errors\n  /a: x\n  /b: y");
        assert_eq!(shown(422, r#"{"detail":"/a: x","errors":[{"pointer":"/a","detail":"x"}]}"#).0, "/a: x");
    }

    #[test]
    fn what_is_no_problem_json_still_says_something() {
        assert_eq!(shown(502, "<html>").0, "the server answered 502");
        assert!(shown(404, "<html>").1.unwrap().contains("--url"));
    }

    #[test]
    fn hints_name_the_option_that_helps() {
        assert!(shown(401, "{}").1.unwrap().contains("PENNON_TOKEN"));
        assert!(shown(422, r#"{"code":"reason_required"}"#).1.unwrap().contains("--reason"));
        assert_eq!(shown(409, r#"{"code":"exists","detail":"d"}"#).1, None);
    }

    #[test]
    fn exit_codes_tell_usage_from_failure_and_a_closed_pipe_is_fine() {
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
        assert_eq!(Failure::Failed(String::new()).exit_code(), 1);
        assert_eq!(Failure::ClosedPipe.exit_code(), 0);
    }
}
