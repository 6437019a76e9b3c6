//! The flags, the contexts and the admin calls of a run: a mix of what teams have. What is random is the same each time.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::http::{Connection, Target};

/// Different contexts that ask.
pub const CONTEXTS: usize = 16;

const COUNTRIES: [&str; 8] = ["DE", "FR", "IN", "JP", "KE", "BR", "US", "VN"];
const PLANS: [&str; 4] = ["free", "pro", "team", "enterprise"];

/// Picks from a list by any number.
fn pick<'a>(list: &[&'a str], number: usize) -> &'a str {
    list.get(number % list.len().max(1)).copied().unwrap_or_default()
}

/// The body of an evaluation request, by the context's number.
pub fn body(context: usize) -> String {
    let context = json!({
        "targetingKey": format!("user-{:06}", context * 7_919 + 13),
        "email": format!("person{context}@example.{}", if context.is_multiple_of(3) { "org" } else { "com" }),
        "country": pick(&COUNTRIES, context),
        "appVersion": format!("2.{context}.0"),
        "seats": context * 5,
        "org": {"id": format!("org-{}", context / 4), "plan": pick(&PLANS, context)},
    });
    json!({ "context": context }).to_string()
}

/// The key of a flag, by its number.
pub fn key(number: usize) -> String {
    let names = ["new_checkout", "dark_mode", "search_ranking", "price_table", "beta_reports"];
    format!("{}_{number:03}", pick(&names, number))
}

/// What is served by weight. The null is for a merge patch: a new flag serves one variant, and it must go.
fn split_instead(weights: &[(&str, u32)]) -> Value {
    let mut serve = split(weights);
    if let Some(members) = serve.as_object_mut() {
        members.insert("variant".to_owned(), Value::Null);
    }
    serve
}

fn split(weights: &[(&str, u32)]) -> Value {
    let parts: Vec<Value> =
        weights.iter().map(|(name, weight)| json!({"variant": name, "weight": weight})).collect();
    json!({ "split": parts })
}

/// A flag's definition and configuration, by its number: five sorts in turn.
pub fn documents(number: usize) -> (Value, Value) {
    let targets: Vec<String> = (0..20).map(|n| format!("user-{:06}", n * 7_919 + 13 + number)).collect();
    let country = pick(&COUNTRIES, number / 5);
    let boolean = json!({"on": true, "off": false});
    let (kind, variants, configuration) = match number % 5 {
        0 => ("boolean", boolean, json!({"offVariant": "off", "fallthrough": {"variant": "on"}})),
        1 => {
            let rollout = json!({"id": "rollout", "when": {"percentage": 25}, "serve": {"variant": "on"}});
            let configuration =
                json!({"offVariant": "off", "rules": [rollout], "fallthrough": {"variant": "off"}});
            ("boolean", boolean, configuration)
        }
        2 => {
            let when = json!({"all": [{"attribute": "country", "op": "in", "values": [country, "DE"]},
                {"attribute": "/org/plan", "op": "in", "values": ["pro", "team"]}]});
            let rule = json!({"id": "paying", "when": when, "serve": split(&[("a", 50_000), ("b", 50_000)])});
            let configuration = json!({"offVariant": "off", "rules": [rule],
                "fallthrough": split_instead(&[("off", 80_000), ("a", 10_000), ("b", 10_000)])});
            ("string", json!({"off": "classic", "a": "by relevance", "b": "by freshness"}), configuration)
        }
        3 => {
            let rule = json!({"id": "large", "serve": {"variant": "team"},
                "when": {"any": [{"attribute": "seats", "op": "gte", "values": [40]},
                    {"attribute": "email", "op": "ends_with", "values": ["@example.org"], "ignoreCase": true}]}});
            let table = |price: f64| json!({"currency": "EUR", "price": price, "steps": [1, 5, 25], "trial": {"days": 14}});
            let configuration =
                json!({"offVariant": "list", "rules": [rule], "fallthrough": {"variant": "list"}});
            ("object", json!({"list": table(12.5), "team": table(9.0)}), configuration)
        }
        _ => {
            let rule = json!({"id": "recent", "serve": {"variant": "many"},
                "when": {"attribute": "appVersion", "op": "semver_gte", "values": ["2.9.0"]}});
            let configuration = json!({"offVariant": "few", "targets": [{"variant": "many", "values": targets}],
                "rules": [rule], "fallthrough": {"variant": "few"}});
            ("number", json!({"few": 3, "many": 25}), configuration)
        }
    };
    let definition = json!({"key": key(number), "type": kind, "variants": variants, "clientVisible": true});
    let mut configuration = configuration;
    if let Some(members) = configuration.as_object_mut() {
        members.insert("enabled".to_owned(), Value::Bool(true));
    }
    (definition, configuration)
}

/// What a flip was answered.
#[derive(Debug, Clone, Copy)]
pub struct Flipped {
    /// The environment's revision.
    pub revision: u64,
    /// Whether the node serves it already.
    pub is_applied: bool,
}

/// The admin API, in project `default`, environment `development`.
#[derive(Debug)]
pub struct Admin {
    target: Target,
    connection: Connection,
}

impl Admin {
    /// With the owner's token.
    pub fn new(target: Target) -> Admin {
        let connection = Connection::new(target.address);
        Admin { target, connection }
    }

    /// Begins its connection anew.
    pub fn reconnect(&mut self) {
        self.connection = Connection::new(self.target.address);
    }

    /// Makes a flag and turns it on.
    pub async fn create(&mut self, number: usize) -> Result<()> {
        let (definition, configuration) = documents(number);
        let flags = "/api/v1/projects/default/flags";
        self.call("POST", flags, &[], Some(&definition.to_string())).await?;
        let path = format!("{flags}/{}/environments/development", key(number));
        self.call("PATCH", &path, &["if-match: *"], Some(&configuration.to_string())).await?;
        Ok(())
    }

    /// Turns a flag on or off.
    pub async fn flip(&mut self, number: usize, on: bool) -> Result<Flipped> {
        let act = if on { "on" } else { "off" };
        let path = format!("/api/v1/projects/default/flags/{}/environments/development/{act}", key(number));
        self.call("POST", &path, &["if-match: *"], None).await
    }

    async fn call(&mut self, method: &str, path: &str, more: &[&str], body: Option<&str>) -> Result<Flipped> {
        let request = self.target.request(method, path, more, body);
        let answer = self.connection.send(&request).await.with_context(|| format!("{method} {path}"))?;
        if !matches!(answer.head.status, 200 | 201) {
            bail!("{method} {path}: {} {}", answer.head.status, answer.text());
        }
        let revision = answer.head.header("x-pennon-revision").and_then(|text| text.parse().ok());
        Ok(Flipped {
            revision: revision.unwrap_or_default(),
            is_applied: answer.head.header("x-pennon-applied") != Some("false"),
        })
    }
}
