//! What the readers of documents share: text to tree, keys, variants by name, lists of rules.

use super::draft::Draft;
use super::variant::Variant;
use crate::bucket::Salt;
use crate::issue::{IssueCode, Problems};
use crate::json::node::{self, Node};
use crate::limits;
use crate::read::{self, Members};
use crate::reference::{self, By, Place};

/// Parses a document's text; what is no JSON is an issue.
pub(super) fn tree<'a>(text: &'a str, problems: &mut Problems) -> Option<Node<'a>> {
    match node::parse(text) {
        Ok(tree) => {
            if problems.is_strict() {
                read::scrutinise(&tree, problems);
            }
            Some(tree)
        }
        Err(fault) => {
            problems.push(
                IssueCode::InvalidJson,
                format!("the text is no JSON: {} (at byte {})", fault.what, fault.at),
            );
            None
        }
    }
}

/// Checks a document's key against the grammar.
pub(super) fn check_key(key: &str, problems: &mut Problems) {
    if !read::is_key(key) {
        let detail = "a key is 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or digit";
        problems.push(IssueCode::InvalidKey, detail);
    }
}

/// Reads `salt`, which defaults to the key.
pub(super) fn salt(members: &Members<'_, '_>, key: &str, problems: &mut Problems) -> Salt {
    Salt::new(members.read("salt", problems, read::string).unwrap_or(key))
}

/// Reads a `by` that takes no `$random`.
pub(super) fn list_by(members: &Members<'_, '_>, problems: &mut Problems) -> Option<By> {
    if members.get("by").is_none() {
        return Some(reference::default_by());
    }
    members.read("by", problems, |node, problems| reference::read_by(node, Place::List, problems))
}

/// Reads the name of a variant of this flag.
pub(super) fn variant_index(node: &Node<'_>, variants: &[Variant], problems: &mut Problems) -> Option<u32> {
    let name = read::string(node, problems)?;
    let found =
        variants.iter().position(|variant| variant.name() == name).and_then(|at| u32::try_from(at).ok());
    if found.is_none() {
        problems.push(IssueCode::UnknownVariant, format!("the flag has no variant named {name:?}"));
    }
    found
}

/// Reads a list member whose items need the draft; absent is empty.
pub(super) fn items<T>(
    members: &Members<'_, '_>,
    name: &str,
    draft: &mut Draft,
    mut read_item: impl FnMut(&Node<'_>, &mut Draft) -> Option<T>,
) -> Vec<T> {
    let Some(node) = members.get(name) else { return Vec::new() };
    draft.within(name, |draft| {
        let items = read::list(node, &mut draft.problems).unwrap_or_default();
        let mut found = Vec::with_capacity(items.len().min(limits::VALUES_PER_LIST));
        for (at, item) in items.iter().enumerate() {
            found.extend(draft.within(at, |draft| read_item(item, draft)));
        }
        found
    })
}
