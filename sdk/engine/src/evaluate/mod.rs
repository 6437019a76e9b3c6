//! The algorithm: one function decides a flag, generic over a sink that records its steps or nothing.
//!
//! Must not allocate with the silent sink, and must not answer differently with another one.

mod condition;
mod flag;
pub(crate) mod sink;

use crate::context::{Context, Value};
use crate::evaluation::Track;
use crate::operator::Parsed;
use crate::reference::Reference;
use crate::snapshot::Snapshot;
use crate::unit::Unit;

use sink::Sink;

/// What an evaluation is given beside the context: time, chance, and who evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At<'a> {
    /// The time, in epoch milliseconds.
    pub now_ms: i64,
    /// A fresh random number: one a request or call.
    pub random: u32,
    /// The id of the SDK instance; none over OFREP.
    pub instance: Option<&'a str>,
}

/// One evaluation under way.
pub(crate) struct Run<'s, 'c, S> {
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) context: &'c Context<'c>,
    pub(crate) at: &'c At<'c>,
    pub(crate) sink: S,
    /// The last text that was read as a version, and what it was: rules tend to ask for the same attribute.
    pub(crate) version: Option<(&'c str, Option<Parsed<'c>>)>,
}

impl<'c, S: Sink> Run<'_, 'c, S> {
    /// The first unit that the attributes yield.
    #[inline]
    fn unit(&self, by: &[Reference]) -> Option<Unit<'c>> {
        by.iter().find_map(|reference| self.unit_of(reference))
    }

    #[inline]
    fn unit_of(&self, reference: &Reference) -> Option<Unit<'c>> {
        unit_of(reference, self.context, self.at)
    }

    /// An attribute of the context.
    #[inline]
    fn attribute(&self, reference: &Reference) -> Option<&'c Value<'c>> {
        attribute(reference, self.context)
    }
}

#[inline]
fn unit_of<'c>(reference: &Reference, context: &'c Context<'c>, at: &'c At<'c>) -> Option<Unit<'c>> {
    match reference {
        Reference::Random => Some(Unit::of_number(at.random)),
        Reference::Instance => at.instance.filter(|id| !id.is_empty()).map(Unit::Text),
        Reference::Now => None,
        other => attribute(other, context).and_then(Unit::of),
    }
}

#[inline]
fn attribute<'c>(reference: &Reference, context: &'c Context<'c>) -> Option<&'c Value<'c>> {
    match reference {
        Reference::TargetingKey => Some(context.targeting_key()),
        Reference::Name { name, mark } => context.attribute(name, *mark),
        Reference::Path { tokens, .. } => {
            let (first, rest) = tokens.split_first()?;
            let mut found = context.get(first)?;
            for token in rest {
                let Value::Object(object) = found else { return None };
                found = object.get(token)?;
            }
            Some(found)
        }
        Reference::Now | Reference::Random | Reference::Instance => None,
    }
}

impl Track<'_> {
    /// Gives `use_it` the text of the unit that was exposed: the first that the attributes of [`by`](Track::by) yield.
    /// None without one: then nobody was exposed.
    pub fn with_unit<R>(
        &self,
        context: &Context<'_>,
        at: &At<'_>,
        use_it: impl FnOnce(&str) -> R,
    ) -> Option<R> {
        let unit = self.by.iter().find_map(|reference| unit_of(reference, context, at))?;
        Some(use_it(unit.as_str()))
    }
}
