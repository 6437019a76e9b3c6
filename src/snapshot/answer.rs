//! A flag's answers, serialised once per variant, so that a request only joins bytes.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use pennon_engine::{Evaluation, Flag, Variant};
use serde::Deserialize;

use super::tally::{Handed, Tally};
use crate::domain::json::{Members, push_string};
use crate::domain::tally::Source;

/// Metadata names that the evaluation itself uses; a flag's own members of these names are left out.
const RESERVED: [&str; 4] = ["ruleId", "version", "cause", "prerequisite"];

/// The parts of a flag's answers that do not depend on the request.
#[derive(Debug)]
pub struct Answer {
    /// `"key":"…"`.
    pub key: Box<str>,
    /// The flag's own metadata, without braces; only booleans, strings and numbers travel over OFREP.
    pub metadata: Box<str>,
    /// Whether client keys may see the flag.
    pub client_visible: bool,
    /// Stands for the metadata where only its difference counts.
    pub metadata_hash: u64,
    variants: Vec<Prepared>,
    /// The runs that its rules count exposures for.
    runs: Box<[Box<str>]>,
    tally: Tally,
}

/// A variant's part of an answer.
#[derive(Debug)]
struct Prepared {
    name: Box<str>,
    text: Box<str>,
    hash: u64,
}

impl Answer {
    /// Serialises the parts of a flag.
    #[must_use]
    pub fn new(flag: &Flag) -> Answer {
        let mut key = String::from("\"key\":");
        push_string(&mut key, flag.key());
        let variants: Vec<Prepared> = flag
            .variants()
            .map(|variant| {
                let mut text = String::from("\"value\":");
                text.push_str(variant.json());
                text.push_str(",\"variant\":");
                push_string(&mut text, variant.name());
                Prepared { name: variant.name().into(), hash: hash(&text), text: text.into() }
            })
            .collect();
        let metadata = metadata(flag.metadata_json());
        Answer {
            key: key.into(),
            metadata_hash: hash(&metadata),
            metadata,
            client_visible: flag.client_visible(),
            tally: Tally::new(variants.len()),
            variants,
            runs: runs(flag.text()),
        }
    }

    /// Counts an evaluation of the flag that is handed out.
    pub fn count(&self, handed: Handed, evaluation: &Evaluation<'_>) {
        let place = |variant: &Variant| self.variants.iter().position(|own| *own.name == *variant.name());
        self.tally.count(handed, evaluation.variant().and_then(place), evaluation);
    }

    /// Takes away what was counted: who handed out, the variant ("" for none), what came of it, how often.
    pub fn drain(&self, mut take: impl FnMut(Source, &str, &'static str, u32)) {
        self.tally.drain(|source, variant, outcome, count| {
            let variant = variant.and_then(|at| self.variants.get(at)).map_or("", |variant| &*variant.name);
            take(source, variant, outcome, count);
        });
    }

    /// Whether a rule of the flag counts exposures for a run.
    #[must_use]
    pub fn has_run(&self, run: &str) -> bool {
        self.runs.iter().any(|own| **own == *run)
    }

    /// `"value":…,"variant":"…"` of a variant.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<&str> {
        self.prepared(name).map(|variant| &*variant.text)
    }

    /// Stands for a variant's part where only its difference counts.
    #[must_use]
    pub fn variant_hash(&self, name: &str) -> Option<u64> {
        self.prepared(name).map(|variant| variant.hash)
    }

    fn prepared(&self, name: &str) -> Option<&Prepared> {
        self.variants.iter().find(|variant| *variant.name == *name)
    }
}

/// The runs of a flag's rules. Most flags have none, and are not read a second time.
fn runs(document: &str) -> Box<[Box<str>]> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Flag {
        rules: Vec<Rule>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Rule {
        track: Option<Track>,
    }
    #[derive(Deserialize)]
    struct Track {
        run: Box<str>,
    }
    if !document.contains("\"track\"") {
        return Box::default();
    }
    // A flag that cannot be read is broken, and serves nothing that could be counted.
    let flag: Flag = serde_json::from_str(document).unwrap_or_default();
    flag.rules.into_iter().filter_map(|rule| Some(rule.track?.run)).collect()
}

fn hash(text: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    text.hash(&mut hash);
    hash.finish()
}

fn metadata(json: &str) -> Box<str> {
    let members = Members::parse_shallow(json).unwrap_or_default();
    let mut text = String::new();
    for (name, value) in members.iter() {
        let scalar = !value.starts_with(['{', '[', 'n']);
        if scalar && !RESERVED.contains(&name) {
            if !text.is_empty() {
                text.push(',');
            }
            push_string(&mut text, name);
            let _ = write!(text, ":{value}");
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use pennon_engine::{Flag, Reading};

    use super::Answer;

    #[test]
    fn values_keep_the_form_they_were_written_in_and_metadata_only_its_scalars() {
        let text = r#"{"key":"k","type":"number","variants":{"a":3.0},"enabled":true,"fallthrough":{"variant":"a"},"metadata":{"owner":"x","n":1.50,"list":[1],"ruleId":"mine"}}"#;
        let answer = Answer::new(&Flag::parse("k", text, Reading::Lenient));
        assert_eq!(answer.variant("a"), Some(r#""value":3.0,"variant":"a""#));
        assert_eq!(&*answer.metadata, r#""owner":"x","n":1.50"#);
        assert_eq!(answer.variant("b"), None);
    }

    #[test]
    fn a_flag_knows_the_runs_of_its_rules() {
        let text = r#"{"key":"k","type":"boolean","variants":{"on":true},"enabled":true,"fallthrough":{"variant":"on"},"metadata":{"track":1},
            "rules":[{"id":"a","serve":{"variant":"on"}},{"id":"b","serve":{"variant":"on"},"track":{"run":"r-1","arm":"candidate"}}]}"#;
        let answer = Answer::new(&Flag::parse("k", text, Reading::Lenient));
        assert!(answer.has_run("r-1") && !answer.has_run("r-2"));
    }
}
