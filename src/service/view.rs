//! What use cases answer. Each view can be stored with an Idempotency-Key and be answered again, word for word.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::usage::FlagSeen;
use crate::domain::json::Members;
use crate::store::PAGE_BYTES;

/// A flag's definition, with its configurations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlagView {
    /// The flag's key.
    pub key: String,
    /// The definition's version.
    pub version: i64,
    /// The definition.
    pub definition: Members,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When the definition was last changed, microseconds.
    pub updated_at: i64,
    /// When it was archived, microseconds.
    pub archived_at: Option<i64>,
    /// The configurations by environment.
    pub environments: BTreeMap<String, ConfigurationView>,
}

/// A flag's configuration in one environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfigurationView {
    /// The flag's key.
    pub flag: String,
    /// The environment's key.
    pub environment: String,
    /// The configuration's version.
    pub version: i64,
    /// The environment's revision that carries it; None where only the configuration was read.
    pub revision: Option<i64>,
    /// The configuration.
    pub document: Members,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// When the flag was evaluated there; known where flags are read, and never stored with an outcome.
    #[serde(skip)]
    pub seen: FlagSeen,
}

/// A segment or a layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SharedView {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: i64,
    /// The document.
    pub document: Members,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
    /// When it was archived, microseconds.
    pub archived_at: Option<i64>,
}

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProjectView {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its version.
    pub version: i64,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
}

/// An environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentView {
    /// Its project's key.
    pub project: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether changing what it serves needs an admin and a reason.
    pub protected: bool,
    /// Milliseconds at which this line of history began.
    pub epoch: i64,
    /// Grows by one with every change of its snapshot.
    pub revision: i64,
    /// The version of the environment's own settings.
    pub version: i64,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When its settings were last changed, microseconds.
    pub updated_at: i64,
}

/// One version in a history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionView {
    /// The version.
    pub version: i64,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The environment's revision that carried it; None for what environments share.
    pub revision: Option<i64>,
    /// When, microseconds.
    pub at: i64,
    /// The document as it was then.
    pub document: Members,
}

/// A page of anything.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; None at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of items that were read with one more than the limit; `cursor` tells an item's place.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Page { items, next }
    }

    /// The same for items of any size: the page ends early where they hold too many bytes, but never before the first.
    #[must_use]
    pub fn cut_within(
        mut items: Vec<T>,
        limit: i64,
        size: impl Fn(&T) -> usize,
        cursor: impl Fn(&T) -> String,
    ) -> Page<T> {
        let mut bytes = 0;
        let fitting = items.iter().enumerate().take_while(|(index, item)| {
            bytes += size(item);
            *index == 0 || bytes <= PAGE_BYTES
        });
        let kept = fitting.count().min(usize::try_from(limit).unwrap_or(0));
        let more = items.len() > kept;
        items.truncate(kept);
        let next = if more { items.last().map(cursor) } else { None };
        Page { items, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_BYTES, Page};

    #[test]
    fn a_page_ends_early_where_its_items_are_large() {
        let cut = |sizes: &[usize], limit: i64| {
            let page = Page::cut_within(sizes.to_vec(), limit, |size| *size, ToString::to_string);
            (page.items.len(), page.next)
        };
        assert_eq!(cut(&[1, 2, 3], 2), (2, Some("2".to_owned())));
        assert_eq!(cut(&[1, 2], 2), (2, None));
        assert_eq!(cut(&[PAGE_BYTES, 1], 9), (1, Some(PAGE_BYTES.to_string())));
        assert_eq!(cut(&[PAGE_BYTES + 1, 1], 9), (1, Some((PAGE_BYTES + 1).to_string())));
        assert_eq!(cut(&[PAGE_BYTES + 1], 9), (1, None));
        assert_eq!(cut(&[PAGE_BYTES - 1, 1], 9), (2, None));
    }
}
