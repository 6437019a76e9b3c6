//! `pennon flag create`: a boolean flag from its key alone, any other from its variants.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::{Output, plain};
use crate::cli::remote::Remote;

/// Make a flag.
#[derive(Debug, Args)]
pub struct Create {
    /// The flag's key: letters, digits, dots, dashes and underscores
    #[arg(value_name = "FLAG")]
    key: String,
    /// Type of the values
    #[arg(long = "type", value_enum, default_value = "boolean")]
    kind_of_value: ValueType,
    /// A variant and its value, such as blue='#00f', big=42 or plan='{"seats": 5}'; a boolean flag has on and off
    #[arg(long = "variant", value_name = "NAME=VALUE")]
    variants: Vec<String>,
    /// The variant served while the flag is off [default: the variant off, else the first one]
    #[arg(long, value_name = "VARIANT")]
    off_variant: Option<String>,
    /// The variant served while the flag is on and no rule holds [default: a boolean's on, else the first]
    #[arg(long, value_name = "VARIANT")]
    fallthrough: Option<String>,
    /// What it is for, in words
    #[arg(long)]
    description: Option<String>,
    /// What it is for, which tells how long it is expected to live
    #[arg(long, value_parser = ["release", "experiment", "operational", "permission"])]
    kind: Option<String>,
    /// Tag; may be given several times
    #[arg(long = "tag", value_delimiter = ',')]
    tags: Vec<String>,
    /// Who looks after it
    #[arg(long)]
    owner: Option<String>,
    /// Let client keys (browsers, apps) evaluate it
    #[arg(long)]
    client_visible: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ValueType {
    Boolean,
    String,
    Number,
    Object,
}

impl ValueType {
    fn name(self) -> &'static str {
        match self {
            ValueType::Boolean => "boolean",
            ValueType::String => "string",
            ValueType::Number => "number",
            ValueType::Object => "object",
        }
    }
}

impl Create {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let answer = remote.client.post(&remote.in_project("/flags"), &self.body()?, None)?;
        if out.is_json() {
            return out.line(&answer.text);
        }
        let (key, environment) = (plain(&self.key), plain(&remote.environment));
        out.line(&format!("{key} is made, and off in every environment"))?;
        out.line(&format!("turn it on: pennon flag on {key} -e {environment}"))
    }

    fn body(&self) -> Result<Value, Failure> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("key", json!(self.key));
        put("type", json!(self.kind_of_value.name()));
        let variants = self.variants.iter().map(|text| variant(self.kind_of_value, text));
        let variants: Vec<(String, Value)> = variants.collect::<Result<_, _>>()?;
        if self.variants.is_empty() && self.kind_of_value != ValueType::Boolean {
            let name = self.kind_of_value.name();
            return Err(Failure::Usage(format!(
                "a {name} flag needs variants: --variant NAME=VALUE, once for each"
            )));
        }
        // The server serves `on`, else the first by name; naming what it would choose anyway would ask for a reason.
        let names = || variants.iter().map(|(name, _)| name.as_str());
        let chosen = names().find(|name| *name == "on").or(names().min());
        let first = names().next().filter(|first| Some(*first) != chosen).map(str::to_owned);
        if let Some(fallthrough) = self.fallthrough.clone().or(first) {
            put("fallthrough", json!({ "variant": fallthrough }));
        }
        if !variants.is_empty() {
            put("variants", Value::Object(variants.into_iter().collect()));
        }
        let texts = [
            ("offVariant", &self.off_variant),
            ("description", &self.description),
            ("kind", &self.kind),
            ("owner", &self.owner),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                put(name, json!(text));
            }
        }
        if !self.tags.is_empty() {
            put("tags", json!(self.tags));
        }
        if self.client_visible {
            put("clientVisible", json!(true));
        }
        Ok(Value::Object(body))
    }
}

/// `name=value`: a text for a string flag, JSON for the others.
fn variant(kind: ValueType, text: &str) -> Result<(String, Value), Failure> {
    let wrong = |what: &str| Failure::Usage(format!("--variant {text}: {what}"));
    let (name, value) = text.split_once('=').ok_or_else(|| wrong("write NAME=VALUE"))?;
    if kind == ValueType::String {
        return Ok((name.to_owned(), json!(value)));
    }
    let value: Value =
        serde_json::from_str(value).map_err(|error| wrong(&format!("the value is no JSON: {error}")))?;
    let fits = match kind {
        ValueType::Boolean => value.is_boolean(),
        ValueType::Number => value.is_number(),
        ValueType::Object => value.is_object(),
        ValueType::String => true,
    };
    if fits { Ok((name.to_owned(), value)) } else { Err(wrong(&format!("the value is no {}", kind.name()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_the_value_of_its_flags_type() {
        assert_eq!(variant(ValueType::String, "a=1=2").unwrap(), ("a".to_owned(), json!("1=2")));
        assert_eq!(variant(ValueType::Number, "a=3.0").unwrap().1.to_string(), "3.0");
        assert_eq!(variant(ValueType::Object, "a={\"x\":1}").unwrap().1, json!({"x": 1}));
        for (kind, text) in [
            (ValueType::Boolean, "on=1"),
            (ValueType::Number, "a=x"),
            (ValueType::Object, "a=[]"),
            (ValueType::String, "a"),
        ] {
            assert!(matches!(variant(kind, text), Err(Failure::Usage(_))), "{text}");
        }
    }
}
