//! [`Model`]: what a flag says, compiled.
//!
//! Must not stop at the first thing that is wrong: people fix a document in one go.

use super::draft::Draft;
use super::mention::Mention;
use super::override_::Override;
use super::read::{items, salt, variant_index};
use super::rule::{self, Rule};
use super::serve::Serve;
use super::target::Target;
use super::variant::{self, FlagType, Variant};
use crate::bucket::Salt;
use crate::condition::{Condition, MentionIndex};
use crate::issue::{IssueCode, Problems};
use crate::json::node::Node;
use crate::json::text;
use crate::limits;
use crate::read::{self, Members, Shape};

const PREREQUISITE: Shape =
    Shape { noun: "a prerequisite", known: &["flag", "variants"], closed: false, nullable: false };

/// The names of metadata that results set themselves.
const RESERVED_METADATA: [&str; 4] = ["ruleId", "version", "cause", "prerequisite"];

/// What a flag says. Of a broken flag it is what could be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(crate) kind: Option<FlagType>,
    pub(crate) salt: Salt,
    pub(crate) version: u64,
    pub(crate) enabled: bool,
    pub(crate) variants: Vec<Variant>,
    pub(crate) off: Option<u32>,
    pub(crate) shed: Option<Override>,
    /// Each a mention of a flag.
    pub(crate) prerequisites: Vec<MentionIndex>,
    pub(crate) targets: Vec<Target>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) fallthrough: Option<Serve>,
    /// Nothing but the fallthrough decides, and it is one variant.
    pub(crate) is_static: bool,
    pub(crate) client_visible: bool,
    pub(crate) metadata: Box<str>,
    pub(crate) mentions: Vec<Mention>,
}

impl Model {
    pub(super) fn empty(key: &str) -> Self {
        Self {
            kind: None,
            salt: Salt::new(key),
            version: 0,
            enabled: false,
            variants: Vec::new(),
            off: None,
            shed: None,
            prerequisites: Vec::new(),
            targets: Vec::new(),
            rules: Vec::new(),
            fallthrough: None,
            is_static: false,
            client_visible: false,
            metadata: "{}".into(),
            mentions: Vec::new(),
        }
    }

    pub(super) fn read(&mut self, members: &Members<'_, '_>, key: &str, draft: &mut Draft) {
        self.read_definition(members, key, &mut draft.problems);
        let variants = std::mem::take(&mut self.variants);
        self.read_configuration(members, &variants, draft);
        self.variants = variants;
        self.is_static = self.shed.is_none()
            && self.prerequisites.is_empty()
            && self.targets.is_empty()
            && self.rules.is_empty()
            && matches!(self.fallthrough, Some(Serve::Variant(_)));
    }

    fn read_definition(&mut self, members: &Members<'_, '_>, key: &str, problems: &mut Problems) {
        members.need("key", problems, |node, problems| {
            if read::string(node, problems)? != key {
                problems.push(IssueCode::InvalidKey, format!("the flag's key is {key:?} here"));
            }
            Some(())
        });
        self.kind = members.need("type", problems, variant::read_type);
        self.salt = salt(members, key, problems);
        self.version = members.read("version", problems, read::count).unwrap_or(0);
        let kind = self.kind;
        let variants =
            members.need("variants", problems, |node, problems| variant::read_all(node, kind, problems));
        self.variants = variants.unwrap_or_default();
        self.client_visible = members.read("clientVisible", problems, read::boolean).unwrap_or(false);
        if let Some(metadata) = members.read("metadata", problems, metadata) {
            self.metadata = metadata;
        }
    }

    fn read_configuration(&mut self, members: &Members<'_, '_>, variants: &[Variant], draft: &mut Draft) {
        let problems = &mut draft.problems;
        self.enabled = members.need("enabled", problems, read::boolean).unwrap_or(false);
        self.off =
            members.read("offVariant", problems, |node, problems| variant_index(node, variants, problems));
        self.shed =
            members.read("override", problems, |node, problems| Override::read(node, variants, problems));
        self.prerequisites = items(members, "prerequisites", draft, |node, draft| {
            let members = read::members(node, &PREREQUISITE, &mut draft.problems)?;
            draft.flag_reference(&members)
        });
        self.targets =
            items(members, "targets", draft, |node, draft| Target::read(node, variants, &mut draft.problems));
        self.rules = items(members, "rules", draft, |node, draft| Rule::read(node, variants, draft));
        if self.rules.len() > limits::RULES_PER_FLAG {
            draft.within("rules", |draft| {
                read::within_limit(self.rules.len(), limits::RULES_PER_FLAG, "rules", &mut draft.problems)
            });
        }
        members.read("rules", &mut draft.problems, rule::unique_ids);
        if let Some(node) = members.require("fallthrough", &mut draft.problems) {
            self.fallthrough = draft.within("fallthrough", |draft| Serve::read(node, variants, draft));
        }
    }

    /// Each `when` of the flag.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.rules.iter().filter_map(|rule| rule.when.as_ref())
    }

    /// The variant at an index.
    #[inline]
    pub(crate) fn variant(&self, at: u32) -> Option<&Variant> {
        self.variants.get(at as usize)
    }

    /// What is served when the flag is off; none is the caller's default.
    #[inline]
    pub(crate) fn off(&self) -> Option<&Variant> {
        self.off.and_then(|at| self.variant(at))
    }

    /// Whether the flag has a variant of this name, as written.
    pub(crate) fn names(&self, variant: &str) -> bool {
        self.variants.iter().any(|found| found.name() == variant)
    }
}

/// Reads the flag's own metadata, which is free but for being JSON that every language reads alike.
fn metadata(node: &Node<'_>, problems: &mut Problems) -> Option<Box<str>> {
    if node.members().is_none() {
        read::wrong_type(node, "an object", problems);
        return None;
    }
    for name in RESERVED_METADATA {
        if node.members().into_iter().flatten().any(|member| member.name.value == name) {
            problems.push_at(
                name,
                IssueCode::InvalidKey,
                "results carry metadata of this name; choose another",
            );
        }
    }
    read::plain(node, problems);
    Some(text::compact(node.raw))
}
