//! Whether a condition holds.

use super::Run;
use super::sink::Sink;
use crate::bucket::Salt;
use crate::condition::{Condition, Draw, Gate, MentionIndex, Range};
use crate::context::Value;
use crate::document::mention::Mention;
use crate::explain::StepKind;
use crate::limits;
use crate::operator::{Parsed, Test};
use crate::reference::Reference;
use crate::snapshot::{FlagNode, SegmentNode};

/// The flag or segment that a condition stands in.
pub(super) struct Owner<'s> {
    pub(super) salt: &'s Salt,
    pub(super) mentions: &'s [Mention],
    /// Where the snapshot's links of its mentions begin.
    pub(super) first_link: usize,
}

impl<'s> Owner<'s> {
    #[inline]
    pub(super) fn of(node: FlagNode<'s>) -> Self {
        let model = node.flag.model();
        Self { salt: &model.salt, mentions: &model.mentions, first_link: node.first_link }
    }
}

impl<'s, 'c, S: Sink> Run<'s, 'c, S> {
    pub(super) fn holds(&mut self, condition: &'s Condition, owner: &Owner<'s>) -> bool {
        match condition {
            Condition::All(inner) => {
                self.sink.open(StepKind::All, "");
                let held = !self.any_is(false, inner, owner);
                self.sink.close(held);
                held
            }
            Condition::Any(inner) => {
                self.sink.open(StepKind::Any, "");
                let held = self.any_is(true, inner, owner);
                self.sink.close(held);
                held
            }
            Condition::Not(inner) => {
                self.sink.open(StepKind::Not, "");
                let held = !self.holds(inner, owner);
                self.sink.close(held);
                held
            }
            Condition::Attribute { attribute, test } => self.test(attribute, test),
            Condition::Segment(mention) => self.segment(*mention, owner),
            Condition::Flag(mention) => self.serves(StepKind::Flag, *mention, owner),
            Condition::Percentage(gate) => self.gate(gate, owner),
        }
    }

    /// Whether any of the conditions is `wanted`.
    #[inline]
    fn any_is(&mut self, wanted: bool, inner: &'s [Condition], owner: &Owner<'s>) -> bool {
        let mut found = false;
        for condition in inner {
            // Most conditions are attributes; asking here saves a call for each.
            let held = match condition {
                Condition::Attribute { attribute, test } => self.test(attribute, test),
                other => self.holds(other, owner),
            };
            found |= held == wanted;
            if found && !S::LISTENS {
                break;
            }
        }
        found
    }

    #[inline]
    fn test(&mut self, attribute: &'s Reference, test: &'s Test) -> bool {
        self.sink.open(StepKind::Attribute, attribute.as_str());
        let held = match attribute {
            Reference::Now | Reference::Instance => self.test_special(attribute, test),
            other => match self.attribute(other) {
                Some(value) => {
                    self.sink.note(|step| step.saw(value));
                    match value {
                        Value::String(found) if test.is_version() => {
                            self.version(found).is_some_and(|version| test.holds_version(version))
                        }
                        value => test.holds(value),
                    }
                }
                None => false,
            },
        };
        self.sink.note(|step| step.operator = Some(test.name()));
        self.sink.close(held);
        held
    }

