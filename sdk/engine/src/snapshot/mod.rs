//! [`Snapshot`]: one environment, compiled and linked. Immutable: a change makes another one that shares what did
//! not change.
//!
//! Must not fetch, store or swap anything; who holds snapshots does.

mod change;
mod graph;
mod link;
mod read;
mod table;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::context::Context;
use crate::document::{Flag, Layer, Segment};
use crate::evaluate::sink::Silent;
use crate::evaluate::{At, Run};
use crate::evaluation::Evaluation;
use crate::explain::{Explanation, Trace};
use crate::issue::Issue;
use crate::outcome::Asked;

pub use change::Change;
pub use read::SnapshotError;

use link::Links;
use table::Table;

/// Which environment, and which state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The millisecond at which this line of history began.
    pub epoch: i64,
    /// The project's key.
    pub project: String,
    /// The environment's key.
    pub environment: String,
    /// Grows by one with each change.
    pub revision: i64,
}

/// What kind of document is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DocumentKind {
    /// A flag.
    Flag,
    /// A segment.
    Segment,
    /// A layer.
    Layer,
}

/// A document that cannot be evaluated, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Broken<'s> {
    /// What kind of document.
    pub kind: DocumentKind,
    /// Its key.
    pub key: &'s str,
    /// What is wrong with it, its references included.
    pub issues: &'s [Issue],
}

/// A compiled, linked environment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    meta: Meta,
    flags: Table<Flag>,
    segments: Table<Segment>,
    layers: Table<Layer>,
    links: Links,
    borders: Vec<i64>,
}

/// A flag with what linking found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlagNode<'s> {
    pub(crate) flag: &'s Flag,
    pub(crate) first_link: usize,
    pub(crate) broken: bool,
}

/// A segment with what linking found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentNode<'s> {
    pub(crate) segment: &'s Segment,
    pub(crate) first_link: usize,
    /// A percentage stands in it or in a segment that it names.
    pub(crate) draws: bool,
}

impl Snapshot {
    /// Links documents into a snapshot, sharing them. Of documents with one key the last stands.
    #[must_use]
    pub fn build(
        meta: Meta,
        flags: Vec<Arc<Flag>>,
        segments: Vec<Arc<Segment>>,
        layers: Vec<Arc<Layer>>,
    ) -> Self {
        Self::link_up(meta, Table::new(flags), Table::new(segments), Table::new(layers))
    }

    fn link_up(meta: Meta, flags: Table<Flag>, segments: Table<Segment>, layers: Table<Layer>) -> Self {
        let links = Links::new(&flags, &segments, &layers);
        let mut borders: Vec<i64> = flags.iter().flat_map(|flag| flag.borders()).copied().collect();
        borders.extend(segments.iter().flat_map(|segment| segment.borders()));
        borders.sort_unstable();
        borders.dedup();
        Self { meta, flags, segments, layers, links, borders }
    }

