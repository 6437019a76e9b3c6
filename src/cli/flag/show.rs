//! Reading flags: a table of many, or one in every environment.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;

use crate::cli::describe::{self, brief, is_enabled, list, sentence, shown, text};
use crate::cli::failure::Failure;
use crate::cli::listing::items;
use crate::cli::output::{Output, Paint, plain};
use crate::cli::remote::Remote;
use crate::cli::url::escaped;

/// List flags.
#[derive(Debug, Args)]
pub struct List {
    /// Only flags whose key or description holds this text
    #[arg(long, short, value_name = "TEXT")]
    query: Option<String>,
    /// Only flags with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Archived flags instead
    #[arg(long)]
    archived: bool,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl List {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut query = Vec::new();
        let given = [("q", &self.query), ("tag", &self.tag)];
        query.extend(
            given.iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped(value.as_ref()?)))),
        );
        query.extend(self.archived.then(|| "archived=true".to_owned()));
        let mark = if query.is_empty() { "" } else { "?" };
        let path = remote.in_project(&format!("/flags{mark}{}", query.join("&")));
        let Some(flags) = items(&remote.client, &path, self.limit, out)? else { return Ok(()) };
        if flags.is_empty() {
            return out.line("no flags");
        }
        let environments: BTreeSet<&String> = flags.iter().filter_map(environments_of).flatten().collect();
        let mut heading = vec!["FLAG".to_owned(), "TYPE".to_owned()];
        heading.extend(environments.iter().map(|name| name.to_uppercase()));
        heading.push("TAGS".to_owned());
        let row = |flag: &Value| {
            let mut row = vec![plain(text(flag, "key")), plain(text(flag, "type"))];
            for name in &environments {
                let configuration = flag.get("environments").and_then(|all| all.get(name.as_str()));
                row.push(configuration.map(brief).unwrap_or_default());
            }
            row.push(list(flag, "tags").iter().map(shown).collect::<Vec<_>>().join(" "));
            row
        };
        let rows: Vec<_> = flags.iter().map(row).collect();
        let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
        out.table(&heading, &rows)
    }
}

fn environments_of(flag: &Value) -> Option<impl Iterator<Item = &String>> {
    flag.get("environments")?.as_object().map(serde_json::Map::keys)
}

/// Show one flag.
#[derive(Debug, Args)]
pub struct Get {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
}

impl Get {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let answer = remote.client.get(&remote.flag(&self.key))?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        let flag = answer.value()?;
        definition(&flag, out)?;
        let none = serde_json::Map::new();
        let environments = flag.get("environments").and_then(Value::as_object).unwrap_or(&none);
        environments.iter().try_for_each(|(name, configuration)| environment(name, configuration, out))
    }
}

fn definition(flag: &Value, out: &mut Output) -> Result<(), Failure> {
    let key = out.paint(Paint::Bold, &plain(text(flag, "key")));
    let version = flag.get("version").map(shown).unwrap_or_default();
    out.line(&format!("{key}  {}, version {version}", plain(text(flag, "type"))))?;
    if let Some(at) = flag.get("archivedAt").and_then(Value::as_str) {
        out.line(&out.paint(Paint::Red, &format!("  archived at {}", plain(at))))?;
    }
    for name in ["description", "kind", "owner"] {
        if !text(flag, name).is_empty() {
            out.line(&format!("  {name}: {}", plain(text(flag, name))))?;
        }
    }
    if !list(flag, "tags").is_empty() {
        let tags: Vec<_> = list(flag, "tags").iter().map(shown).collect();
        out.line(&format!("  tags: {}", tags.join(" ")))?;
    }
    if flag.get("clientVisible") == Some(&Value::Bool(true)) {
        out.line("  client keys may evaluate it")?;
    }
    let none = serde_json::Map::new();
    let variants = flag.get("variants").and_then(Value::as_object).unwrap_or(&none);
    let variants: Vec<_> =
        variants.iter().map(|(name, value)| format!("{} = {value}", plain(name))).collect();
    out.line(&format!("  variants: {}", variants.join(", ")))
}

fn environment(name: &str, configuration: &Value, out: &mut Output) -> Result<(), Failure> {
    let state =
        if is_enabled(configuration) { out.paint(Paint::Green, "ON") } else { out.paint(Paint::Red, "OFF") };
    out.line("")?;
    out.line(&format!("{} is {state}: {}", plain(name), sentence(configuration)))?;
    for target in list(configuration, "targets") {
        out.line(&format!("  target {}", describe::target(target)))?;
    }
    for rule in list(configuration, "rules") {
        out.line(&format!("  rule {}", describe::rule(rule)))?;
    }
    let fallthrough = configuration.get("fallthrough").map(describe::serve).unwrap_or_default();
    out.line(&format!("  otherwise -> {fallthrough}"))?;
    let version = configuration.get("version").map(shown).unwrap_or_default();
    let (by, at) = (plain(text(configuration, "updatedBy")), describe::time(configuration, "updatedAt"));
    out.line(&out.paint(Paint::Dim, &format!("  version {version}, changed by {by} at {at}")))
}
