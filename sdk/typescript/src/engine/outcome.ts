/**
 * The words of a result, OpenFeature's and final since they go over the wire: reasons, error codes, and the types that
 * a caller may ask for. Must not carry anything beside the words.
 */

/** The type of a flag, and of each of its variants' values. */
export type FlagType = "boolean" | "string" | "number" | "object";

/**
 * The type a caller asks for. `integer` is a number flag of which the value served is integral and below 2^53;
 * `number` and `float` take any value of a number flag.
 */
export type Asked = FlagType | "integer" | "float";

/** Why a variant is served. */
export type Reason =
  /** Nothing but the fallthrough could decide. */
  | "STATIC"
  /** No target and no rule held, or a prerequisite failed. */
  | "DEFAULT"
  /** A target or a rule held. */
  | "TARGETING_MATCH"
  /** A percentage or a split decided. */
  | "SPLIT"
  /** The flag is off, or shed by a kill switch. */
  | "DISABLED"
  /** There is an error code. */
  | "ERROR";

/** Why nothing could be decided. */
export type ErrorCode =
  /** There is no such flag. */
  | "FLAG_NOT_FOUND"
  /** The flag is broken. */
  | "PARSE_ERROR"
  /** The flag has another type than was asked for. */
  | "TYPE_MISMATCH"
  /** A split has no unit to draw by. */
  | "TARGETING_KEY_MISSING"
  /** The targeting key has a type it may not have, or the context is no object. */
  | "INVALID_CONTEXT"
  /** The context could not be read: a getter threw. */
  | "GENERAL";

/** What an error means, for people. It names no flag, no rule and nobody. */
export const ERROR_MESSAGES: Readonly<Record<ErrorCode, string>> = {
  FLAG_NOT_FOUND: "there is no such flag",
  PARSE_ERROR: "the flag's definition is broken; see the environment's list of broken flags",
  TYPE_MISMATCH: "the flag, or the value it serves, has another type than was asked for",
  TARGETING_KEY_MISSING: "the flag serves a split, and the context has no attribute to draw by",
  INVALID_CONTEXT: "the targeting key must be a string or an integral number",
  GENERAL: "the flag could not be evaluated",
};
