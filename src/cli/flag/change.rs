//! Changing what a flag serves: on, off, rollout, target, weights, archive, restore. Each reads the
//! version it changes and changes no other, but for `off`, which needs none.

use clap::Args;
use serde_json::{Map, Value, json};

use super::tell;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::remote::Remote;

/// How often a change that commutes with others (on, target) is tried on the newest version.
const ATTEMPTS: usize = 3;

/// Turn a flag on or off.
#[derive(Debug, Args)]
pub struct Switch {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
}

impl Switch {
    pub fn turn_on(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        commuting(remote, out, &self.key, "/on", &json!({}))
    }

    pub fn turn_off(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = format!("{}/off", remote.configuration(&self.key));
        tell(out, &remote.client.post(&path, &json!({}), None)?)
    }
}

/// Whoever came in between did something else: doing this on top is what both meant.
fn commuting(remote: &Remote, out: &mut Output, key: &str, verb: &str, body: &Value) -> Result<(), Failure> {
    let resource = remote.configuration(key);
    let mut tried: usize = 1;
    loop {
        match remote.post_current(&resource, verb, body) {
            Err(failure) if failure.status() == Some(412) && tried < ATTEMPTS => {
                tried = tried.saturating_add(1);
            }
            done => return tell(out, &done?),
        }
    }
}

/// Give a variant to a percentage.
#[derive(Debug, Args)]
pub struct Rollout {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// How much of everyone: 0 to 100, at most three decimals
    #[arg(value_parser = percentage)]
    percentage: serde_json::Number,
    /// The variant to roll out [default: the one being rolled out, else on]
    #[arg(long)]
    variant: Option<String>,
    /// Attribute that makes the unit; the first one that is there counts [default: targetingKey]
    #[arg(long, value_delimiter = ',')]
    by: Vec<String>,
    /// What everyone else gets [default: the off variant]
    #[arg(long, value_name = "VARIANT")]
    otherwise: Option<String>,
}

impl Rollout {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("percentage".to_owned(), Value::Number(self.percentage.clone()));
        insert(&mut body, "variant", self.variant.as_deref());
        insert(&mut body, "otherwise", self.otherwise.as_deref());
        if !self.by.is_empty() {
            body.insert("by".to_owned(), json!(self.by));
        }
        let answer =
            remote.post_current(&remote.configuration(&self.key), "/rollout", &Value::Object(body))?;
        tell(out, &answer)
    }
}

fn insert(body: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        body.insert(name.to_owned(), Value::from(text));
    }
}

/// `20`, `20%`, `0.5`: kept as the number that was written.
fn percentage(text: &str) -> Result<serde_json::Number, String> {
    let number = text.trim_end_matches('%').trim();
    match (serde_json::from_str::<serde_json::Number>(number), number.parse::<f64>()) {
        (Ok(number), Ok(value)) if (0.0..=100.0).contains(&value) => Ok(number),
        _ => Err("a percentage is a number from 0 to 100, such as 20 or 0.5".to_owned()),
    }
}

/// Give a variant to named units, or take it away.
#[derive(Debug, Args)]
pub struct Target {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// The variant they get
    variant: String,
    /// Units to add, separated by commas; each leaves the other variants' lists
    #[arg(long, value_delimiter = ',', value_name = "UNIT", required_unless_present = "remove")]
    add: Vec<String>,
    /// Units to remove, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "UNIT")]
    remove: Vec<String>,
    /// Attribute that holds the unit [default: targetingKey]
    #[arg(long, value_name = "ATTRIBUTE")]
    by: Option<String>,
}

impl Target {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut body = Map::new();
        insert(&mut body, "variant", Some(&self.variant));
        insert(&mut body, "by", self.by.as_deref());
        body.insert("add".to_owned(), json!(self.add));
        body.insert("remove".to_owned(), json!(self.remove));
        commuting(remote, out, &self.key, "/targets", &Value::Object(body))
    }
}

/// Change the weights of a split.
#[derive(Debug, Args)]
pub struct Weights {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// Weights in percent that sum to 100, such as a=40 b=40 c=20
    #[arg(required = true, value_name = "VARIANT=PERCENT", value_parser = weight)]
    list: Vec<(String, u32)>,
    /// The rule whose split changes [default: the fallthrough]
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Attribute that makes the unit; the first one that is there counts
    #[arg(long, value_delimiter = ',')]
    by: Vec<String>,
}

/// What all weights sum to, in thousandths of a percent.
const WHOLE: u64 = 100_000;

impl Weights {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut weights = Map::new();
        for (variant, weight) in &self.list {
            if weights.insert(variant.clone(), json!(weight)).is_some() {
                return Err(Failure::Usage(format!("the variant {variant} stands twice")));
            }
        }
        let sum: u64 = self.list.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if sum != WHOLE {
            let percent = std::time::Duration::from_millis(sum).as_secs_f64();
            return Err(Failure::Usage(format!("the weights sum to {percent} %, not to 100 %")));
        }
        let mut body = Map::new();
        body.insert("weights".to_owned(), Value::Object(weights));
        insert(&mut body, "rule", self.rule.as_deref());
        if !self.by.is_empty() {
            body.insert("by".to_owned(), json!(self.by));
        }
        let answer =
            remote.post_current(&remote.configuration(&self.key), "/weights", &Value::Object(body))?;
        tell(out, &answer)
    }
}

/// `a=40` or `a=33.333`, in thousandths of a percent; read digit by digit, so that nothing is rounded.
fn weight(text: &str) -> Result<(String, u32), String> {
    let wrong = || {
        format!("`{text}` is no weight; write VARIANT=PERCENT with at most three decimals, such as a=33.333")
    };
    let (variant, number) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (whole, part) =
        number.trim_end_matches('%').split_once('.').unwrap_or((number.trim_end_matches('%'), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if variant.is_empty() || whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 3 {
        return Err(wrong());
    }
    let thousandths: u64 = format!("{whole}{part:0<3}").parse().map_err(|_| wrong())?;
    match u32::try_from(thousandths) {
        Ok(weight) if thousandths <= WHOLE => Ok((variant.to_owned(), weight)),
        _ => Err(wrong()),
    }
}

/// Archive a flag.
#[derive(Debug, Args)]
pub struct Archive {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
    /// Although it was evaluated in the last hour
    #[arg(long)]
    force: bool,
}

impl Archive {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let path = remote.flag(&self.key);
        let etag = remote.client.get(&path)?.etag;
        let force = if self.force { "?force=true" } else { "" };
        let answer = remote.client.delete(&format!("{path}{force}"), etag.as_deref())?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        let key = &self.key;
        out.line(&format!(
            "{key} is archived: it left every snapshot. `pennon flag restore {key}` brings it back"
        ))
    }
}

/// Restore an archived flag.
#[derive(Debug, Args)]
pub struct Restore {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    pub key: String,
}

impl Restore {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let answer = remote.post_current(&remote.flag(&self.key), "/restore", &json!({}))?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        out.line(&format!("{} is back, and off in every environment", self.key))
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
