/**
 * Free JSON in a document: the values of object variants, and metadata. It is handed out, so it is a frozen copy.
 */
import { isObject, own } from "../context.js";
import type { JsonObject, JsonValue } from "../evaluation.js";
import { JSON_DEPTH } from "../limits.js";
import { Malformed, below, number, string, wrongType } from "../read.js";

/** Reads a value of which every number is finite and every string valid Unicode; gives a frozen copy. */
export function readPlain(value: unknown, at: string): JsonValue {
  switch (typeof value) {
    case "string":
      return string(value, at);
    case "number":
      return number(value, at);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : Array.isArray(value) ? readPlainList(value, at) : readPlainObject(value, at);
    default:
      throw wrongType(value, "JSON", at);
  }
}

function readPlainList(items: readonly unknown[], at: string): JsonValue {
  return Object.freeze(Array.from(items, (item, index) => readPlain(item, below(at, index))));
}

/** Reads an object as `readPlain` does. */
export function readPlainObject(value: unknown, at: string): JsonObject {
  if (!isObject(value)) {
    throw wrongType(value, "an object", at);
  }
  const members: [string, JsonValue][] = [];
  for (const name of Object.keys(value)) {
    const member = own(value, name);
    if (member === undefined) {
      continue;
    }
    if (!name.isWellFormed()) {
      throw new Malformed(at, "the name of a member holds a lone surrogate");
    }
    members.push([name, readPlain(member, below(at, name))]);
  }
  // Made of entries, so that a member called __proto__ is a member.
  return Object.freeze(Object.fromEntries(members));
}

/** The bytes of a value as compact UTF-8 JSON. */
export function compactLength(value: JsonValue): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Whether lists and objects are nested deeper than a document may be. */
export function isTooDeep(value: unknown, depth = JSON_DEPTH): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  if (depth === 0) {
    return true;
  }
  for (const inner of Object.values(value) as unknown[]) {
    if (typeof inner === "object" && isTooDeep(inner, depth - 1)) {
      return true;
    }
  }
  return false;
}
