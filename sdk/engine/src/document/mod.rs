//! Documents: flags, segments and layers as parsed and compiled, not yet linked to one another.
//!
//! A document is immutable, cheap to share behind an `Arc`, and keeps its text as it was written. Parsing never
//! fails: what is wrong is listed, and such a document is broken, alone. Must not look at other documents.

pub(crate) mod draft;
mod flag;
mod layer;
pub(crate) mod mention;
mod model;
mod override_;
mod print;
mod read;
mod rule;
mod segment;
mod serve;
mod target;
mod units;
mod variant;

pub use flag::Flag;
pub use layer::Layer;
pub use segment::Segment;
pub use variant::{FlagType, Variant};

pub(crate) use override_::Override;
pub(crate) use rule::Rule;
pub(crate) use serve::{Serve, Split};
pub(crate) use target::Target;
pub(crate) use units::Units;

#[cfg(test)]
mod tests;
