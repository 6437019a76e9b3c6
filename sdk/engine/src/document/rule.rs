//! [`Rule`] and [`Track`].

use std::collections::BTreeSet;

use super::draft::Draft;
use super::mention::Mention;
use super::serve::Serve;
use super::variant::Variant;
use crate::condition::{self, Condition, MentionIndex};
use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind, Node};
use crate::json::text;
use crate::read::{self, Shape};
use crate::reference::{self, By};

const SHAPE: Shape = Shape {
    noun: "a rule",
    known: &["id", "when", "serve", "track", "description"],
    closed: true,
    nullable: false,
};
const TRACK: Shape = Shape { noun: "a track", known: &["run", "arm", "by"], closed: false, nullable: false };

/// The id that results of targets carry; no rule may have it.
pub(crate) const TARGET_ID: &str = "target";

/// A condition and what those who meet it are served.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) id: Box<str>,
    pub(crate) description: Box<str>,
    /// Absent: always.
    pub(crate) when: Option<Condition>,
    pub(crate) serve: Serve,
    pub(crate) track: Option<Track>,
    /// A split, or a percentage in `when` itself.
    pub(crate) draws: bool,
    /// Segments of `when`, whose percentages count as the rule's.
    pub(crate) segments: Box<[MentionIndex]>,
}

/// A run that counts exposures to this rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    pub(crate) run: Box<str>,
    pub(crate) arm: Option<Box<str>>,
    pub(crate) by: By,
}

impl Rule {
    pub(super) fn read(node: &Node<'_>, variants: &[Variant], draft: &mut Draft) -> Option<Self> {
        let members = read::members(node, &SHAPE, &mut draft.problems)?;
        let id = members.need("id", &mut draft.problems, rule_id);
        let description = match members.get("description") {
            None => Some(""),
            Some(_) => members.read("description", &mut draft.problems, read::string),
        };
        let when = match members.get("when") {
            None => Some(None),
            Some(node) => draft.within("when", |draft| condition::read(node, draft)).map(Some),
        };
        let serve = match members.require("serve", &mut draft.problems) {
            None => None,
            Some(node) => draft.within("serve", |draft| Serve::read(node, variants, draft)),
        };
        let track = match members.get("track") {
            None => Some(None),
            Some(_) => members.read("track", &mut draft.problems, Track::read).map(Some),
        };
        if let (Some(Serve::Split(_)), Some(Some(Track { arm: Some(_), .. }))) = (&serve, &track) {
            let detail = "beside a split the arm is the variant served; leave it out";
            draft.within("track", |draft| draft.problems.push_at("arm", IssueCode::Conflict, detail));
        }
        let (when, serve) = (when?, serve?);
        let draws = matches!(serve, Serve::Split(_)) || when.as_ref().is_some_and(Condition::has_percentage);
        let segments = when.as_ref().map(Condition::segments).unwrap_or_default();
        let (id, description) = (id?.into(), description?.into());
        Some(Self { id, description, when, serve, track: track?, draws, segments })
    }

    pub(super) fn print(&self, out: &mut String, variants: &[Variant], mentions: &[Mention]) {
        out.push_str("{\"id\":");
        text::quote(out, &self.id);
        if !self.description.is_empty() {
            out.push_str(",\"description\":");
            text::quote(out, &self.description);
        }
        if let Some(when) = &self.when {
            out.push_str(",\"when\":");
            condition::print(out, when, mentions);
        }
        out.push_str(",\"serve\":");
        self.serve.print(out, variants, mentions);
        if let Some(track) = &self.track {
            out.push_str(",\"track\":");
            track.print(out);
        }
        out.push('}');
    }
}

impl Track {
    fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let members = read::members(node, &TRACK, problems)?;
        let run = members.need("run", problems, read::string);
        let arm = match members.get("arm") {
            None => Some(None),
            Some(_) => members.read("arm", problems, read::string).map(Some),
        };
        let by = super::read::list_by(&members, problems);
        Some(Self { run: run?.into(), arm: arm?.map(Box::from), by: by? })
    }

    fn print(&self, out: &mut String) {
        out.push_str("{\"run\":");
        text::quote(out, &self.run);
        if let Some(arm) = &self.arm {
            out.push_str(",\"arm\":");
            text::quote(out, arm);
        }
        reference::print_by(out, &self.by);
        out.push('}');
    }
}

fn rule_id<'n>(node: &'n Node<'_>, problems: &mut Problems) -> Option<&'n str> {
    let id = read::string(node, problems)?;
    if !read::is_rule_id(id) {
        let detail = "a rule's id is 1 to 100 of A-Z a-z 0-9 . _ - / and begins with a letter or digit";
        problems.push(IssueCode::InvalidKey, detail);
    } else if id == TARGET_ID {
        problems.push(IssueCode::InvalidKey, "the id target is reserved for results of targets");
    }
    Some(id)
}

/// Refuses a second rule with the id of an earlier one. Ids are compared as written, so that the place is right when
/// another rule could not be read.
pub(super) fn unique_ids(node: &Node<'_>, problems: &mut Problems) -> Option<()> {
    let Kind::Array(rules) = &node.kind else { return None };
    let mut seen = BTreeSet::new();
    for (at, rule) in rules.iter().enumerate() {
        if written_id(rule).is_some_and(|id| !seen.insert(id)) {
            problems.within(at, |problems| {
                problems.push_at("id", IssueCode::DuplicateRule, "another rule has this id");
            });
        }
    }
    Some(())
}

fn written_id<'n>(rule: &'n Node<'_>) -> Option<&'n str> {
    let member = rule.members()?.iter().rev().find(|member| member.name.value == "id")?;
    if let Kind::Text(text) = &member.value.kind { Some(&text.value) } else { None }
}