    /// Which environment, and which state of it.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The flag of this key.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<FlagRef<'_>> {
        let at = self.flags.find(key)?;
        Some(FlagRef { snapshot: self, flag: self.flags.shared(at)?, at })
    }

    /// The flags, sorted by key.
    #[must_use]
    pub fn flags(&self) -> impl ExactSizeIterator<Item = FlagRef<'_>> {
        self.flags.iter().enumerate().map(|(at, flag)| FlagRef { snapshot: self, flag, at })
    }

    /// The segment of this key.
    #[must_use]
    pub fn segment(&self, key: &str) -> Option<&Arc<Segment>> {
        self.segments.find(key).and_then(|at| self.segments.shared(at))
    }

    /// The segments, sorted by key.
    pub fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.segments.iter()
    }

    /// The layer of this key.
    #[must_use]
    pub fn layer(&self, key: &str) -> Option<&Arc<Layer>> {
        self.layers.find(key).and_then(|at| self.layers.shared(at))
    }

    /// The layers, sorted by key.
    pub fn layers(&self) -> impl Iterator<Item = &Arc<Layer>> {
        self.layers.iter()
    }

    /// What cannot be evaluated and why: flags, segments, layers, each sorted by key.
    pub fn broken(&self) -> impl Iterator<Item = Broken<'_>> {
        self.links.broken().filter_map(|(kind, at, issues)| {
            let key = match kind {
                DocumentKind::Flag => self.flags.get(at)?.key(),
                DocumentKind::Segment => self.segments.get(at)?.key(),
                DocumentKind::Layer => self.layers.get(at)?.key(),
            };
            Some(Broken { kind, key, issues })
        })
    }

    /// The epoch milliseconds from which an answer may differ from a millisecond before, although no revision
    /// changed anything: sorted, each once.
    #[must_use]
    pub fn borders(&self) -> &[i64] {
        &self.borders
    }

    /// Decides one flag. `asked` is the type the caller wants, if any.
    #[must_use]
    pub fn evaluate<'s>(
        &'s self,
        key: &str,
        context: &Context<'_>,
        asked: Option<Asked>,
        at: &At<'_>,
    ) -> Evaluation<'s> {
        let node = self.flags.find(key).and_then(|at| self.node(at));
        Run { snapshot: self, context, at, sink: Silent, version: None }.answer(node, asked)
    }

    /// Decides every flag, in the order of their keys.
    #[must_use]
    pub fn evaluate_all<'s, 'c>(
        &'s self,
        context: &'c Context<'c>,
        at: &'c At<'c>,
    ) -> impl ExactSizeIterator<Item = Evaluation<'s>> + use<'s, 'c> {
        self.flags().map(move |flag| flag.evaluate(context, None, at))
    }

    /// Decides one flag and records every step: the same code as [`evaluate`](Self::evaluate).
    #[must_use]
    pub fn explain(
        &self,
        key: &str,
        context: &Context<'_>,
        asked: Option<Asked>,
        at: &At<'_>,
    ) -> Explanation {
        let node = self.flags.find(key).and_then(|at| self.node(at));
        let mut run = Run { snapshot: self, context, at, sink: Trace::new(), version: None };
        let evaluation = run.answer(node, asked);
        run.sink.into_explanation(key, &evaluation)
    }

    #[inline]
    fn node(&self, at: usize) -> Option<FlagNode<'_>> {
        let flag = self.flags.get(at)?;
        let (first_link, broken) = self.links.flag(at)?;
        Some(FlagNode { flag, first_link, broken })
    }

    /// What the link leads to.
    #[inline]
    pub(crate) fn link(&self, at: usize) -> Option<u32> {
        self.links.target(at)
    }

    #[inline]
    pub(crate) fn flag_node(&self, link: u32) -> Option<FlagNode<'_>> {
        self.node(link as usize)
    }

    #[inline]
    pub(crate) fn segment_node(&self, link: u32) -> Option<SegmentNode<'_>> {
        let segment = self.segments.get(link as usize)?;
        let (first_link, draws) = self.links.segment(link as usize)?;
        Some(SegmentNode { segment, first_link, draws })
    }

    #[inline]
    pub(crate) fn layer_at(&self, link: u32) -> Option<&Layer> {
        self.layers.get(link as usize)
    }
}

/// A flag in its snapshot.
#[derive(Debug, Clone, Copy)]
pub struct FlagRef<'s> {
    snapshot: &'s Snapshot,
    flag: &'s Arc<Flag>,
    at: usize,
}

impl<'s> FlagRef<'s> {
    /// The document.
    #[must_use]
    pub fn flag(&self) -> &'s Flag {
        self.flag
    }

    /// The document, to be shared.
    #[must_use]
    pub fn shared(&self) -> &'s Arc<Flag> {
        self.flag
    }

    /// Where the flag stands among the snapshot's flags, which are sorted by key.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether the flag is broken, by itself or by what it names.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.snapshot.links.flag(self.at).is_none_or(|node| node.1)
    }

    /// What is wrong with the flag, its references included.
    #[must_use]
    pub fn issues(&self) -> &'s [Issue] {
        self.snapshot.links.issues(DocumentKind::Flag, self.at)
    }

    /// Decides the flag.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, context: &Context<'_>, asked: Option<Asked>, at: &At<'_>) -> Evaluation<'s> {
        let node = self.snapshot.node(self.at);
        Run { snapshot: self.snapshot, context, at, sink: Silent, version: None }.answer(node, asked)
    }
}
