//! The graph of references between flags and segments: circles, depth, expanded references, broken segments.
//!
//! Walks with its own stack, so that a long chain cannot overflow the thread's. Must not know documents.

use super::DocumentKind;
use crate::issue::IssueCode;
use crate::limits;

/// A flag or a segment.
#[derive(Debug)]
pub(super) struct Node {
    /// The document by itself is well-formed.
    pub(super) well_formed: bool,
    /// All that it names exists.
    pub(super) sound: bool,
    pub(super) kind: DocumentKind,
    /// A percentage stands in it.
    pub(super) draws: bool,
    /// Each reference: the mention's index, and the node it leads to.
    pub(super) edges: Vec<(usize, usize)>,
}

/// What was found of a node.
#[derive(Debug, Default)]
pub(super) struct Status {
    pub(super) broken: bool,
    /// A percentage stands in it, or in a segment that it reaches through segments.
    pub(super) draws: bool,
    pub(super) faults: Vec<Fault>,
    /// The longest chain of references from here, in edges.
    depth: u32,
    /// References from here when all are expanded.
    expanded: u32,
}

/// Why a node is broken.
#[derive(Debug)]
pub(super) struct Fault {
    /// Which mention; none for the document as a whole.
    pub(super) mention: Option<usize>,
    pub(super) code: IssueCode,
    pub(super) detail: String,
}

/// Judges every node.
pub(super) fn judge(nodes: &[Node]) -> Vec<Status> {
    let mut walk = Walk {
        nodes,
        statuses: nodes
            .iter()
            .map(|node| Status {
                broken: !node.well_formed || !node.sound,
                draws: node.draws,
                ..Status::default()
            })
            .collect(),
        marks: vec![Mark::default(); nodes.len()],
        path: Vec::new(),
        next_number: 1,
    };
    for start in 0..nodes.len() {
        walk.from(start);
    }
    walk.statuses
}

/// Tarjan's marks: the order of discovery (0: not yet), the earliest node reachable, and whether it is on the path.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    number: usize,
    lowest: usize,
    on_path: bool,
}

/// Tarjan's strongly connected components: they come out dependencies first, which is the order to judge in.
struct Walk<'n> {
    nodes: &'n [Node],
    statuses: Vec<Status>,
    marks: Vec<Mark>,
    path: Vec<usize>,
    next_number: usize,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        if !self.enter(start) {
            return;
        }
        let mut stack = vec![(start, 0)];
        while let Some((at, edge)) = stack.pop() {
            match self.nodes.get(at).and_then(|node| node.edges.get(edge)) {
                Some((_, target)) => {
                    stack.push((at, edge + 1));
                    if self.enter(*target) {
                        stack.push((*target, 0));
                    } else if let Some(number) =
                        self.mark(*target).filter(|mark| mark.on_path).map(|mark| mark.number)
                    {
                        self.lower(at, number);
                    }
                }
                None => self.leave(at, stack.last().map(|outer| outer.0)),
            }
        }
    }

    fn mark(&self, at: usize) -> Option<Mark> {
        self.marks.get(at).copied()
    }

    fn lower(&mut self, at: usize, number: usize) {
        if let Some(mark) = self.marks.get_mut(at) {
            mark.lowest = mark.lowest.min(number);
        }
    }

    /// Begins a node that is well-formed and new.
    fn enter(&mut self, at: usize) -> bool {
        let well_formed = self.nodes.get(at).is_some_and(|node| node.well_formed);
        match self.marks.get_mut(at) {
            Some(mark) if well_formed && mark.number == 0 => {
                *mark = Mark { number: self.next_number, lowest: self.next_number, on_path: true };
                self.next_number += 1;
                self.path.push(at);
                true
            }
            _ => false,
        }
    }

    /// Ends a node; when it is the root of a component, judges the component.
    fn leave(&mut self, at: usize, outer: Option<usize>) {
        let Some(mark) = self.mark(at) else { return };
        if let Some(outer) = outer {
            self.lower(outer, mark.lowest);
        }
        if mark.lowest != mark.number {
            return;
        }
        let mut members = Vec::new();
        while let Some(member) = self.path.pop() {
            if let Some(mark) = self.marks.get_mut(member) {
                mark.on_path = false;
            }
            members.push(member);
            if member == at {
                break;
            }
        }
        members.sort_unstable();
        let loops = self.nodes.get(at).is_some_and(|node| node.edges.iter().any(|edge| edge.1 == at));
        for member in &members {
            if members.len() > 1 || loops { self.in_circle(*member, &members) } else { self.alone(*member) }
        }
    }

    fn in_circle(&mut self, at: usize, members: &[usize]) {
        let Some((node, status)) = self.nodes.get(at).zip(self.statuses.get_mut(at)) else { return };
        status.broken = true;
        let inside = node.edges.iter().filter(|edge| members.binary_search(&edge.1).is_ok());
        status.faults.extend(inside.map(|edge| Fault {
            mention: Some(edge.0),
            code: IssueCode::Cycle,
            detail: "this reference leads back to where it stands".into(),
        }));
    }

    /// Judges a node in no circle; all that it names is judged already.
    fn alone(&mut self, at: usize) {
        let Some(node) = self.nodes.get(at) else { return };
        let (mut depth, mut expanded, mut draws) = (0, 0_u32, node.draws);
        let mut faults = Vec::new();
        for (mention, target) in &node.edges {
            let Some((other, status)) = self.nodes.get(*target).zip(self.statuses.get(*target)) else {
                continue;
            };
            expanded = expanded.saturating_add(1);
            depth = depth.max(1);
            if !status.broken {
                expanded = expanded.saturating_add(status.expanded);
                depth = depth.max(status.depth + 1);
                draws |= other.kind == DocumentKind::Segment && status.draws;
            } else if other.kind == DocumentKind::Segment {
                let detail = "the segment is broken, and breaks what reaches it".into();
                faults.push(Fault { mention: Some(*mention), code: IssueCode::BrokenSegment, detail });
            }
        }
        if depth > limits::DEPENDENCY_DEPTH {
            let limit = limits::DEPENDENCY_DEPTH;
            let detail = format!("the references form a chain of {depth}; at most {limit} are allowed");
            faults.push(Fault { mention: None, code: IssueCode::TooDeep, detail });
        }
        if expanded > limits::EXPANDED_REFERENCES {
            let limit = limits::EXPANDED_REFERENCES;
            let detail = format!("expanded, there are {expanded} references; at most {limit} are allowed");
            faults.push(Fault { mention: None, code: IssueCode::LimitExceeded, detail });
        }
        if let Some(status) = self.statuses.get_mut(at) {
            status.broken |= !faults.is_empty();
            (status.depth, status.expanded, status.draws) = (depth, expanded, draws);
            status.faults = faults;
        }
    }
}
