//! [`Segment`]: a named audience, shared by flags.

use super::draft::Draft;
use super::mention::{Kind, Mention};
use super::read::{check_key, list_by, salt, tree};
use super::units::Units;
use crate::bucket::Salt;
use crate::condition::{self, Condition};
use crate::issue::{Issue, Problems, Reading};
use crate::json::text;
use crate::read::{self, Members, Shape};
use crate::reference::{self, By};

const SHAPE: Shape = Shape {
    noun: "a segment",
    known: &["salt", "by", "included", "excluded", "when"],
    closed: false,
    nullable: true,
};

/// One segment, parsed and compiled, not yet linked to what it names.
#[derive(Debug, Clone)]
pub struct Segment {
    key: Box<str>,
    text: Box<str>,
    issues: Vec<Issue>,
    borders: Vec<i64>,
    model: Model,
}

/// What a segment says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(crate) salt: Salt,
    pub(crate) by: By,
    pub(crate) included: Units,
    pub(crate) excluded: Units,
    /// Absent: only the included are in it.
    pub(crate) when: Option<Condition>,
    pub(crate) has_percentage: bool,
    pub(crate) mentions: Vec<Mention>,
}

impl Segment {
    /// Parses one segment document. Never fails: what is wrong is in [`issues`](Self::issues).
    #[must_use]
    pub fn parse(key: &str, text: &str, reading: Reading) -> Self {
        let mut problems = Problems::new(reading);
        check_key(key, &mut problems);
        let tree = tree(text, &mut problems);
        let mut draft = Draft::new(problems);
        let members = tree.as_ref().and_then(|tree| read::members(tree, &SHAPE, &mut draft.problems));
        let mut model = match members {
            Some(members) => Model::read(&members, key, &mut draft),
            None => Model::empty(Salt::new(key)),
        };
        model.mentions = draft.mentions;
        let mut borders = Vec::new();
        model.when.iter().for_each(|when| when.borders(&mut borders));
        Self { key: key.into(), text: text.into(), issues: draft.problems.into_issues(), borders, model }
    }

    /// The segment's key.
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

    /// The segment in canonical form, from what was parsed and not from the text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"salt\":");
        text::quote(&mut out, self.model.salt.as_str());
        reference::print_by(&mut out, &self.model.by);
        out.push_str(",\"included\":");
        self.model.included.print(&mut out);
        out.push_str(",\"excluded\":");
        self.model.excluded.print(&mut out);
        if let Some(when) = &self.model.when {
            out.push_str(",\"when\":");
            condition::print(&mut out, when, &self.model.mentions);
        }
        out.push('}');
        out
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Epoch milliseconds at which an answer may change by itself: dates that its own condition compares `$now` with.
    #[must_use]
    pub fn borders(&self) -> &[i64] {
        &self.borders
    }
}

/// Segments are equal when they say the same, however it is written.
impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.issues == other.issues && self.model == other.model
    }
}

impl Model {
    fn empty(salt: Salt) -> Self {
        Self {
            salt,
            by: reference::default_by(),
            included: Units::default(),
            excluded: Units::default(),
            when: None,
            has_percentage: false,
            mentions: Vec::new(),
        }
    }

    fn read(members: &Members<'_, '_>, key: &str, draft: &mut Draft) -> Self {
        let problems = &mut draft.problems;
        let mut model = Self::empty(salt(members, key, problems));
        if let Some(by) = list_by(members, problems) {
            model.by = by;
        }
        model.included = members.read("included", problems, Units::read).unwrap_or_default();
        model.excluded = members.read("excluded", problems, Units::read).unwrap_or_default();
        if let Some(node) = members.get("when") {
            model.when = draft.within("when", |draft| condition::read(node, draft));
        }
        model.has_percentage = model.when.as_ref().is_some_and(Condition::has_percentage);
        model
    }
}
