//! [`Layer`]: a salt and units of its own, by which experiments exclude one another.

use super::read::{check_key, salt, tree};
use crate::bucket::Salt;
use crate::issue::{Issue, Problems, Reading};
use crate::json::text;
use crate::read::{self, Shape};
use crate::reference::{self, By, Place};

const SHAPE: Shape = Shape { noun: "a layer", known: &["salt", "by"], closed: false, nullable: true };

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    key: Box<str>,
    text: Box<str>,
    issues: Vec<Issue>,
    model: Model,
}

/// What a layer says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(crate) salt: Salt,
    pub(crate) by: By,
}

impl Layer {
    /// Parses one layer document. Never fails: what is wrong is in [`issues`](Self::issues).
    #[must_use]
    pub fn parse(key: &str, text: &str, reading: Reading) -> Self {
        let mut problems = Problems::new(reading);
        check_key(key, &mut problems);
        let mut model = Model { salt: Salt::new(key), by: reference::default_by() };
        let tree = tree(text, &mut problems);
        if let Some(members) = tree.as_ref().and_then(|tree| read::members(tree, &SHAPE, &mut problems)) {
            model.salt = salt(&members, key, &mut problems);
            let by = members
                .read("by", &mut problems, |node, problems| reference::read_by(node, Place::Draw, problems));
            model.by = by.unwrap_or(model.by);
        }
        Self { key: key.into(), text: text.into(), issues: problems.into_issues(), model }
    }

    /// The layer's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong with the document. Empty when it is well-formed.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The document as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The layer in canonical form, from what was parsed and not from the text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"salt\":");
        text::quote(&mut out, self.model.salt.as_str());
        reference::print_by(&mut out, &self.model.by);
        out.push('}');
        out
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }
}

/// Layers are equal when they say the same, however it is written.
impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.issues == other.issues && self.model == other.model
    }
}
