//! [`Flag`]: one flag of one environment.

use super::draft::Draft;
use super::mention::Kind;
use super::model::Model;
use super::read::{check_key, tree};
use super::variant::{FlagType, Variant};
use crate::issue::{Issue, Problems, Reading};
use crate::read::{self, Shape};

const SHAPE: Shape = Shape {
    noun: "a flag",
    known: &[
        "key",
        "type",
        "salt",
        "version",
        "enabled",
        "variants",
        "offVariant",
        "override",
        "prerequisites",
        "targets",
        "rules",
        "fallthrough",
        "clientVisible",
        "metadata",
    ],
    closed: false,
    nullable: true,
};
/// One flag, parsed and compiled, not yet linked to what it names.
///
/// ```
/// use pennon_engine::{Flag, Reading};
///
/// let text = r#"{"key": "new", "type": "boolean", "enabled": true,
///     "variants": {"on": true, "off": false}, "fallthrough": {"variant": "om"}}"#;
/// let flag = Flag::parse("new", text, Reading::Strict);
/// assert_eq!(flag.issues()[0].pointer, "/fallthrough/variant");
/// ```
#[derive(Debug, Clone)]
pub struct Flag {
    key: Box<str>,
    text: Box<str>,
    issues: Vec<Issue>,
    borders: Vec<i64>,
    pub(super) model: Model,
}

impl Flag {
    /// Parses one flag document. Never fails: what is wrong is in [`issues`](Self::issues), and such a flag is
    /// broken. `key` is the flag's key in its environment; the document must say the same.
    #[must_use]
    pub fn parse(key: &str, text: &str, reading: Reading) -> Self {
        let mut problems = Problems::new(reading);
        problems.within("key", |problems| check_key(key, problems));
        let tree = tree(text, &mut problems);
        let mut draft = Draft::new(problems);
        let members = tree.as_ref().and_then(|tree| read::members(tree, &SHAPE, &mut draft.problems));
        let mut model = Model::empty(key);
        if let Some(members) = members {
            model.read(&members, key, &mut draft);
        }
        model.mentions = draft.mentions;
        let mut borders = Vec::new();
        model.conditions().for_each(|condition| condition.borders(&mut borders));
        Self { key: key.into(), text: text.into(), issues: draft.problems.into_issues(), borders, model }
    }

    /// The flag's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong with the document itself. Empty when it is well-formed.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The document as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The configuration's version; 0 when it has none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.model.version
    }

    /// Whether client keys may see the flag.
    #[must_use]
    pub fn client_visible(&self) -> bool {
        self.model.client_visible
    }

    /// The flag's type; none only when the flag is broken.
    #[must_use]
    pub fn flag_type(&self) -> Option<FlagType> {
        self.model.kind
    }

    /// The stored switch.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.model.enabled
    }

    /// The variants, in the order they were written.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.model.variants.iter()
    }

    /// The flag's own metadata, a JSON object as it was written, without white space between tokens.
    #[must_use]
    pub fn metadata_json(&self) -> &str {
        &self.model.metadata
    }

    /// The salt of the flag's gates and splits.
    #[must_use]
    pub fn salt(&self) -> &str {
        self.model.salt.as_str()
    }

    /// The ids of the rules, in order.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.model.rules.iter().map(|rule| &*rule.id)
    }

    /// The flags it names directly, once for each time it names them.
    pub fn flag_references(&self) -> impl Iterator<Item = &str> {
        self.references(Kind::Flag)
    }

    /// The segments it names directly, once for each time it names them.
    pub fn segment_references(&self) -> impl Iterator<Item = &str> {
        self.references(Kind::Segment)
    }

    /// The layers it names directly, once for each time it names them.
    pub fn layer_references(&self) -> impl Iterator<Item = &str> {
        self.references(Kind::Layer)
    }

    fn references(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.model.mentions.iter().filter(move |mention| mention.kind == kind).map(|mention| &*mention.key)
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Epoch milliseconds at which an answer may change by itself: dates that its own conditions compare `$now` with.
    #[must_use]
    pub fn borders(&self) -> &[i64] {
        &self.borders
    }
}

/// Flags are equal when they say the same, however it is written.
impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.issues == other.issues && self.model == other.model
    }
}