    /// A text read as a version, once for the leaves that ask for it in a row.
    #[inline]
    fn version(&mut self, text: &'c str) -> Option<Parsed<'c>> {
        if let Some((known, parsed)) = self.version
            && std::ptr::eq(known, text)
        {
            return parsed;
        }
        let parsed = Parsed::parse(text);
        self.version = Some((text, parsed));
        parsed
    }

    /// Tests what the evaluator sets. Apart from `test`, which stays small without the value made here.
    #[inline(never)]
    fn test_special(&mut self, attribute: &Reference, test: &Test) -> bool {
        let value = match attribute {
            Reference::Now => Value::from(self.at.now_ms),
            Reference::Instance => self.at.instance.map_or(Value::Null, Value::from),
            _ => Value::Null,
        };
        if value != Value::Null {
            self.sink.note(|step| step.saw(&value));
        }
        test.holds(&value)
    }

    #[inline(never)]
    fn segment(&mut self, mention: MentionIndex, owner: &Owner<'s>) -> bool {
        let Some(node) = self.segment_node(mention, owner) else { return false };
        let model = node.segment.model();
        self.sink.open(StepKind::Segment, node.segment.key());
        let (included, excluded) = if model.included.is_empty() && model.excluded.is_empty() {
            (false, false)
        } else {
            let unit = self.unit(&model.by);
            let listed =
                |units: &crate::document::Units| unit.is_some_and(|unit| units.contains(unit.as_str()));
            (listed(&model.included), listed(&model.excluded))
        };
        let mut held = included;
        if included {
            self.sink.open(StepKind::Included, "");
            self.sink.close(true);
        } else if excluded {
            self.sink.open(StepKind::Excluded, "");
            self.sink.close(true);
        } else if let Some(when) = &model.when {
            let inner = Owner { salt: &model.salt, mentions: &model.mentions, first_link: node.first_link };
            held = self.holds(when, &inner);
        }
        self.sink.close(held);
        held
    }

    /// Whether the mentioned flag is enabled and serves one of the mention's variants.
    #[inline(never)]
    pub(super) fn serves(&mut self, kind: StepKind, at: MentionIndex, owner: &Owner<'s>) -> bool {
        let Some(mention) = owner.mentions.get(at as usize) else { return false };
        self.sink.open(kind, &mention.key);
        let node = self.link(at, owner).and_then(|link| self.snapshot.flag_node(link));
        let served = match node {
            Some(node) if !node.broken => {
                let decision = self.decide(node);
                let name = decision.variant.map(crate::document::Variant::name);
                self.sink.note(|step| step.variant = name.map(Into::into));
                name.filter(|_| node.flag.enabled())
            }
            _ => None,
        };
        let held = served.is_some_and(|served| mention.variants.iter().any(|name| **name == *served));
        self.sink.close(held);
        held
    }

    fn gate(&mut self, gate: &'s Gate, owner: &Owner<'s>) -> bool {
        let Some((salt, by)) = self.draw(&gate.draw, owner) else { return false };
        self.sink.open(StepKind::Percentage, "");
        let held = self.in_range(gate.range, salt, by);
        self.sink.close(held);
        held
    }

    /// Whether the unit's bucket is in the range; without a unit only the whole range holds.
    #[inline]
    pub(super) fn in_range(&mut self, range: Range, salt: &Salt, by: &[Reference]) -> bool {
        let whole = range.from == 0 && range.to == limits::WHOLE;
        if whole && !S::LISTENS {
            return true;
        }
        let unit = self.unit(by);
        let bucket = unit.map(|unit| salt.gate_bucket(unit.as_str()));
        self.sink.note(|step| {
            step.drew(salt, unit.as_ref(), bucket);
            step.range = Some([range.from, range.to]);
        });
        whole || bucket.is_some_and(|bucket| range.from <= bucket && bucket < range.to)
    }

    /// Salt and attributes of a draw.
    #[inline]
    pub(super) fn draw(&self, draw: &'s Draw, owner: &Owner<'s>) -> Option<(&'s Salt, &'s [Reference])> {
        match draw {
            Draw::Own(by) => Some((owner.salt, by)),
            Draw::Layer(mention) => {
                let layer = self.snapshot.layer_at(self.link(*mention, owner)?)?.model();
                Some((&layer.salt, &layer.by))
            }
        }
    }

    /// Whether a percentage stands in the mentioned segment, or in one that it names.
    pub(super) fn segment_draws(&self, mention: MentionIndex, owner: &Owner<'s>) -> bool {
        self.segment_node(mention, owner).is_some_and(|node| node.draws)
    }

    fn segment_node(&self, mention: MentionIndex, owner: &Owner<'s>) -> Option<SegmentNode<'s>> {
        self.snapshot.segment_node(self.link(mention, owner)?)
    }

    /// What a mention is linked to.
    fn link(&self, mention: MentionIndex, owner: &Owner<'s>) -> Option<u32> {
        self.snapshot.link(owner.first_link + mention as usize)
    }
}
