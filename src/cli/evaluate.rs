//! `pennon evaluate`: what a flag gives for a context, and with `--explain` every step on the way.

use std::io::Read as _;

use clap::Args;
use serde_json::{Map, Value, json};

use super::describe::{list, shown, text};
use super::failure::Failure;
use super::flag::with_near_name;
use super::output::{Output, Paint, plain};
use super::remote::Remote;

/// Bytes of a context read from a file: the server takes no more by default.
const CONTEXT_LIMIT: u64 = 256 * 1024;

/// Evaluate a flag.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The flag's key
    #[arg(value_name = "FLAG")]
    key: String,
    /// Context: a JSON object, @FILE, @- for stdin, name=text, or name:=JSON; may be given several times
    #[arg(long, short, value_name = "CONTEXT")]
    context: Vec<String>,
    /// Show every step: rules, conditions, what they saw, buckets
    #[arg(long)]
    explain: bool,
    /// Evaluate as at this time, such as 2026-09-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut body = Map::new();
        body.insert("context".to_owned(), Value::Object(context(&self.context)?));
        if let Some(at) = &self.at {
            body.insert("at".to_owned(), json!(at));
        }
        let path = format!("{}/explain", remote.configuration(&self.key));
        let answer = remote.client.post(&path, &Value::Object(body), None);
        let answer = answer.map_err(|failure| with_near_name(failure, remote, &self.key))?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        let explanation = answer.value()?;
        show(&explanation, out)?;
        if self.explain { steps(&explanation, out) } else { Ok(()) }
    }
}

/// The parts put together, later ones over earlier ones.
fn context(parts: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut context = Map::new();
    for part in parts {
        if let Some(path) = part.strip_prefix('@') {
            context.extend(object(&read(path)?, part)?);
        } else if part.trim_start().starts_with('{') {
            context.extend(object(part, "--context")?);
        } else if let Some((name, json)) = part.split_once(":=") {
            let value = serde_json::from_str(json).map_err(|error| no_json(part, &error))?;
            context.insert(name.to_owned(), value);
        } else if let Some((name, text)) = part.split_once('=') {
            context.insert(name.to_owned(), json!(text));
        } else {
            let told =
                format!("`{part}` is no context: write name=text, name:=JSON, a JSON object, or @FILE");
            return Err(Failure::Usage(told));
        }
    }
    Ok(context)
}

fn no_json(part: &str, error: &serde_json::Error) -> Failure {
    Failure::Usage(format!("{part}: not valid JSON: {error}"))
}

fn object(json: &str, what: &str) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_str(json).map_err(|error| no_json(what, &error))? {
        Value::Object(object) => Ok(object),
        _ => Err(Failure::Usage(format!("{what}: a context is a JSON object"))),
    }
}

