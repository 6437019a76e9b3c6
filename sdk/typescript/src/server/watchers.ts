/**
 * Who wants to know when a flag changes: by a new snapshot, or by a date that rules compare `$now` with.
 */
import type { Snapshot } from "../engine/index.js";
import { idOf } from "../shared/order.js";
import type { Logger } from "./logger.js";
import type { World } from "./world.js";

/** A flag, or something it depends on, has changed. */
export interface Change {
  readonly flag: string;
  /** `<epoch>-<revision>` of the snapshot that is served now. */
  readonly revision: string;
}

/** Several flags have changed at once. */
export interface Changes {
  readonly flags: readonly string[];
  readonly revision: string;
}

/** No timer waits longer: a clock may be set, and a machine may sleep. */
const LONGEST_WAIT_MS = 30_000;

/** An object for each call: one function that is given twice is told twice, and each ends by itself. */
interface Watcher<T> {
  readonly tell: (what: T) => unknown;
}

export class Watchers {
  readonly #one = new Map<string, Set<Watcher<Change>>>();
  readonly #any = new Set<Watcher<Changes>>();
  #snapshot: Snapshot | undefined;
  #lookedMs: number;
  #cancel: () => void = () => undefined;

  constructor(
    private readonly world: World,
    private readonly logger: Logger,
  ) {
    this.#lookedMs = world.nowMs();
  }

  /** Tells of one flag; the result ends it. */
  watch(key: string, tell: (change: Change) => unknown): () => void {
    this.#begin();
    const watcher = { tell };
    const watchers = this.#one.get(key) ?? new Set();
    this.#one.set(key, watchers.add(watcher));
    this.#wait();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#one.get(key) === watchers) this.#one.delete(key);
      this.#wait();
    };
  }

  /** Tells of every flag. */
  watchAny(tell: (changes: Changes) => unknown): () => void {
    this.#begin();
    const watcher = { tell };
    this.#any.add(watcher);
    this.#wait();
    return () => {
      this.#any.delete(watcher);
      this.#wait();
    };
  }

  /** There is a new snapshot. */
  replaced(before: Snapshot | undefined, after: Snapshot): void {
    this.#look();
    this.#snapshot = after;
    if (this.#listening) this.#tell(before === undefined ? after.flagKeys() : after.changedFrom(before), after);
    this.#wait();
  }

  close(): void {
    this.#cancel();
    this.#one.clear();
    this.#any.clear();
  }

  get #listening(): boolean {
    return this.#one.size > 0 || this.#any.size > 0;
  }

  /** Dates that passed while nobody listened are nobody's. */
  #begin(): void {
    if (!this.#listening) this.#lookedMs = this.world.nowMs();
  }

  /** Tells of the flags whose dates have passed since the last look. */
  #look = (): void => {
    const [from, to] = [this.#lookedMs, this.world.nowMs()];
    this.#lookedMs = to;
    const snapshot = this.#snapshot;
    if (snapshot !== undefined && this.#listening && (snapshot.nextBorder(from) ?? Infinity) <= to) {
      const keys = this.#any.size > 0 ? snapshot.flagKeys() : [...this.#one.keys()];
      this.#tell(
        keys.filter((key) => (snapshot.nextBorder(from, key) ?? Infinity) <= to),
        snapshot,
      );
    }
    this.#wait();
  };

  /** Looks again at the next date of any flag. */
  #wait(): void {
    this.#cancel();
    const border = this.#listening ? this.#snapshot?.nextBorder(this.#lookedMs) : undefined;
    if (border === undefined) return;
    // At least a millisecond: a timer may be early by the fraction that the clock does not show.
    const waitMs = Math.max(border - this.world.nowMs(), 1);
    this.#cancel = this.world.after(Math.min(waitMs, LONGEST_WAIT_MS), this.#look);
  }

  #tell(flags: readonly string[], snapshot: Snapshot): void {
    if (flags.length === 0) return;
    const revision = idOf(snapshot);
    for (const flag of flags) {
      for (const { tell } of [...(this.#one.get(flag) ?? [])]) this.#call(() => tell({ flag, revision }));
    }
    for (const { tell } of [...this.#any]) this.#call(() => tell({ flags, revision }));
  }

  #call(listener: () => unknown): void {
    const failed = (error: unknown) => {
      this.logger.error("a listener of changes threw", error);
    };
    try {
      Promise.resolve(listener()).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
