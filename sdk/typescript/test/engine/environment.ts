/**
 * Small environments for tests: a flag is described by what differs from the smallest one.
 */
import { type Asked, type At, type Context, type Evaluation, Snapshot } from "../../src/engine/index.js";

/** A raw document. */
export type Raw = Record<string, unknown>;

/** A time, dice and an instance that never change. */
export const AT: At = { nowMs: () => 1_767_225_600_000, random: () => 7, instance: "instance-1" };

/** A boolean flag that is on and serves `off`. */
export function flag(key: string, more: Raw = {}): Raw {
  const variants = { on: true, off: false };
  return { key, type: "boolean", enabled: true, variants, fallthrough: { variant: "off" }, ...more };
}

/** A flag that serves `on` to whom the condition holds for. */
export function when(key: string, condition: unknown): Raw {
  return flag(key, { rules: [{ id: "r", when: condition, serve: { variant: "on" } }] });
}

/** An environment of these flags. */
export function environment(flags: readonly Raw[], more: Raw = {}): Snapshot {
  return Snapshot.fromDocument(documentOf(flags, more));
}

/** The document of an environment. */
export function documentOf(flags: readonly Raw[], more: Raw = {}): Raw {
  const head = { schemaVersion: 1, epoch: 5, project: "p", environment: "e", revision: 1 };
  return {
    ...head,
    flags: Object.fromEntries(flags.map((one) => [one["key"], one])),
    segments: {},
    layers: {},
    ...more,
  };
}

/** Decides the only flag of an environment. */
export function decide(one: Raw, context?: unknown, asked?: Asked, at: At = AT): Evaluation {
  return environment([one]).evaluate(one["key"] as string, context as Context, asked, at);
}

/** Whether a condition holds for a context. */
export function holds(condition: unknown, context: unknown, at: At = AT): boolean {
  const found = decide(when("f", condition), context, "boolean", at);
  if (found.errorCode !== undefined) {
    throw new Error(`the flag errs: ${found.errorCode}`);
  }
  return found.value === true;
}
