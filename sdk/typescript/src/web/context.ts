/**
 * A context as the server will read it: plain data in one order, so that the same context has the same text. Must not
 * keep what a caller passed, who may change it later.
 */
import { isObject } from "../engine/context.js";
import type { JsonObject } from "../engine/evaluation.js";

/**
 * Whom the flags are evaluated for: `targetingKey` and whatever else rules look at. A date becomes its text; what JSON
 * cannot hold counts as absent.
 */
export interface Context {
  /** The targeting key, unless there is one. It can be read as `userId` too. */
  readonly userId?: string | number | null | undefined;
  /** What percentages and targets count by: a string that is not empty, or an integral number. */
  readonly targetingKey?: string | number | null | undefined;
  readonly [attribute: string]: unknown;
}

/** Half a character: the server refuses a text with one, as no Unicode. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function inOrder(_name: string, value: unknown): unknown {
  const isAbsent = typeof value === "string" ? LONE_SURROGATE.test(value) : typeof value === "bigint";
  if (!isObject(value)) return isAbsent ? undefined : value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Throws a TypeError when the context is no object, or leads back into itself. */
export function plain(context: unknown): JsonObject {
  if (context === undefined || context === null) return {};
  if (!isObject(context)) throw new TypeError("context must be an object");
  const { userId, targetingKey } = context as Context;
  const keyed = { ...context, targetingKey: targetingKey ?? userId };
  return JSON.parse(JSON.stringify(keyed, inOrder)) as JsonObject;
}
