//! `pennon key …`: server keys, client keys and API tokens. A secret is printed once, and nowhere else.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::client::Answer;
use super::create_owner::CreateOwner;
use super::describe::{list, text, time};
use super::expiry::{Expiry, Span};
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, Paint, plain};
use super::remote::{Remote, RemoteArgs};
use super::url::escaped;
use crate::clock::Clock;

/// Commands of keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key; its secret is shown once
    Create(Create),
    /// List keys, without their secrets
    List(Place),
    /// Make an owner's token in the database itself, without a server: when every owner's token is lost
    CreateOwner(Box<CreateOwner>),
    /// Revoke a key: every node refuses it within moments
    Revoke(Named),
    /// Make a key like another one, which goes on working for a while
    Rotate(Rotate),
}

/// Whose keys.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// API tokens of the installation instead of the project's keys
    #[arg(long)]
    installation: bool,
}

impl Place {
    fn path(&self, remote: &Remote) -> String {
        if self.installation { "/api/v1/keys".to_owned() } else { remote.in_project("/keys") }
    }
}

/// One key.
#[derive(Debug, Args)]
pub struct Named {
    /// The key's id, as `pennon key list` shows it
    id: String,
    #[command(flatten)]
    place: Place,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Reads one environment's rules and evaluates: for backends
    Server,
    /// Evaluates client-visible flags, gets results only: for browsers and apps
    Client,
    /// Uses the admin API: for people and services
    Api,
}

/// Make a key.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: what uses it
    name: String,
    /// What it is for; server and client keys belong to the environment (-e)
    #[arg(long, value_enum)]
    kind: Kind,
    /// For a token: viewer, editor, admin or owner, in the whole project or after an @ in one environment;
    /// with --installation everywhere, or @PROJECT, or @PROJECT/ENVIRONMENT
    #[arg(long = "grant", value_name = "ROLE[@PLACE]", value_delimiter = ',')]
    grants: Vec<String>,
    /// For a client key: origin it may be used from; any when none is given
    #[arg(long = "origin", value_delimiter = ',')]
    origins: Vec<String>,
    /// When it ends: after a time such as 90d or 12h, or at a date such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
    #[command(flatten)]
    place: Place,
}

/// Rotate a key.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    named: Named,
    /// How long the old key goes on working, such as 1h or 7d
    #[arg(long, default_value = "1d")]
    overlap: Span,
    /// When the new key ends, after a time or at a date; if not given, it lives as long as the old one was made for
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
}

impl Command {
    /// Runs the command.
    pub fn run(self, args: RemoteArgs, out: &mut Output) -> Result<(), Failure> {
        match self {
            Command::CreateOwner(create) => create.run(out),
            Command::Create(create) => create.run(&args.remote()?, out),
            Command::List(place) => show(&place, &args.remote()?, out),
            Command::Revoke(named) => {
                let remote = args.remote()?;
                let path = format!("{}/{}", named.place.path(&remote), escaped(&named.id));
                let answer = remote.client.delete(&path, None)?;
                if out.is_json() {
                    return out.line(&answer.text);
                }
                out.line(&format!("{} is revoked", named.id))
            }
            Command::Rotate(rotate) => rotate.run(&args.remote()?, out),
        }
    }
}

impl Rotate {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = format!("{}/{}/rotate", self.named.place.path(remote), escaped(&self.named.id));
        let mut body = json!({ "overlapSeconds": self.overlap.0 });
        if let (Some(expiry), Some(members)) = (&self.expires, body.as_object_mut()) {
            members.insert("expiresAt".to_owned(), json!(expiry.at(&Clock::System)?));
        }
        tell(&remote.client.post(&path, &body, None)?, out)?;
        if out.is_json() {
            return Ok(());
        }
        out.line(&out.paint(Paint::Dim, &format!("the old key ends in {} seconds", self.overlap.0)))
    }
}

impl Create {
    fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let body = self.body(remote, &Clock::System)?;
        tell(&remote.client.post(&self.place.path(remote), &body, None)?, out)
    }

    fn body(&self, remote: &Remote, clock: &Clock) -> Result<Value, Failure> {
        let kind = match self.kind {
            Kind::Server => "server",
            Kind::Client => "client",
            Kind::Api => "api",
        };
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("kind", json!(kind));
        put("name", json!(self.name));
        if self.kind == Kind::Api {
            if self.grants.is_empty() {
                return Err(Failure::Usage(
                    "a token needs at least one --grant, such as --grant editor".to_owned(),
                ));
            }
            let project = (!self.place.installation).then_some(remote.project.as_str());
            put("grants", self.grants.iter().map(|text| grant(text, project)).collect());
        } else {
            if self.place.installation {
                let told = "only tokens (--kind api) belong to the installation";
                return Err(Failure::Usage(told.to_owned()));
            }
            put("environment", json!(remote.environment));
        }
        if !self.origins.is_empty() {
            put("origins", json!(self.origins));
        }
        if let Some(expiry) = &self.expires {
            put("expiresAt", json!(expiry.at(clock)?));
        }
        Ok(Value::Object(body))
    }
}

