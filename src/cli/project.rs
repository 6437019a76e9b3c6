//! `pennon project …`: the projects of the installation.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::describe::text;
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, plain};
use super::remote::Remote;

/// Commands of projects.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the projects
    List,
    /// Make a project
    Create(Create),
}

/// Make a project.
#[derive(Debug, Args)]
pub struct Create {
    /// The project's key: letters, digits, dots, dashes and underscores
    #[arg(value_name = "PROJECT")]
    key: String,
    /// Its name, for people
    #[arg(long)]
    name: Option<String>,
    /// What it is, in words
    #[arg(long)]
    description: Option<String>,
}

impl Command {
    /// Runs the command.
    pub fn run(self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        match self {
            Command::List => {
                let Some(projects) = items(&remote.client, "/api/v1/projects", None, out)? else {
                    return Ok(());
                };
                let cell = |project: &Value, name: &str| plain(text(project, name));
                let rows: Vec<_> = projects
                    .iter()
                    .map(|project| ["key", "name", "description"].map(|name| cell(project, name)).to_vec())
                    .collect();
                out.table(&["PROJECT", "NAME", "DESCRIPTION"], &rows)
            }
            Command::Create(create) => create.run(remote, out),
        }
    }
}

impl Create {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("key".to_owned(), json!(self.key));
        for (name, value) in [("name", &self.name), ("description", &self.description)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        let answer = remote.client.post("/api/v1/projects", &Value::Object(body), None)?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        let key = plain(&self.key);
        out.line(&format!("{key} is made; see its environments with: pennon env list --project {key}"))
    }
}
