/**
 * From a result that is held to what a caller is given: the value of the type that was asked for, or the caller's own
 * default and why. Must not throw, and must not write anything down.
 */
import type { ErrorCode as EngineError, Reason } from "../engine/outcome.js";
import { NO_METADATA } from "../engine/evaluation.js";
import type { Entry } from "./results.js";

/** Why the caller's default is served. */
export type ErrorCode =
  | EngineError
  /** No results have come yet. */
  | "PROVIDER_NOT_READY";

/** What is served for one flag, and why. */
export interface Details<T> {
  readonly flagKey: string;
  /** The flag's value, or the caller's default. */
  readonly value: T;
  /** The name of the variant served; absent when the default is. */
  readonly variant?: string;
  readonly reason: Reason;
  /** Present exactly when the reason is `ERROR`. */
  readonly errorCode?: ErrorCode;
  /** What the error code means, for people. */
  readonly errorMessage?: string;
  /** The flag's own metadata, which is public. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The type of a value as flags have types; an array has none. */
const typeOf = (value: unknown): string => (Array.isArray(value) ? "array" : typeof value);

/** The default, and why it is served. */
function failed<T>(flagKey: string, value: T, errorCode: ErrorCode, errorMessage: string): Details<T> {
  return { flagKey, value, reason: "ERROR", errorCode, errorMessage, metadata: NO_METADATA };
}

/**
 * What a flag serves. The type that is asked for is the default's; a default that is null or undefined asks for none.
 * An entry without a value tells no type, so it is never a mismatch.
 */
export function detailsOf<T>(flagKey: string, entry: Entry | undefined, fallback: T, isReady: boolean): Details<T> {
  if (!entry) {
    return isReady
      ? failed(flagKey, fallback, "FLAG_NOT_FOUND", "no such flag")
      : failed(flagKey, fallback, "PROVIDER_NOT_READY", "no results yet");
  }
  const { value, variant, reason = "DEFAULT", metadata = NO_METADATA, errorCode, errorDetails = "" } = entry;
  // Words of this server's, which are those of the engine.
  if (errorCode) return failed(flagKey, fallback, errorCode as ErrorCode, errorDetails);
  if (value === undefined) return { flagKey, value: fallback, reason: reason as Reason, metadata };
  if ((fallback ?? null) !== null && typeOf(value) !== typeOf(fallback)) {
    return failed(flagKey, fallback, "TYPE_MISMATCH", "the flag has another type");
  }
  // The served type is the asked one, or none was asked for.
  const served = { flagKey, value: value as T, reason: reason as Reason, metadata };
  return variant ? { ...served, variant } : served;
}
