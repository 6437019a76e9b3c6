/**
 * The results of one context, as the server evaluated them: where they stand, how a newer word of the server changes
 * them, and which flags that changed. Must not evaluate, and must not let an older word win over a newer one.
 */
import type { JsonObject, Track } from "../engine/evaluation.js";
import { isObject } from "../engine/context.js";
import type { Value } from "../shared/typed.js";
import { compare, idOf, judge, type Position, type Step } from "../shared/order.js";

/** What a flag serves, or why it errs: an entry of OFREP's answer for all flags, and `track`. */
export interface Entry {
  readonly key: string;
  /** Absent when the caller's own default applies; then `variant` is "". */
  readonly value?: Value;
  readonly variant?: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The run that counts an exposure to it. */
  readonly track?: Track;
  readonly errorCode?: string;
  readonly errorDetails?: string;
}

/** All results for one context: a `put` of the client stream, and what a server SDK's `bootstrap(context)` gives. */
export interface Bootstrap {
  /** The millisecond at which the environment's line of history began. */
  readonly epoch: number;
  /** Grows by one with every change of the environment. */
  readonly revision: number;
  readonly flags: Readonly<Record<string, Entry>>;
}

/** Entries by key; one that is gone is null. */
export type Entries = Iterable<readonly [string, Entry | null]>;

/** What changed since `from`; an entry that is gone is null. */
export interface Patch extends Step {
  readonly flags: Readonly<Record<string, Entry | null>>;
}

/** What became of a word of the server: a `gap` is a change that began elsewhere. */
export type Applied = "apply" | "ignore" | "gap";

const isResults = (it: Partial<Record<keyof Patch, unknown>>): boolean =>
  Number.isSafeInteger(it.epoch) &&
  Number.isSafeInteger(it.revision) &&
  isObject(it.flags) &&
  Object.values(it.flags).every((entry) => entry === null || isObject(entry));

/** Reads what should be results, or a change of some; throws a TypeError. A change that does not tell its `from` is a gap. */
export function readResults(value: unknown, name: string): Bootstrap {
  if (isObject(value) && isResults(value)) return value as Bootstrap;
  throw new TypeError(`${name} must be {epoch, revision, flags}`);
}

/** Values are handed out as they are held, so nobody may write into them. */
function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** What a caller can see of an entry, as text. Which run counts it is not to be seen. */
const visible = (entry: Entry | undefined): string => JSON.stringify({ ...entry, track: 0 });

/** Results for one context, and where they stand. */
export class Results {
  /** Absent entries are absent here; never null. */
  flags: ReadonlyMap<string, Entry> = new Map();
  /** 0 while no word of the server told where it stands. */
  epoch = 0;
  revision = 0;

  /** For whom the server evaluated: plain data, never written to. */
  constructor(readonly context: JsonObject) {}

  /** Where the results stand, `<epoch>-<revision>`; undefined when nothing told. */
  get position(): string | undefined {
    return this.epoch ? idOf(this) : undefined;
  }

  /** Takes all results, unless they are older than these. The same revision may hold others: a date has passed. */
  put(put: Bootstrap): Applied {
    if (compare(put, this) < 0) return "ignore";
    this.#stand(put);
    return this.replace(Object.entries(put.flags));
  }

  /** Takes what changed, if it changed from where these stand. */
  patch(patch: Patch): Applied {
    const verdict = judge(this, patch);
    if (verdict !== "apply") return verdict;
    this.#stand(patch);
    return this.replace([...this.flags, ...Object.entries(patch.flags)]);
  }

  /** Takes all entries, from an answer that does not tell where it stands too. Of two with one key the last counts. */
  replace(entries: Entries): Applied {
    const flags = new Map<string, Entry>();
    for (const [key, entry] of entries) {
      if (entry) flags.set(key, freeze(entry));
      else flags.delete(key);
    }
    this.flags = flags;
    return "apply";
  }

  /** All of it, as the cache keeps it. */
  whole(): Bootstrap {
    return { epoch: this.epoch, revision: this.revision, flags: Object.fromEntries(this.flags) };
  }

  #stand({ epoch, revision }: Position): void {
    this.epoch = epoch;
    this.revision = revision;
  }
}

/** The keys of which a caller is served something else after than before. */
export function changes(before: ReadonlyMap<string, Entry>, after: ReadonlyMap<string, Entry>): string[] {
  const isOther = (key: string): boolean => {
    const [was, is] = [before.get(key), after.get(key)];
    return was !== is && visible(was) !== visible(is);
  };
  return [...new Set([...before.keys(), ...after.keys()])].filter(isOther);
}
