/**
 * What an evaluation is given beside the flag, as a vector has it.
 */
import type { At, Context } from "../../../src/engine/index.js";

const DEFAULT_NOW = 1_767_225_600_000;

/** The members of a case that are inputs. */
export interface Inputs {
  readonly context?: unknown;
  readonly contextText?: string;
  readonly inject?: Readonly<Record<string, string>>;
  readonly mode?: string;
  readonly nowMs?: number;
  readonly random?: number;
  readonly instance?: string;
}

/** The names of those members. */
export const INPUTS = ["context", "contextText", "inject", "mode", "nowMs", "random", "instance"];

/** When an evaluation takes place. */
export function atOf({ nowMs, random, instance }: Inputs): At {
  return { nowMs: () => nowMs ?? DEFAULT_NOW, random: () => random ?? 0, instance };
}

const INJECTED: Readonly<Record<string, unknown>> = {
  NaN: NaN,
  Infinity: Infinity,
  "-Infinity": -Infinity,
  surrogate: "a\ud800b",
};

/** The context of a case, or that the case is not for an SDK, or not for this language. */
export function contextOf(inputs: Inputs): { context: Context | null | undefined } | "skipped" {
  if (inputs.mode === "wire") {
    return "skipped";
  }
  let { context } = inputs;
  if (inputs.contextText !== undefined) {
    try {
      context = JSON.parse(inputs.contextText);
    } catch (error) {
      if (inputs.mode === "local") {
        return "skipped";
      }
      throw error;
    }
  }
  if (inputs.inject !== undefined) {
    const injected: Record<string, unknown> = { ...(context as object) };
    for (const [name, what] of Object.entries(inputs.inject)) {
      if (!Object.hasOwn(INJECTED, what)) {
        throw new Error(`the runner does not know the injection ${what}`);
      }
      injected[name] = INJECTED[what];
    }
    context = injected;
  }
  // Also what is no object: a caller's JavaScript may pass anything.
  return { context: context as Context | null | undefined };
}