fn read(path: &str) -> Result<String, Failure> {
    let failed =
        |error: std::io::Error| Failure::Failed(format!("can't read the context from {path}: {error}"));
    let source: Box<dyn std::io::Read> = if path == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut text = String::new();
    source.take(CONTEXT_LIMIT).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn show(explanation: &Value, out: &mut Output) -> Result<(), Failure> {
    let value =
        explanation.get("value").map_or_else(|| "(the code's own default)".to_owned(), Value::to_string);
    out.line(&out.paint(Paint::Bold, &value))?;
    let mut parts = Vec::new();
    for (name, label) in [
        ("variant", "variant "),
        ("reason", ""),
        ("ruleId", "rule "),
        ("prerequisite", "prerequisite "),
        ("cause", "cause "),
        ("errorCode", ""),
        ("errorMessage", ""),
    ] {
        if let Some(member) = explanation.get(name) {
            parts.push(format!("{label}{}", shown(member)));
        }
    }
    out.line(&parts.join(", "))
}

fn steps(explanation: &Value, out: &mut Output) -> Result<(), Failure> {
    out.line("")?;
    list(explanation, "steps").iter().try_for_each(|step| one_step(step, 0, out))?;
    if explanation.get("truncated") == Some(&Value::Bool(true)) {
        out.line("… there were more steps than are shown")?;
    }
    Ok(())
}

fn one_step(step: &Value, depth: usize, out: &mut Output) -> Result<(), Failure> {
    let held = step.get("held").and_then(Value::as_bool).unwrap_or_default();
    let mark = if held { out.paint(Paint::Green, "✓") } else { out.paint(Paint::Red, "✗") };
    out.line(&format!("{}{mark} {}", "  ".repeat(depth), describe(step)))?;
    let deeper = depth.saturating_add(1);
    list(step, "steps").iter().try_for_each(|inner| one_step(inner, deeper, out))
}

/// A step in words: what, which operator, what it saw, how it drew.
fn describe(step: &Value) -> String {
    let mut words = Vec::new();
    for name in ["kind", "name", "operator"] {
        words.extend(step.get(name).map(shown));
    }
    let mut parts = vec![words.join(" ")];
    match step.get("seen") {
        Some(seen) => parts.push(format!("saw {seen}")),
        None if text(step, "kind") == "attribute" => parts.push("which is missing".to_owned()),
        None => {}
    }
    match (step.get("unit"), step.get("bucket")) {
        (Some(unit), Some(bucket)) => {
            parts.push(format!("{} is in bucket {bucket} under {}", shown(unit), plain(text(step, "salt"))));
        }
        (None, _) if step.get("salt").is_some() => parts.push("no unit to draw for".to_owned()),
        _ => {}
    }
    if let [from, to] = list(step, "range") {
        parts.push(format!("the range is {from} to {to}"));
    }
    let served = step.get("variant").map(|variant| format!(" -> {}", shown(variant)));
    parts.join(", ") + &served.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::testing::capture;

    fn parsed(parts: &[&str]) -> Result<Value, Failure> {
        context(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()).map(Value::Object)
    }

    #[test]
    fn a_context_is_put_together_from_its_parts() {
        assert_eq!(
            parsed(&[r#"{"targetingKey":"u","age":1}"#, "age:=42", "plan=pro", "url=a=b"]).unwrap(),
            json!({"targetingKey": "u", "age": 42, "plan": "pro", "url": "a=b"})
        );
        assert_eq!(parsed(&[]).unwrap(), json!({}));
    }

    #[test]
    fn what_is_no_context_is_a_usage_error() {
        for part in ["plan", "age:=x", "{", "@/nowhere/context.json"] {
            assert!(parsed(&[part]).is_err(), "{part}");
        }
        assert!(matches!(object("[]", "x"), Err(Failure::Usage(_))));
    }

    #[test]
    fn steps_are_indented_and_tell_what_was_seen() {
        let (mut out, captured) = capture();
        let explanation = json!({"value": true, "variant": "on", "reason": "SPLIT", "ruleId": "rollout", "steps": [
            {"kind": "enabled", "held": true},
            {"kind": "rule", "name": "eu", "held": false, "steps": [
                {"kind": "attribute", "name": "plan", "operator": "in", "held": false, "seen": "free"},
                {"kind": "attribute", "name": "mail", "operator": "ends_with", "held": false}]},
            {"kind": "rule", "name": "rollout", "held": true, "steps": [
                {"kind": "percentage", "held": true, "salt": "s", "unit": "u", "bucket": 7, "range": [0, 20000]},
                {"kind": "percentage", "held": false, "salt": "s", "range": [0, 1]}]}]});
        show(&explanation, &mut out).unwrap();
        steps(&explanation, &mut out).unwrap();
        let expected = "true\nvariant on, SPLIT, rule rollout\n\n✓ enabled\n✗ rule eu\n  ✗ attribute plan in, saw \"free\"\n  ✗ attribute mail ends_with, which is missing\n✓ rule rollout\n  ✓ percentage, u is in bucket 7 under s, the range is 0 to 20000\n  ✗ percentage, no unit to draw for, the range is 0 to 1\n";
        assert_eq!(captured.text(), expected);
    }
}
