/**
 * Whom a flag is evaluated for, and when: the two inputs of an evaluation, and how a context's values are read. Must
 * not let a name resolve through a prototype, and must not keep a context.
 */

/**
 * The attributes an evaluation may look at, plain data. `null`, `undefined`, `NaN`, infinities, bigints, functions,
 * symbols and strings with a lone surrogate count as absent; names that begin with `$` are ignored.
 */
export type Context = Readonly<Record<string, unknown>>;

/** What an evaluation is given beside the context. It is asked only by a flag that needs it, at most once a call. */
export interface At {
  /** The time, in epoch milliseconds. */
  nowMs(): number;
  /** A fresh random unsigned 32-bit integer. */
  random(): number;
  /** The id of the SDK instance. */
  readonly instance?: string | undefined;
}
