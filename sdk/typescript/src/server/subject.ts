/**
 * Whom a flag is evaluated for: what the caller says, over what the code around the call has said. Names are never
 * re-cased. Must not keep a context.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Attributes, plain data. `userId` is the targeting key unless `targetingKey` is there; it can be read as `userId` too.
 * Null, undefined, and what JSON cannot hold count as absent.
 */
export interface Context {
  readonly userId?: string | number | null | undefined;
  readonly targetingKey?: string | number | null | undefined;
  readonly [attribute: string]: unknown;
}

const NOBODY: Context = Object.freeze({});

/** The context with its targeting key in its place. What is no object is left to the evaluation, which refuses it. */
export function keyed(context: Context | null | undefined): Context {
  if (context === undefined || context === null) return NOBODY;
  const { userId } = context;
  if (userId === undefined || userId === null) return context;
  const { targetingKey } = context;
  if ((targetingKey !== undefined && targetingKey !== null) || Array.isArray(context)) return context;
  const key = Number.isInteger(userId) ? String(userId) : userId;
  // The first way is ten times as fast, since V8 then copies the context as a whole.
  return "targetingKey" in context ? { ...context, targetingKey: key } : { targetingKey: key, ...context };
}

/** What the code around a call has said, followed through everything asynchronous. */
export class Ambient {
  #storage: AsyncLocalStorage<Context> | undefined;

  /** The context of an evaluation. */
  subject(context: Context | null | undefined): Context {
    const around = this.#storage?.getStore();
    if (around === undefined) return keyed(context);
    if (context === undefined || context === null) return around;
    const own = keyed(context);
    // Into a new object: adding to a copy is ten times as slow.
    return typeof own === "object" && !Array.isArray(own) ? Object.assign({}, around, own) : own;
  }

  /** Runs `act` with the context around it, over the one around this call. */
  run<T>(context: Context, act: () => T): T {
    const around = this.subject(context);
    // Made at the first use: following what is asynchronous costs every promise of the process a little.
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(around, act);
  }
}
