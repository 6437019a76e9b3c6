/**
 * What a page is given to start from: the results of the flags that clients may see, in the form of the client stream's
 * `put`. Must not tell what a client key is not told: rules, causes, other flags, versions.
 */
import type { At, Evaluation, FlagValue, Snapshot, Track } from "../engine/index.js";
import type { Context } from "./subject.js";

/** What one flag serves, or why it errs: an entry of OFREP's answer for all flags, and what counts an exposure. */
export interface BootstrapEntry {
  readonly key: string;
  /** Absent when the caller's own default applies; then `variant` is "". */
  readonly value?: FlagValue;
  readonly variant?: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  readonly track?: Track;
  readonly errorCode?: string;
  readonly errorDetails?: string;
}

/** Plain data, ready for `JSON.stringify`. */
export interface Bootstrap {
  readonly epoch: number;
  readonly revision: number;
  readonly flags: Readonly<Record<string, BootstrapEntry>>;
}

/** Evaluates every flag that clients may see. Without a snapshot there are none. */
export function bootstrap(snapshot: Snapshot | undefined, context: Context, at: At): Bootstrap {
  const flags: Record<string, BootstrapEntry> = {};
  if (snapshot === undefined) return { epoch: 0, revision: 0, flags };
  for (const key of snapshot.flagKeys().sort()) {
    if (snapshot.isClientVisible(key)) flags[key] = entry(snapshot.evaluate(key, context, undefined, at));
  }
  return { epoch: snapshot.epoch, revision: snapshot.revision, flags };
}

function entry({
  flagKey: key,
  errorCode,
  errorMessage,
  value,
  variant,
  reason,
  metadata,
  track,
}: Evaluation): BootstrapEntry {
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage ?? "" };
  const isScalar = ([, one]: [string, unknown]): boolean => ["string", "number", "boolean"].includes(typeof one);
  return {
    key,
    ...(value === undefined ? {} : { value }),
    variant: variant ?? "",
    reason,
    metadata: Object.fromEntries(Object.entries(metadata).filter(isScalar)) as Record<
      string,
      string | number | boolean
    >,
    ...(track === undefined ? {} : { track }),
  };
}
