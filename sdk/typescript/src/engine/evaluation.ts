/**
 * What was decided for one flag, and why. Made when a snapshot is linked, shared by every call that decides the same,
 * and frozen. Must not carry user data.
 */
import { ERROR_MESSAGES, type ErrorCode, type Reason } from "./outcome.js";

/** A JSON value. */
export type JsonValue = boolean | number | string | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What a variant serves. */
export type FlagValue = boolean | number | string | JsonObject;

/** The run that counts an exposure to the rule that decided. */
export interface Track {
  /** The run's id. */
  readonly run: string;
  /** The attributes that may yield the unit, in order; see `unitOf`. */
  readonly by: readonly string[];
  /** The rule's arm; for a split, the name of the variant served. */
  readonly arm?: string;
}

/** What was decided for one flag. Frozen, with all that it holds. */
export interface Evaluation {
  readonly flagKey: string;
  /** Absent when there is no variant: the caller's own default is served. */
  readonly value?: FlagValue | undefined;
  /** The name of the variant served. */
  readonly variant?: string | undefined;
  readonly reason: Reason;
  /** Present exactly when the reason is `ERROR`. */
  readonly errorCode?: ErrorCode | undefined;
  /** What the error code means, for people. */
  readonly errorMessage?: string | undefined;
  /** The id of the rule that held; `target` for a target. */
  readonly ruleId?: string | undefined;
  /** The version of the flag's configuration; absent beside an error. */
  readonly version?: number | undefined;
  /** Which kill switch sheds the unit. */
  readonly cause?: string | undefined;
  /** The key of the prerequisite that failed. */
  readonly prerequisite?: string | undefined;
  readonly track?: Track | undefined;
  /** The flag's own metadata; empty beside an error. */
  readonly metadata: JsonObject;
}

/** Metadata of whoever has none. */
export const NO_METADATA: JsonObject = Object.freeze({});

/** The result of an evaluation that could decide nothing. */
export function failed(flagKey: string, errorCode: ErrorCode): Evaluation {
  return Object.freeze({
    flagKey,
    value: undefined,
    variant: undefined,
    reason: "ERROR",
    errorCode,
    errorMessage: ERROR_MESSAGES[errorCode],
    ruleId: undefined,
    version: undefined,
    cause: undefined,
    prerequisite: undefined,
    track: undefined,
    metadata: NO_METADATA,
  });
}
