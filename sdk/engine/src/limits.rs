//! Every limit of a document, by name, with its reason (`evaluation.md`, section 5).
//!
//! Must not hold anything but numbers: who enforces a limit names it from here.

/// Flags in one environment. Beyond it a snapshot takes too long to ship to every SDK at every start.
/// Enforced by whoever writes; a snapshot that holds more still loads.
pub const FLAGS_PER_ENVIRONMENT: usize = 10_000;

/// Variants of one flag. More is a table, not a flag.
pub const VARIANTS_PER_FLAG: usize = 100;

/// Rules of one flag. They are tried in order, and a person has to read them.
pub const RULES_PER_FLAG: usize = 256;

/// Slots of one split. A rebalance cuts slots into pieces, so there may be more slots than variants.
pub const SLOTS_PER_SPLIT: usize = 256;

/// Depth of one condition tree: a leaf is 1, each `all`, `any` and `not` adds 1.
pub const CONDITION_DEPTH: usize = 16;

/// Values in one condition, target or segment list. Bigger audiences belong in an attribute.
pub const VALUES_PER_LIST: usize = 100_000;

/// Code points of one regular expression.
pub const PATTERN_LENGTH: usize = 1_000;

/// What nested repetition counts of a regular expression may multiply to, as in RE2.
pub const PATTERN_REPETITION: u32 = 1_000;

/// Bytes of one compiled regular expression, when it is written. It keeps one pattern from taking the memory
/// of thousands of flags.
pub const PATTERN_SIZE_WRITTEN: usize = 1 << 20;

/// Bytes of one compiled regular expression, when it comes in a snapshot. The size is judged on write only, by
/// whichever version wrote it; this far higher bound keeps a damaged snapshot from taking the process down.
pub const PATTERN_SIZE_READ: usize = 1 << 26;

/// Nested groups of a compiled pattern. Out of reach of a pattern of [`PATTERN_LENGTH`].
pub const PATTERN_NESTING: u32 = 4_096;

/// Bytes of the value of an object variant, as compact UTF-8 JSON. Every bulk answer carries it.
pub const OBJECT_VALUE_BYTES: usize = 64 * 1_024;

/// The longest chain of references between flags and segments, in edges.
pub const DEPENDENCY_DEPTH: u32 = 32;

/// References of one flag when all are expanded, counted with repetition, so that evaluation cannot explode.
pub const EXPANDED_REFERENCES: u32 = 1_000;

/// Nesting of JSON, in documents and in contexts. It bounds the stack of every recursive walk.
pub const JSON_DEPTH: usize = 128;

/// Issues kept of one document. Nobody reads more, and a hostile document could hold a million.
pub const ISSUES_PER_DOCUMENT: usize = 100;

/// Steps kept of one explanation.
pub const STEPS_PER_EXPLANATION: usize = 10_000;

/// Characters of a key, a variant's name or a rule's id.
pub const KEY_LENGTH: usize = 100;

/// One whole, in thousandths of a percent: buckets are `0..WHOLE`.
pub const WHOLE: u32 = 100_000;

/// Integral numbers are exact, and serve as units, strictly below this (2^53).
pub const EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;
