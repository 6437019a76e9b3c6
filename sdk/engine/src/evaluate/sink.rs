//! [`Sink`]: who is told of the steps of an evaluation.
//!
//! Must not influence it.

use crate::explain::{Step, StepKind};

/// Is told of the steps of an evaluation.
pub(crate) trait Sink {
    /// Whether anybody listens. Then all branches of a condition are looked at, also those that no longer matter.
    const LISTENS: bool;

    /// A step begins; steps until its end are inside it.
    fn open(&mut self, kind: StepKind, name: &str);
    /// More about the step that began last.
    fn note(&mut self, note: impl FnOnce(&mut Step));
    /// The step that began last ends.
    fn close(&mut self, held: bool);
}

/// Nobody listens; compiled away.
pub(crate) struct Silent;

impl Sink for Silent {
    const LISTENS: bool = false;

    #[inline]
    fn open(&mut self, _: StepKind, _: &str) {}
    #[inline]
    fn note(&mut self, _: impl FnOnce(&mut Step)) {}
    #[inline]
    fn close(&mut self, _: bool) {}
}
