//! [`Table`]: the documents of one kind, sorted by key, found by hash.

use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::document::{Flag, Layer, Segment};
use crate::texts;

/// A document with a key.
pub(super) trait Keyed {
    fn key(&self) -> &str;
}

impl Keyed for Flag {
    fn key(&self) -> &str {
        self.key()
    }
}

impl Keyed for Segment {
    fn key(&self) -> &str {
        self.key()
    }
}

impl Keyed for Layer {
    fn key(&self) -> &str {
        self.key()
    }
}

/// Documents of one kind.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    items: Vec<Arc<T>>,
    /// Shared between snapshots with the same keys.
    index: Arc<Index>,
}

#[derive(Debug)]
struct Index {
    hasher: DefaultHashBuilder,
    positions: HashTable<u32>,
}

impl<T: Keyed> Table<T> {
    pub(super) fn new(mut items: Vec<Arc<T>>) -> Self {
        // Reversed before the stable sort, so that of equal keys the last given comes first and stays.
        items.reverse();
        items.sort_by(|left, right| left.key().cmp(right.key()));
        items.dedup_by(|later, earlier| later.key() == earlier.key());
        Self::of_sorted(items)
    }

    fn of_sorted(items: Vec<Arc<T>>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut positions = HashTable::with_capacity(items.len());
        let hash_at = |at: u32| items.get(at as usize).map_or(0, |item| texts::hash(&hasher, item.key()));
        for at in 0..u32::try_from(items.len()).unwrap_or(u32::MAX) {
            positions.insert_unique(hash_at(at), at, |at| hash_at(*at));
        }
        Self { items, index: Arc::new(Index { hasher, positions }) }
    }

    /// The table with documents put in, replaced or (none) taken out.
    pub(super) fn with(&self, changes: Vec<(String, Option<Arc<T>>)>) -> Self {
        let mut items = self.items.clone();
        let mut same_keys = true;
        for (key, document) in changes {
            let place = items.binary_search_by(|item| item.key().cmp(&key));
            match (place, document) {
                (Ok(at), Some(document)) if document.key() == key => {
                    if let Some(slot) = items.get_mut(at) {
                        *slot = document;
                    }
                }
                (Err(at), Some(document)) if document.key() == key => {
                    items.insert(at, document);
                    same_keys = false;
                }
                (Ok(at), None) => {
                    items.remove(at);
                    same_keys = false;
                }
                // Taking out what is not there is nothing; a document under a foreign key would break the order.
                _ => {}
            }
        }
        if same_keys { Self { items, index: Arc::clone(&self.index) } } else { Self::of_sorted(items) }
    }

    /// The position of a key.
    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let matches = |at: &u32| self.items.get(*at as usize).is_some_and(|item| item.key() == key);
        self.index.positions.find(texts::hash(&self.index.hasher, key), matches).map(|at| *at as usize)
    }
}

impl<T> Table<T> {
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.items.get(at).map(|item| &**item)
    }

    pub(super) fn shared(&self, at: usize) -> Option<&Arc<T>> {
        self.items.get(at)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Arc<T>> {
        self.items.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}
