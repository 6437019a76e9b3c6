/**
 * Whom a flag is evaluated for, and when: the two inputs of an evaluation, and how a context's values are read. Must
 * not let a name resolve through a prototype, and must not keep a context.
 */

/** The attribute that names whom a flag is evaluated for. */
export const TARGETING_KEY = "targetingKey";

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

/** A context that knows nothing. */
export const EMPTY: Context = Object.freeze({});

/** An object's own member. */
export function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Context)[name] : undefined;
}

/** Whether a value is there: what no JSON can hold counts as absent. */
export function isPresent(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.isWellFormed();
    case "number":
      return Number.isFinite(value);
    case "boolean":
      return true;
    case "object":
      return value !== null;
    default:
      return false;
  }
}

/** Whether a value is an object with members, not a list. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The targeting key: `own` for the one name that every evaluation reads. */
export function ownTargetingKey(context: Context): unknown {
  const key = context[TARGETING_KEY];
  if (key === undefined) {
    return undefined;
  }
  // Where the prototype is the plain one and has no such member, what was found is the context's own. Asking that takes
  // a tenth of the time of `hasOwn`.
  const plain = Object.getPrototypeOf(context) === Object.prototype;
  const isOwn = plain && (Object.prototype as Context)[TARGETING_KEY] === undefined;
  return isOwn || Object.hasOwn(context, TARGETING_KEY) ? key : undefined;
}

/** Whether the targeting key is absent or of a type it may have: a string, or an integral number of any size. */
export function isValid(context: Context): boolean {
  const key = ownTargetingKey(context);
  switch (typeof key) {
    case "number":
      return Number.isInteger(key) || !Number.isFinite(key);
    case "boolean":
      return false;
    case "object":
      return key === null;
    default:
      return true;
  }
}

/** Asks the clock and the dice at most once, so that one evaluation sees one time and one random unit. */
export class Moment implements At {
  private time: number | undefined;
  private dice: number | undefined;

  constructor(private readonly at: At) {}

  get instance(): string | undefined {
    return this.at.instance;
  }

  nowMs(): number {
    return (this.time ??= Math.floor(this.at.nowMs()));
  }

  random(): number {
    return (this.dice ??= this.at.random() >>> 0);
  }
}
