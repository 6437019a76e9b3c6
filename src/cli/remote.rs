//! The options of every command that talks to a server, and what they come to: a client, a project, an
//! environment.

use clap::Args;
use serde_json::Value;

use super::client::{Answer, Client};
use super::failure::Failure;
use super::output::Form;
use super::url::{Address, escaped};

/// Where a server listens that nobody configured.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// The server refuses longer reasons.
const REASON_LIMIT: usize = 1_000;

/// Options of the commands that talk to a server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server to talk to")]
pub struct RemoteArgs {
    /// Address of the server, with its base path
    #[arg(
        long,
        help = "Address of the server, with its base path [default: http://127.0.0.1:8080]",
        global = true,
        env = "PENNON_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub url: Option<String>,
    /// API token
    #[arg(long, global = true, env = "PENNON_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Project
    #[arg(
        long,
        global = true,
        env = "PENNON_PROJECT",
        hide_env_values = true,
        default_value = "default",
        value_name = "KEY"
    )]
    project: String,
    /// Environment
    #[arg(
        short,
        long,
        global = true,
        env = "PENNON_ENVIRONMENT",
        hide_env_values = true,
        default_value = "development",
        value_name = "KEY"
    )]
    environment: String,
    /// Print the server's JSON as it is
    #[arg(long, global = true)]
    json: bool,
    /// Why you do this, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    reason: Option<String>,
}

impl RemoteArgs {
    /// How the answer is wanted.
    pub fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Human }
    }

    /// The address given, if one was.
    pub fn address(&self) -> Result<Option<Address>, Failure> {
        self.url.as_deref().filter(|url| !url.is_empty()).map(Address::parse).transpose()
    }

    /// What the options come to.
    pub fn remote(self) -> Result<Remote, Failure> {
        let address = self.address()?.map_or_else(|| Address::parse(DEFAULT_URL), Ok)?;
        if let Some(reason) = &self.reason {
            check_reason(reason)?;
        }
        let token = self.token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let client = Client::new(&address, token, self.reason);
        Ok(Remote { client, project: self.project, environment: self.environment })
    }
}

fn check_reason(reason: &str) -> Result<(), Failure> {
    if reason.chars().any(char::is_control) {
        return Err(Failure::Usage(
            "--reason is one line of text: no line breaks, no control characters".to_owned(),
        ));
    }
    if reason.chars().count() > REASON_LIMIT {
        return Err(Failure::Usage(format!("--reason has at most {REASON_LIMIT} characters")));
    }
    Ok(())
}

/// A server, a project and an environment.
#[derive(Debug)]
pub struct Remote {
    /// How to ask.
    pub client: Client,
    /// The project's key.
    pub project: String,
    /// The environment's key.
    pub environment: String,
}

impl Remote {
    /// A path within the project; `rest` begins with a slash and is escaped already.
    pub fn in_project(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}{rest}", escaped(&self.project))
    }

    /// The path of a flag's definition.
    pub fn flag(&self, key: &str) -> String {
        self.in_project(&format!("/flags/{}", escaped(key)))
    }

    /// The path of a flag's configuration in the environment.
    pub fn configuration(&self, key: &str) -> String {
        format!("{}/environments/{}", self.flag(key), escaped(&self.environment))
    }

    /// The path of an environment.
    pub fn environment(&self, key: &str) -> String {
        self.in_project(&format!("/environments/{}", escaped(key)))
    }

    /// Reads a resource's version, then does something to that version and no other.
    pub fn post_current(&self, resource: &str, verb: &str, body: &Value) -> Result<Answer, Failure> {
        let etag = self.client.get(resource)?.etag;
        self.client.post(&format!("{resource}{verb}"), body, etag.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_limited_length() {
        assert!(check_reason("größer, as agreed").is_ok());
        assert!(check_reason(&"é".repeat(REASON_LIMIT)).is_ok());
        for reason in ["a\nb".to_owned(), "a\r".to_owned(), "x".repeat(REASON_LIMIT + 1)] {
            assert!(matches!(check_reason(&reason), Err(Failure::Usage(_))));
        }
    }
}
