/**
 * Reads what a snapshot and a patch say beside their documents. Must not refuse the whole for what is wrong with one
 * flag: only what tells nothing of any flag is refused.
 */
import { isObject, own } from "../context.js";
import { exact } from "../read.js";
import type { RawDocuments } from "./documents.js";

/** The only form of snapshots there is. */
const SCHEMA_VERSION = 1;

/** Why a snapshot, or a patch, is refused whole. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/** Which environment, and which state of it. */
export interface Meta {
  /** The millisecond at which this line of history began. */
  readonly epoch: number;
  /** Grows by one with each change. */
  readonly revision: number;
  readonly project: string;
  readonly environment: string;
}

/** Parses JSON text. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The language's message would quote the text.
    throw new SnapshotError("the snapshot is no JSON");
  }
}

/** Reads the head of a snapshot: absent numbers are 0, absent names `default`. */
export function readMeta(document: unknown): Meta {
  if (!isObject(document)) {
    throw new SnapshotError("the snapshot must be an object");
  }
  const version = own(document, "schemaVersion");
  if (version !== undefined && version !== SCHEMA_VERSION) {
    throw new SnapshotError(`the snapshot's schemaVersion must be ${SCHEMA_VERSION}`);
  }
  return {
    epoch: readInteger(document, "epoch"),
    revision: readInteger(document, "revision"),
    project: readName(document, "project"),
    environment: readName(document, "environment"),
  };
}

/** The raw documents of a snapshot or a patch; absent maps are empty. */
export function readRaw(document: object): RawDocuments {
  return {
    flags: readMap(document, "flags"),
    segments: readMap(document, "segments"),
    layers: readMap(document, "layers"),
  };
}

/** Reads an integral number. */
export function readInteger(document: object, name: string): number {
  const value = own(document, name);
  const found = value === undefined ? 0 : typeof value === "number" ? exact(value) : undefined;
  if (found === undefined) {
    throw new SnapshotError(`the snapshot's member ${name} must be an integral number`);
  }
  return found;
}

function readName(document: object, name: string): string {
  const value = own(document, name);
  if (value !== undefined && typeof value !== "string") {
    throw new SnapshotError(`the snapshot's member ${name} must be a string`);
  }
  return value ?? "default";
}

function readMap(document: object, name: string): object {
  const value = own(document, name);
  if (value !== undefined && !isObject(value)) {
    throw new SnapshotError(`the snapshot's member ${name} must be an object`);
  }
  return value ?? {};
}