/// `ROLE`, `ROLE@ENVIRONMENT` within a project; `ROLE`, `ROLE@PROJECT`, `ROLE@PROJECT/ENVIRONMENT` without.
fn grant(text: &str, project: Option<&str>) -> Value {
    let (role, place) = text.split_once('@').map_or((text, None), |(role, place)| (role, Some(place)));
    let (project, environment) = match (project, place) {
        (Some(project), environment) => (Some(project), environment),
        (None, None) => (None, None),
        (None, Some(place)) => match place.split_once('/') {
            Some((project, environment)) => (Some(project), Some(environment)),
            None => (Some(place), None),
        },
    };
    let mut grant = Map::new();
    grant.insert("role".to_owned(), json!(role));
    for (name, value) in [("project", project), ("environment", environment)] {
        if let Some(value) = value {
            grant.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(grant)
}

fn show(place: &Place, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let Some(keys) = items(&remote.client, &place.path(remote), None, out)? else { return Ok(()) };
    let rows: Vec<_> = keys.iter().map(row).collect();
    out.table(&["ID", "KIND", "NAME", "FOR", "SELECTOR", "LAST USED", "STATE"], &rows)
}

fn row(key: &Value) -> Vec<String> {
    let cell = |name: &str| plain(text(key, name));
    let granted = |grant: &Value| {
        let places = ["project", "environment"].map(|name| plain(text(grant, name)));
        let place = places.into_iter().filter(|place| !place.is_empty()).collect::<Vec<_>>().join("/");
        let role = plain(text(grant, "role"));
        if place.is_empty() { role } else { format!("{role}@{place}") }
    };
    let grants: Vec<_> = list(key, "grants").iter().map(granted).collect();
    let used_for = if grants.is_empty() { cell("environment") } else { grants.join(" ") };
    let state = match [time(key, "revokedAt"), cell("rotatedTo"), time(key, "expiresAt")] {
        [revoked, ..] if !revoked.is_empty() => format!("revoked {revoked}"),
        [_, rotated, ends] if !rotated.is_empty() => format!("rotated to {rotated}, ends {ends}"),
        [.., ends] if !ends.is_empty() => format!("ends {ends}"),
        _ => "works".to_owned(),
    };
    vec![cell("id"), cell("kind"), cell("name"), used_for, cell("selector"), time(key, "lastUsedAt"), state]
}

/// The secret on a line of its own, so that it can be taken with `tail -1` as well as by hand.
fn tell(answer: &Answer, out: &mut Output) -> Result<(), Failure> {
    if out.is_json() {
        return out.line(&answer.text);
    }
    let key = answer.value()?;
    let (id, name) = (plain(text(&key, "id")), plain(text(&key, "name")));
    match text(&key, "secret") {
        "" => Err(Failure::Failed(format!(
            "the key {id} was made, but its secret was lost on the way: revoke it with `pennon key revoke {id}` and make another"
        ))),
        secret => {
            out.line(&format!("{name} ({id}); this is shown once, so keep it now:"))?;
            out.line(&plain(secret))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_of_a_project_stays_in_it() {
        assert_eq!(grant("editor", Some("p")), json!({"role": "editor", "project": "p"}));
        assert_eq!(
            grant("editor@e", Some("p")),
            json!({"role": "editor", "project": "p", "environment": "e"})
        );
    }

    #[test]
    fn a_grant_of_the_installation_names_its_place() {
        assert_eq!(grant("owner", None), json!({"role": "owner"}));
        assert_eq!(grant("admin@p", None), json!({"role": "admin", "project": "p"}));
        assert_eq!(grant("viewer@p/e", None), json!({"role": "viewer", "project": "p", "environment": "e"}));
    }

    #[test]
    fn a_key_says_what_became_of_it() {
        let state = |key: Value| row(&key).pop().unwrap();
        assert_eq!(state(json!({})), "works");
        assert_eq!(state(json!({"expiresAt": "T"})), "ends T");
        assert_eq!(state(json!({"expiresAt": "T", "rotatedTo": "k"})), "rotated to k, ends T");
        assert_eq!(state(json!({"expiresAt": "T", "revokedAt": "R"})), "revoked R");
        assert_eq!(
            row(&json!({"grants": [{"role": "editor", "project": "p", "environment": "e"}]})).get(3).unwrap(),
            "editor@p/e"
        );
    }
}
