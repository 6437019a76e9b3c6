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
const LONGEST_WAIT_MS = 3_600_000;

export class Watchers {
  readonly #one = new Map<string, Set<(change: Change) => unknown>>();
  readonly #any = new Set<(changes: Changes) => unknown>();
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
  watch(key: string, listener: (change: Change) => unknown): () => void {
    const listeners = this.#one.get(key) ?? new Set();
    this.#one.set(key, listeners.add(listener));
    this.#wait();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#one.get(key) === listeners) this.#one.delete(key);
      this.#wait();
    };
  }

  /** Tells of every flag. */
  watchAny(listener: (changes: Changes) => unknown): () => void {
    this.#any.add(listener);
    this.#wait();
    return () => {
      this.#any.delete(listener);
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
      for (const listener of [...(this.#one.get(flag) ?? [])]) this.#call(() => listener({ flag, revision }));
    }
    for (const listener of [...this.#any]) this.#call(() => listener({ flags, revision }));
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
