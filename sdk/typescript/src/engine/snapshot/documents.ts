/**
 * The documents of one environment, read: a change makes another set that shares what did not change.
 */
import type { Kind } from "../condition/draft.js";
import { own } from "../context.js";
import { FlagDocument } from "../document/flag.js";
import { LayerDocument } from "../document/layer.js";
import { SegmentDocument } from "../document/segment.js";

/** Documents by key. */
export interface Documents {
  readonly flags: ReadonlyMap<string, FlagDocument>;
  readonly segments: ReadonlyMap<string, SegmentDocument>;
  readonly layers: ReadonlyMap<string, LayerDocument>;
}

/** Raw documents by key. */
export interface RawDocuments {
  readonly flags: object;
  readonly segments: object;
  readonly layers: object;
}

/** A document's kind and key in one text, to put documents of all kinds into one set. */
export type Name = `${Kind}:${string}`;

const readFlag = (key: string, raw: unknown): FlagDocument => new FlagDocument(key, raw);
const readSegment = (key: string, raw: unknown): SegmentDocument => new SegmentDocument(key, raw);
const readLayer = (key: string, raw: unknown): LayerDocument => new LayerDocument(key, raw);

/** Reads all documents of a snapshot. */
export function readDocuments(raw: RawDocuments): Documents {
  const all = <T>(objects: object, read: (key: string, raw: unknown) => T): Map<string, T> =>
    new Map(Object.keys(objects).map((key) => [key, read(key, own(objects, key))]));
  return {
    flags: all(raw.flags, readFlag),
    segments: all(raw.segments, readSegment),
    layers: all(raw.layers, readLayer),
  };
}

/** Reads what changes; null takes a document out. Notes the names of it in `changed`. */
export function changeDocuments(before: Documents, change: RawDocuments, changed: Set<Name>): Documents {
  const note =
    (kind: Kind) =>
    (key: string): void => {
      changed.add(`${kind}:${key}`);
    };
  return {
    flags: changeOne(before.flags, change.flags, readFlag, note("flag")),
    segments: changeOne(before.segments, change.segments, readSegment, note("segment")),
    layers: changeOne(before.layers, change.layers, readLayer, note("layer")),
  };
}

function changeOne<T>(
  before: ReadonlyMap<string, T>,
  change: object,
  read: (key: string, raw: unknown) => T,
  note: (key: string) => void,
): ReadonlyMap<string, T> {
  const keys = Object.keys(change);
  if (keys.length === 0) {
    return before;
  }
  const after = new Map(before);
  for (const key of keys) {
    const raw = own(change, key);
    note(key);
    if (raw === null || raw === undefined) {
      after.delete(key);
    } else {
      after.set(key, read(key, raw));
    }
  }
  return after;
}
