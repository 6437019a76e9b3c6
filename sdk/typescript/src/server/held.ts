/**
 * The snapshot that is served, and where it came from. A lower one never replaces a higher one, and what cannot be read
 * changes nothing. Must not fetch or store anything.
 */
import { isObject, own } from "../engine/context.js";
import { Snapshot, SnapshotError, type Patch } from "../engine/index.js";
import { compare, idOf, judge, type Step } from "../shared/order.js";

/** Where the snapshot that is served came from. */
export type Source = "stream" | "poll" | "cache" | "bootstrap" | "none";

/** Told after the snapshot was replaced. */
export type Replaced = (before: Snapshot | undefined, after: Snapshot) => void;

export class Held {
  snapshot: Snapshot | undefined;
  source: Source = "none";
  readonly #replaced: Replaced;

  constructor(replaced: Replaced) {
    this.#replaced = replaced;
  }

  /** `<epoch>-<revision>` of what is served. */
  get revision(): string | undefined {
    return this.snapshot && idOf(this.snapshot);
  }

  /** From where a stream may go on; not from a snapshot that somebody gave us, who may have erred. */
  get lastEventId(): string | undefined {
    return this.source === "bootstrap" ? undefined : this.revision;
  }

  /** Takes a whole snapshot as JSON, if it is newer. Throws `SnapshotError` when it cannot be read. */
  put(text: string, source: Source): void {
    this.take(Snapshot.fromJson(text), source);
  }

  /**
   * Takes a snapshot if it is newer. What the server sends also replaces one of another environment that it has not sent,
   * whatever that one's revision: its history is another.
   */
  take(next: Snapshot, source: Source): void {
    const before = this.snapshot;
    if (before !== undefined && !this.#isForeign(before, next) && compare(next, before) <= 0) return;
    this.#replace(next, source);
  }

  /** Takes a change as JSON. Throws `SnapshotError` when it cannot be read. */
  patch(text: string): "apply" | "ignore" | "gap" {
    const patch = readPatch(text);
    const verdict = judge(this.snapshot, patch);
    if (verdict === "apply" && this.snapshot !== undefined && patch.revision > this.snapshot.revision) {
      this.#replace(this.snapshot.patched(patch), "stream");
    }
    return verdict;
  }

  #isForeign(before: Snapshot, next: Snapshot): boolean {
    const wasGiven = this.source === "bootstrap" || this.source === "cache";
    return wasGiven && (before.project !== next.project || before.environment !== next.environment);
  }

  #replace(next: Snapshot, source: Source): void {
    const before = this.snapshot;
    this.snapshot = next;
    this.source = source;
    this.#replaced(before, next);
  }
}

function readPatch(text: string): Patch & Step {
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch {
    throw new SnapshotError("the patch is no JSON");
  }
  if (!isObject(patch)) throw new SnapshotError("the patch is no object");
  for (const name of ["epoch", "from", "revision"]) {
    if (!Number.isSafeInteger(own(patch, name))) throw new SnapshotError(`the patch's ${name} is no integral number`);
  }
  return patch as Patch & Step;
}
