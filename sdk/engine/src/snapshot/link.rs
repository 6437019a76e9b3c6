//! [`Links`]: what each mention leads to, and what is broken by what it names.
//!
//! Rebuilt whole with each change, which is cheap: documents keep their own parsing. Must not touch documents.

use std::collections::BTreeMap;

use super::DocumentKind;
use super::graph::{self, Node, Status};
use super::table::Table;
use crate::document::mention::{Kind, Mention};
use crate::document::{Flag, Layer, Segment};
use crate::issue::{Issue, IssueCode};

/// A mention of what does not exist.
const NOWHERE: u32 = u32::MAX;

/// What linking found.
#[derive(Debug, Clone)]
pub(super) struct Links {
    /// The links of all mentions, document after document.
    targets: Vec<u32>,
    flags: Vec<Linked>,
    segments: Vec<Linked>,
    /// All issues of each broken document.
    broken: BTreeMap<(DocumentKind, usize), Vec<Issue>>,
}

/// What linking found of one flag or segment.
#[derive(Debug, Clone, Copy)]
struct Linked {
    first_link: u32,
    broken: bool,
    draws: bool,
}

/// The documents while they are linked.
struct Linker<'t> {
    flags: &'t Table<Flag>,
    segments: &'t Table<Segment>,
    layers: &'t Table<Layer>,
    links: Links,
}

impl Links {
    pub(super) fn new(flags: &Table<Flag>, segments: &Table<Segment>, layers: &Table<Layer>) -> Self {
        let links =
            Self { targets: Vec::new(), flags: Vec::new(), segments: Vec::new(), broken: BTreeMap::new() };
        let mut linker = Linker { flags, segments, layers, links };
        let mut nodes = Vec::with_capacity(flags.len() + segments.len());
        for (at, flag) in flags.iter().enumerate() {
            let node = linker.add(DocumentKind::Flag, at, &flag.model().mentions, flag.issues());
            nodes.push(node);
        }
        for (at, segment) in segments.iter().enumerate() {
            let mut node = linker.add(DocumentKind::Segment, at, &segment.model().mentions, segment.issues());
            node.draws = segment.model().has_percentage;
            nodes.push(node);
        }
        for (at, layer) in layers.iter().enumerate().filter(|(_, layer)| !layer.issues().is_empty()) {
            linker.links.broken.insert((DocumentKind::Layer, at), layer.issues().to_vec());
        }
        for (at, status) in graph::judge(&nodes).into_iter().enumerate() {
            linker.settle(at, status);
        }
        linker.links
    }

    #[inline]
    pub(super) fn target(&self, link: usize) -> Option<u32> {
        self.targets.get(link).copied().filter(|target| *target != NOWHERE)
    }

    /// Where the flag's links begin, and whether it is broken.
    #[inline]
    pub(super) fn flag(&self, at: usize) -> Option<(usize, bool)> {
        self.flags.get(at).map(|linked| (linked.first_link as usize, linked.broken))
    }

    /// Where the segment's links begin, and whether it draws. A broken one is reached by broken flags only.
    #[inline]
    pub(super) fn segment(&self, at: usize) -> Option<(usize, bool)> {
        self.segments
            .get(at)
            .filter(|linked| !linked.broken)
            .map(|linked| (linked.first_link as usize, linked.draws))
    }

    pub(super) fn issues(&self, kind: DocumentKind, at: usize) -> &[Issue] {
        self.broken.get(&(kind, at)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn broken(&self) -> impl Iterator<Item = (DocumentKind, usize, &[Issue])> {
        self.broken.iter().map(|((kind, at), issues)| (*kind, *at, issues.as_slice()))
    }
}

impl Linker<'_> {
    /// Links the mentions of one document and makes its node of the graph.
    fn add(&mut self, kind: DocumentKind, at: usize, mentions: &[Mention], own: &[Issue]) -> Node {
        let first_link = u32::try_from(self.links.targets.len()).unwrap_or(u32::MAX);
        let mut edges = Vec::new();
        let mut found = Vec::new();
        for (index, mention) in mentions.iter().enumerate() {
            let target = self.resolve(mention, &mut found);
            self.links.targets.push(target.and_then(|at| u32::try_from(at).ok()).unwrap_or(NOWHERE));
            match (mention.kind, target) {
                (Kind::Flag, Some(target)) => edges.push((index, target)),
                (Kind::Segment, Some(target)) => edges.push((index, self.flags.len() + target)),
                _ => {}
            }
        }
        let linked = Linked { first_link, broken: false, draws: false };
        match kind {
            DocumentKind::Flag => self.links.flags.push(linked),
            _ => self.links.segments.push(linked),
        }
        let (well_formed, sound) = (own.is_empty(), found.is_empty());
        if !well_formed || !sound {
            self.links.broken.insert((kind, at), own.iter().cloned().chain(found).collect());
        }
        Node { well_formed, sound, kind, draws: false, edges }
    }

    /// What a mention leads to, noting what is wrong with it.
    fn resolve(&self, mention: &Mention, found: &mut Vec<Issue>) -> Option<usize> {
        let key = &*mention.key;
        let mut note = |pointer: &str, code, detail: String| {
            found.push(Issue { pointer: pointer.into(), code, detail });
        };
        let place = &*mention.pointer;
        match mention.kind {
            Kind::Flag => {
                let Some(at) = self.flags.find(key) else {
                    note(place, IssueCode::UnknownFlag, format!("the environment has no flag {key:?}"));
                    return None;
                };
                let model = self.flags.get(at)?.model();
                for (index, name) in
                    mention.variants.iter().enumerate().filter(|(_, name)| !model.names(name))
                {
                    let detail = format!("the flag {key} has no variant named {name:?}");
                    note(&mention.variant_pointer(index), IssueCode::UnknownVariant, detail);
                }
                Some(at)
            }
            Kind::Segment => {
                let at = self.segments.find(key);
                if at.is_none() {
                    note(place, IssueCode::UnknownSegment, format!("the environment has no segment {key:?}"));
                }
                at
            }
            Kind::Layer => {
                let Some(at) = self.layers.find(key) else {
                    note(place, IssueCode::UnknownLayer, format!("the environment has no layer {key:?}"));
                    return None;
                };
                if !self.layers.get(at)?.issues().is_empty() {
                    note(place, IssueCode::BrokenLayer, format!("the layer {key} is malformed"));
                }
                Some(at)
            }
        }
    }

    /// Keeps what the graph says of a node.
    fn settle(&mut self, at: usize, status: Status) {
        let (kind, at, mentions) = match at.checked_sub(self.flags.len()) {
            None => (DocumentKind::Flag, at, self.flags.get(at).map(|flag| &flag.model().mentions)),
            Some(at) => (DocumentKind::Segment, at, self.segments.get(at).map(|one| &one.model().mentions)),
        };
        let linked = match kind {
            DocumentKind::Flag => self.links.flags.get_mut(at),
            _ => self.links.segments.get_mut(at),
        };
        if let Some(linked) = linked {
            linked.broken = status.broken;
            linked.draws = status.draws;
        }
        for fault in status.faults {
            let pointer = fault
                .mention
                .and_then(|index| mentions.and_then(|mentions| mentions.get(index)))
                .map_or(String::new(), |mention| mention.pointer.to_string());
            let issue = Issue { pointer, code: fault.code, detail: fault.detail };
            self.links.broken.entry((kind, at)).or_default().push(issue);
        }
    }
}
