/**
 * One environment, compiled and linked. Immutable: a change makes another snapshot that shares what did not change.
 * Must not fetch, store or swap anything; who holds snapshots does.
 */
import { type At, type Context, EMPTY, Moment, isObject, isValid } from "../context.js";
import { type Evaluation, failed } from "../evaluation.js";
import type { Asked, FlagType } from "../outcome.js";
import { allBorders, bordersOf } from "./borders.js";
import { type Documents, type Name, changeDocuments, readDocuments } from "./documents.js";
import { differences, withDependents } from "./dependents.js";
import { type LinkTable, linkAgain, linkAll } from "./link.js";
import { type Meta, SnapshotError, parse, readInteger, readMeta, readRaw } from "./read.js";

/** What differs between one snapshot and the next: raw documents by key, null for one that is gone. */
export interface Patch {
  /** The revision that the patch leads to. */
  readonly revision: number;
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  readonly segments?: Readonly<Record<string, unknown>> | undefined;
  readonly layers?: Readonly<Record<string, unknown>> | undefined;
}

/** A document that cannot be evaluated. */
export interface Broken {
  readonly kind: "flag" | "segment" | "layer";
  readonly key: string;
  /** The first thing that is wrong with it, for people: where, and what is allowed. */
  readonly detail: string;
}

/** The type a flag must have for the one that is asked. */
function flagTypeOf(asked: Asked): FlagType {
  return asked === "integer" || asked === "float" ? "number" : asked;
}

/** A compiled, linked environment. */
export class Snapshot {
  private borders: readonly number[] | undefined;

  private constructor(
    private readonly meta: Meta,
    private readonly documents: Documents,
    private readonly linked: LinkTable,
  ) {}

  /**
   * Reads a whole snapshot document. A flag that is wrong is broken, alone; unknown members are ignored.
   *
   * @throws SnapshotError when the text is no JSON object, is of an unknown `schemaVersion`, or a member of the
   *   snapshot itself is of the wrong type.
   */
  static fromJson(text: string): Snapshot {
    return Snapshot.fromDocument(parse(text));
  }

  /**
   * As `fromJson`, of what `JSON.parse` gave. The snapshot keeps the document: it must not be changed afterwards.
   *
   * @throws SnapshotError as `fromJson` does.
   */
  static fromDocument(document: unknown): Snapshot {
    const meta = readMeta(document);
    const documents = readDocuments(readRaw(document as object));
    return new Snapshot(meta, documents, linkAll(documents));
  }

  /**
   * The next snapshot: reads what changed, and links again what depends on it. This one stays as it is.
   *
   * @throws SnapshotError when the patch itself, not a document in it, is malformed.
   */
  patched(patch: Patch): Snapshot {
    if (!isObject(patch)) {
      throw new SnapshotError("the patch must be an object");
    }
    const meta = { ...this.meta, revision: readInteger(patch, "revision") };
    const changed = new Set<Name>();
    const documents = changeDocuments(this.documents, readRaw(patch), changed);
    return new Snapshot(meta, documents, linkAgain(documents, this.linked, withDependents(documents, changed)));
  }

  /**
   * Decides one flag. Never throws: what goes wrong is in the result.
   *
   * @param context whom for; null and undefined are the empty context
   * @param asked the type the caller wants, if any
   */
  evaluate(key: string, context: Context | undefined | null, asked: Asked | undefined, at: At): Evaluation {
    try {
      return this.answer(key, context ?? EMPTY, asked, at);
    } catch {
      return failed(key, "GENERAL");
    }
  }

  private answer(key: string, context: Context, asked: Asked | undefined, at: At): Evaluation {
    if (!isObject(context) || !isValid(context)) {
      return failed(key, "INVALID_CONTEXT");
    }
    const flag = this.linked.flags.get(key);
    if (flag === undefined) {
      return failed(key, "FLAG_NOT_FOUND");
    }
    if (asked !== undefined && flag.status.fault === undefined && flag.document.type !== flagTypeOf(asked)) {
      return failed(key, "TYPE_MISMATCH");
    }
    const found = flag.decide(context, flag.status.asks ? new Moment(at) : at);
    if (asked === "integer" && found.value !== undefined && !Number.isSafeInteger(found.value)) {
      return failed(key, "TYPE_MISMATCH");
    }
    return found;
  }

  /**
   * The next millisecond after `afterMs` from which an answer may differ although no revision changed anything: the
   * dates that rules compare `$now` with.
   *
   * @param key looks at one flag and what it depends on, instead of at all
   */
  nextBorder(afterMs: number, key?: string): number | undefined {
    const borders = key === undefined ? (this.borders ??= allBorders(this.documents)) : bordersOf(this.documents, key);
    let [low, high] = [0, borders.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((borders[middle] ?? Infinity) <= afterMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return borders[low];
  }

  /** The keys of flags that changed since another snapshot, that depend on something that did, or that are gone. */
  changedFrom(before: Snapshot): string[] {
    const changed = withDependents(this.documents, differences(before.documents, this.documents));
    return Array.from(changed).flatMap((name) => (name.startsWith("flag:") ? [name.slice("flag:".length)] : []));
  }

  /** The millisecond at which this line of history began. */
  get epoch(): number {
    return this.meta.epoch;
  }

  /** Grows by one with each change. */
  get revision(): number {
    return this.meta.revision;
  }

  /** The project's key. */
  get project(): string {
    return this.meta.project;
  }

  /** The environment's key. */
  get environment(): string {
    return this.meta.environment;
  }

  /** How many flags there are. */
  get size(): number {
    return this.linked.flags.size;
  }

  /** The snapshot as a document, to be stored; the documents in it are those that were given, and not to be changed. */
  document(): object {
    const raw = (documents: ReadonlyMap<string, { readonly raw: unknown }>): object =>
      Object.fromEntries(Array.from(documents, ([key, document]) => [key, document.raw]));
    return {
      schemaVersion: 1,
      ...this.meta,
      flags: raw(this.documents.flags),
      segments: raw(this.documents.segments),
      layers: raw(this.documents.layers),
    };
  }

  /** The keys of all flags, broken ones too. */
  flagKeys(): string[] {
    return [...this.linked.flags.keys()];
  }

  /** The type of a flag; undefined when there is no such flag, or its type cannot be read. */
  flagType(key: string): FlagType | undefined {
    return this.linked.flags.get(key)?.document.type;
  }

  /** Whether client keys may see the flag. */
  isClientVisible(key: string): boolean {
    return this.linked.flags.get(key)?.document.clientVisible === true;
  }

  /** What cannot be evaluated, and why. */
  broken(): Broken[] {
    const found: Broken[] = [];
    const note = (kind: Broken["kind"], key: string, detail: string | undefined): void => {
      if (detail !== undefined) {
        found.push({ kind, key, detail });
      }
    };
    this.linked.flags.forEach(({ status }, key) => {
      note("flag", key, status.fault);
    });
    this.linked.segments.forEach(({ status }, key) => {
      note("segment", key, status.fault);
    });
    this.documents.layers.forEach(({ fault }, key) => {
      note("layer", key, fault?.detail);
    });
    return found;
  }
}
