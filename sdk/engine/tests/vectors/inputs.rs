//! What an evaluation is given beside the flag.

use std::collections::BTreeMap;

use pennon_engine::{At, Context, ErrorCode};
use serde_json::value::RawValue;

const DEFAULT_NOW: i64 = 1_767_225_600_000;

/// The inputs of one case.
pub struct Inputs<'a> {
    pub context: Option<&'a RawValue>,
    pub context_text: Option<String>,
    pub inject: Option<BTreeMap<String, String>>,
    pub mode: Option<String>,
    pub now: Option<i64>,
    pub random: Option<u32>,
    pub instance: Option<String>,
}

impl Inputs<'_> {
    pub fn at(&self) -> At<'_> {
        At {
            now_ms: self.now.unwrap_or(DEFAULT_NOW),
            random: self.random.unwrap_or(0),
            instance: self.instance.as_deref(),
        }
    }

    fn is_local(&self) -> bool {
        self.mode.as_deref() == Some("local")
    }

    /// The context, the code of what is wrong with it, or none when Rust cannot hold it.
    pub fn context(&self) -> Option<Result<Context<'_>, ErrorCode>> {
        let text = self.context_text.as_deref().or(self.context.map(RawValue::get));
        let mut context = match text {
            None => Context::empty(),
            // To an SDK a null context is an empty one.
            Some("null") if self.is_local() => Context::empty(),
            Some(text) => match Context::from_json(text.as_bytes()) {
                Ok(context) => context,
                Err(_) if self.is_local() && self.context_text.is_some() => return None,
                Err(error) => return Some(Err(error.code())),
            },
        };
        for (name, what) in self.inject.iter().flatten() {
            let number = match what.as_str() {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                // A Rust string is always valid Unicode.
                "surrogate" => return None,
                other => panic!("unknown injection {other}"),
            };
            context = context.with(name.as_str(), number);
        }
        Some(Ok(context))
    }
}
