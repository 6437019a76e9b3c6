/**
 * What a caller is told of an evaluation, beside the value. Must not decide anything.
 */
import {
  failed as engineFailed,
  type ErrorCode as EngineErrorCode,
  type Evaluation,
  type Reason,
} from "../engine/index.js";

/** Why the caller's default is served. `PROVIDER_NOT_READY`: there is no snapshot yet. */
export type ErrorCode = EngineErrorCode | "PROVIDER_NOT_READY";

/** Scalars that belong to a flag: its owner and the like. They are public. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A value, and how it came about. */
export interface Details<T> {
  readonly flagKey: string;
  readonly value: T;
  /** The name of the variant served; absent when the caller's default is. */
  readonly variant: string | undefined;
  readonly reason: Reason;
  /** Present exactly when the reason is `ERROR`. */
  readonly errorCode: ErrorCode | undefined;
  readonly errorMessage: string | undefined;
  /** The rule that held; `target` for a target. */
  readonly ruleId: string | undefined;
  /** The version of the flag's configuration. */
  readonly version: number | undefined;
  /** Which kill switch covers the unit. */
  readonly cause: string | undefined;
  /** The prerequisite that failed. */
  readonly prerequisite: string | undefined;
  readonly metadata: Metadata;
}

/** An evaluation by the engine, or the lack of one. */
export type Outcome = Omit<Evaluation, "errorCode"> & { readonly errorCode?: ErrorCode | undefined };

/** The outcome before there is a snapshot. */
export function notReady(flagKey: string): Outcome {
  return {
    ...engineFailed(flagKey, "GENERAL"),
    errorCode: "PROVIDER_NOT_READY",
    errorMessage: "there is no snapshot yet; await client.ready(), or look at client.status()",
  };
}

/** The outcome of a key that is none. */
export function noKey(): Outcome {
  return engineFailed("", "FLAG_NOT_FOUND");
}

export function detailsOf<T>(outcome: Outcome, defaultValue: T): Details<T> {
  const { flagKey, value, variant, reason, errorCode, errorMessage, ruleId, version, cause, prerequisite, metadata } =
    outcome;
  const served = value === undefined ? defaultValue : (value as T);
  return {
    flagKey,
    value: served,
    variant,
    reason,
    errorCode,
    errorMessage,
    ruleId,
    version,
    cause,
    prerequisite,
    metadata,
  };
}
