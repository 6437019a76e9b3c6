//! The order in which a flag is decided: switch, override, prerequisites, targets, rules, fallthrough.

use super::Run;
use super::condition::Owner;
use super::sink::Sink;
use crate::document::{Rule, Serve, Split, Target, Variant};
use crate::evaluation::{Decision, Evaluation, Source};
use crate::explain::StepKind;
use crate::outcome::{Asked, ErrorCode, Reason};
use crate::snapshot::FlagNode;

impl<'s, S: Sink> Run<'s, '_, S> {
    /// Decides a flag for whoever asks from outside.
    #[inline]
    pub(crate) fn answer(&mut self, node: Option<FlagNode<'s>>, asked: Option<Asked>) -> Evaluation<'s> {
        let flag = node.map(|node| node.flag);
        let decision = match node {
            _ if !self.context.is_valid() => Decision::error(ErrorCode::InvalidContext),
            None => Decision::error(ErrorCode::FlagNotFound),
            Some(node) if node.broken => Decision::error(ErrorCode::ParseError),
            Some(node) => self.asked(node, asked),
        };
        Evaluation { flag, decision }
    }

    #[inline]
    fn asked(&mut self, node: FlagNode<'s>, asked: Option<Asked>) -> Decision<'s> {
        let Some(asked) = asked else { return self.decide(node) };
        if node.flag.flag_type() != Some(asked.flag_type()) {
            return Decision::error(ErrorCode::TypeMismatch);
        }
        let decision = self.decide(node);
        let fits =
            asked != Asked::Integer || decision.variant.is_none_or(|variant| variant.as_i64().is_some());
        if fits { decision } else { Decision::error(ErrorCode::TypeMismatch) }
    }

    /// Decides a flag that is not broken.
    #[inline]
    pub(super) fn decide(&mut self, node: FlagNode<'s>) -> Decision<'s> {
        let model = node.flag.model();
        self.sink.open(StepKind::Enabled, "");
        self.sink.close(model.enabled);
        let off = |reason, source| Decision { variant: model.off(), reason, error: None, source };
        if !model.enabled {
            return off(Reason::Disabled, Source::Flag);
        }
        if model.is_static {
            return self.fallthrough(node, Reason::Static);
        }
        if let Some(shed) = &model.shed {
            self.sink.open(StepKind::Override, &shed.cause);
            let held = self.in_range(shed.range, &shed.salt, &shed.by);
            self.sink.close(held);
            if held {
                let (reason, source) = (Reason::Disabled, Source::Override(shed));
                return Decision { variant: model.variant(shed.variant), reason, error: None, source };
            }
        }
        for mention in &model.prerequisites {
            if !self.serves(StepKind::Prerequisite, *mention, &Owner::of(node)) {
                let key = model.mentions.get(*mention as usize).map_or("", |mention| &mention.key);
                return off(Reason::Default, Source::Prerequisite(key));
            }
        }
        for target in &model.targets {
            if self.lists(target, model.variant(target.variant)) {
                let (reason, source) = (Reason::TargetingMatch, Source::Target);
                return Decision { variant: model.variant(target.variant), reason, error: None, source };
            }
        }
        for rule in &model.rules {
            if let Some(decision) = self.rule(node, rule) {
                return decision;
            }
        }
        self.fallthrough(node, Reason::Default)
    }

    fn lists(&mut self, target: &Target, variant: Option<&Variant>) -> bool {
        self.sink.open(StepKind::Target, target.by.as_str());
        self.sink.note(|step| step.variant = variant.map(|variant| variant.name().into()));
        let held = self.unit_of(&target.by).is_some_and(|unit| target.units.contains(unit.as_str()));
        self.sink.close(held);
        held
    }

    /// What the rule serves, when it holds.
    fn rule(&mut self, node: FlagNode<'s>, rule: &'s Rule) -> Option<Decision<'s>> {
        self.sink.open(StepKind::Rule, &rule.id);
        let owner = &Owner::of(node);
        let held = match &rule.when {
            None => true,
            Some(when) => self.holds(when, owner),
        };
        let decision = held.then(|| {
            let draws = rule.draws || rule.segments.iter().any(|mention| self.segment_draws(*mention, owner));
            let reason = if draws { Reason::Split } else { Reason::TargetingMatch };
            self.serve(node, &rule.serve, reason, Source::Rule(rule))
        });
        self.sink.close(held);
        decision
    }

    fn fallthrough(&mut self, node: FlagNode<'s>, otherwise: Reason) -> Decision<'s> {
        // A flag without a fallthrough is broken and never gets here.
        let Some(serve) = &node.flag.model().fallthrough else {
            return Decision::error(ErrorCode::ParseError);
        };
        self.sink.open(StepKind::Fallthrough, "");
        let reason = if let Serve::Split(_) = serve { Reason::Split } else { otherwise };
        let decision = self.serve(node, serve, reason, Source::Flag);
        self.sink.close(true);
        decision
    }

    fn serve(
        &mut self,
        node: FlagNode<'s>,
        serve: &'s Serve,
        reason: Reason,
        source: Source<'s>,
    ) -> Decision<'s> {
        let model = node.flag.model();
        let variant = match serve {
            Serve::Variant(variant) => *variant,
            Serve::Split(split) => match self.split(node, split) {
                Some(variant) => variant,
                None => return Decision::error(ErrorCode::TargetingKeyMissing),
            },
        };
        Decision { variant: model.variant(variant), reason, error: None, source }
    }

    fn split(&mut self, node: FlagNode<'s>, split: &'s Split) -> Option<u32> {
        let model = node.flag.model();
        let (salt, by) = self.draw(&split.draw, &Owner::of(node))?;
        self.sink.open(StepKind::Split, "");
        let unit = self.unit(by);
        let bucket = unit.map(|unit| salt.split_bucket(unit.as_str()));
        let variant = bucket.and_then(|bucket| split.at(bucket));
        self.sink.note(|step| {
            step.drew(salt, unit.as_ref(), bucket);
            step.variant = variant.and_then(|at| model.variant(at)).map(|variant| variant.name().into());
        });
        self.sink.close(variant.is_some());
        variant
    }
}
