/**
 * What a page is given to start from: the results of the flags that clients may see, in the form of the client stream's
 * `put`. Must not tell what a client key is not told: rules, causes, other flags, versions.
 */
import type { At, Evaluation, JsonObject, Snapshot } from "../engine/index.js";
import type { Bootstrap, Entry } from "../web/results.js";
import type { Context } from "./subject.js";

/** Evaluates every flag that clients may see. Without a snapshot there are none. */
export function bootstrap(snapshot: Snapshot | undefined, context: Context, at: At): Bootstrap {
  const flags: Record<string, Entry> = {};
  if (snapshot === undefined) return { epoch: 0, revision: 0, flags };
  for (const key of snapshot.flagKeys().sort()) {
    if (snapshot.isClientVisible(key)) flags[key] = entry(snapshot.evaluate(key, context, undefined, at));
  }
  return { epoch: snapshot.epoch, revision: snapshot.revision, flags };
}

function entry(evaluation: Evaluation): Entry {
  const { flagKey: key, errorCode, errorMessage, value, variant, reason, metadata, track } = evaluation;
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage ?? "" };
  return {
    key,
    ...(value === undefined ? {} : { value }),
    variant: variant ?? "",
    reason,
    metadata: scalars(metadata),
    ...(track === undefined ? {} : { track }),
  };
}

/** What a flag's metadata is to OpenFeature: booleans, texts and numbers. */
function scalars(metadata: JsonObject): JsonObject {
  const isScalar = ([, one]: [string, unknown]): boolean => ["string", "number", "boolean"].includes(typeof one);
  return Object.fromEntries(Object.entries(metadata).filter(isScalar));
}
