//! Flags for tests: without a server, without a network, decided by the test.
//!
//! ```
//! use pennon_sdk::{Client, Context, test::Flags};
//!
//! fn greeting(flags: &Client, user: &str) -> &'static str {
//!     if flags.is_enabled("new_greeting", &Context::new(user)) { "Hello!" } else { "Good day." }
//! }
//!
//! let flags = Flags::new();
//! assert_eq!(greeting(&flags.client(), "ada"), "Good day.");
//! flags.set("new_greeting", true);
//! assert_eq!(greeting(&flags.client(), "ada"), "Hello!");
//! flags.set_for("new_greeting", "grace", false);
//! assert_eq!(greeting(&flags.client(), "grace"), "Good day.");
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

pub use crate::moment::Moment;

use crate::client::Client;
use crate::core::Core;
use crate::settings::Settings;
use crate::status::Source;

/// Flags that a test decides. Clones are the same flags.
#[derive(Debug, Clone)]
pub struct Flags {
    client: Client,
    set: Arc<Mutex<Set>>,
}

/// What the test decided.
#[derive(Debug, Default)]
struct Set {
    revision: i64,
    flags: BTreeMap<String, One>,
}

#[derive(Debug, Default)]
struct One {
    value: Option<Value>,
    /// By targeting key.
    units: BTreeMap<String, Value>,
}

impl Default for Flags {
    fn default() -> Self {
        Self::new()
    }
}

impl Flags {
    /// No flags: every evaluation serves the caller's default.
    #[must_use]
    pub fn new() -> Self {
        Self::made(None)
    }

    /// No flags, evaluated at this moment.
    #[must_use]
    pub fn at(moment: &Moment) -> Self {
        Self::made(Some(moment.clone()))
    }

    fn made(moment: Option<Moment>) -> Self {
        let settings = Settings { events: false, ..Settings::default() };
        let core = Core::new(settings, true, moment);
        let flags = Self { client: Client::new(Arc::new(core)), set: Arc::default() };
        flags.serve(|_| {});
        flags
    }

    /// The client to give to what is tested.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The flag serves this value from now on: a boolean, a number, a string or a JSON object.
    pub fn set(&self, key: &str, value: impl Into<Value>) {
        self.serve(|set| set.flags.entry(key.into()).or_default().value = Some(value.into()));
    }

    /// The flag serves this value to one targeting key. Others get what [`set`](Self::set) says; until it says
    /// anything, `false`, 0, the empty text or `{}`.
    pub fn set_for(&self, key: &str, unit: &str, value: impl Into<Value>) {
        self.serve(|set| {
            set.flags.entry(key.into()).or_default().units.insert(unit.into(), value.into());
        });
    }

    /// There is no such flag any more.
    pub fn remove(&self, key: &str) {
        self.serve(|set| drop(set.flags.remove(key)));
    }

    fn serve(&self, change: impl FnOnce(&mut Set)) {
        let text = {
            let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut set);
            set.revision += 1;
            set.document().to_string()
        };
        // Made here, and so never refused.
        if let Ok(snapshot) = pennon_engine::Snapshot::from_json(text.as_bytes()) {
            self.client.core().put(snapshot, Source::Bootstrap);
        }
    }
}

impl Set {
    fn document(&self) -> Value {
        let flags: serde_json::Map<String, Value> =
            self.flags.iter().map(|(key, one)| (key.clone(), one.document(key))).collect();
        json!({"schemaVersion": 1, "epoch": 1, "project": "test", "environment": "test", "revision": self.revision,
            "flags": flags, "segments": {}, "layers": {}})
    }
}

impl One {
    /// A flag with a variant for each value.
    fn document(&self, key: &str) -> Value {
        let some = self.value.as_ref().or_else(|| self.units.values().next());
        let (kind, nothing) = match some {
            Some(Value::Bool(_)) | None => ("boolean", json!(false)),
            Some(Value::Number(_)) => ("number", json!(0)),
            Some(Value::String(_)) => ("string", json!("")),
            Some(_) => ("object", json!({})),
        };
        let mut variants = serde_json::Map::new();
        variants.insert("everybody".into(), self.value.clone().unwrap_or(nothing));
        let mut targets = Vec::new();
        for (number, (unit, value)) in self.units.iter().enumerate() {
            let variant = format!("unit-{number}");
            targets.push(json!({"values": [unit], "variant": variant}));
            variants.insert(variant, value.clone());
        }
        json!({"key": key, "type": kind, "version": 1, "enabled": true, "variants": variants, "targets": targets,
            "fallthrough": {"variant": "everybody"}, "clientVisible": true})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use std::sync::mpsc;

    #[test]
    fn a_test_decides_what_is_served_to_whom() {
        let (flags, ada) = (Flags::new(), Context::new("ada"));
        let client = flags.client();
        assert_eq!(client.string_value("theme", "light", &ada), "light");
        flags.set("theme", "dark");
        flags.set_for("theme", "grace", "blue");
        assert_eq!(client.string_value("theme", "light", &ada), "dark");
        assert_eq!(client.string_value("theme", "light", &Context::new("grace")), "blue");
        flags.set_for("beta", "ada", true);
        assert!(client.is_enabled("beta", &ada) && !client.is_enabled("beta", &Context::new("grace")));
        flags.remove("theme");
        assert_eq!(client.string_value("theme", "light", &ada), "light");
    }

    #[test]
    fn who_watches_a_flag_is_told_when_the_test_changes_it() {
        let flags = Flags::new();
        let (send, told) = mpsc::channel();
        let subscription = flags.client().on_change("a", move |change| drop(send.send(change.flag.clone())));
        flags.set("a", 1);
        flags.set("b", 1);
        flags.set("a", 1);
        flags.set("a", 2);
        drop(subscription);
        flags.set("a", 3);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a", "a"]);
    }
}
