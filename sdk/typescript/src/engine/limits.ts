/**
 * Every limit of a document, by name, with its reason. Must not hold anything but numbers.
 */

/** Variants of one flag. More is a table, not a flag. */
export const VARIANTS_PER_FLAG = 100;

/** Rules of one flag. They are tried in order, and a person has to read them. */
export const RULES_PER_FLAG = 256;

/** Slots of one split. A rebalance cuts slots into pieces, so there may be more slots than variants. */
export const SLOTS_PER_SPLIT = 256;

/** Depth of one condition tree: a leaf is 1, each `all`, `any` and `not` adds 1. */
export const CONDITION_DEPTH = 16;

/** Values in one condition, target or segment list. Bigger audiences belong in an attribute. */
export const VALUES_PER_LIST = 100_000;

/** Code points of one regular expression. */
export const PATTERN_LENGTH = 1_000;

/** What nested repetition counts of a regular expression may multiply to, as in RE2. */
export const PATTERN_REPETITION = 1_000;

/** Bytes of the value of an object variant, as compact UTF-8 JSON. Every bulk answer carries it. */
export const OBJECT_VALUE_BYTES = 64 * 1_024;

/** The longest chain of references between flags and segments, in edges. */
export const DEPENDENCY_DEPTH = 32;

/** References of one flag when all are expanded, counted with repetition, so that evaluation cannot explode. */
export const EXPANDED_REFERENCES = 1_000;

/** Nesting of lists and objects in one document. It bounds the stack of every recursive walk. */
export const JSON_DEPTH = 128;

/** Characters of a key, a variant's name or a rule's id. */
export const KEY_LENGTH = 100;

/** One whole, in thousandths of a percent: buckets are 0 to 99 999. */
export const WHOLE = 100_000;
