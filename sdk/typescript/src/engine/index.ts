/**
 * Pennon's evaluation engine in TypeScript: one pure function decides every flag. It does no IO, reads no clock, draws
 * no random number and writes no log: time and randomness are given with `At`. The contract is the vectors in
 * `sdk/conformance`, which hold every language to one answer.
 *
 * | folder | holds |
 * |---|---|
 * | `document` | flags, segments and layers: raw JSON to compiled bodies, or what is wrong with them |
 * | `condition`, `operator`, `pattern` | the tree of a `when`, its tests, the regex dialect |
 * | `evaluate` | documents linked to one another, ready to decide |
 * | `snapshot` | what is broken by what it names, what a change reaches, and `Snapshot` |
 * | `bucket`, `context`, `reference`, `unit`, `read` | where a unit lands; reading contexts and documents |
 */
export { type At, type Context } from "./context.js";
export { type Evaluation, type FlagValue, type JsonObject, type JsonValue, type Track, failed } from "./evaluation.js";
export { type Asked, type ErrorCode, type FlagType, type Reason } from "./outcome.js";
export { SnapshotError } from "./snapshot/read.js";
export { type Broken, type Patch, Snapshot } from "./snapshot/snapshot.js";
export { unitOf } from "./unit-of.js";
