/**
 * Free JSON in a document: the values of object variants, and metadata. It is handed out, so it is a frozen copy.
 */
import { isObject, own } from "../context.js";
import type { JsonObject, JsonValue } from "../evaluation.js";
import { JSON_DEPTH } from "../limits.js";
import { Malformed, at, each, number, string, wrongType } from "../read.js";

/** Reads a value of which every number is finite and every string valid Unicode; gives a frozen copy. */
export function readPlain(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
      return string(value);
    case "number":
      return number(value);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : Array.isArray(value) ? readPlainList(value) : readPlainObject(value);
    default:
      throw wrongType(value, "JSON");
  }
}

function readPlainList(items: readonly unknown[]): JsonValue {
  return Object.freeze(each(items, readPlain));
}

/** Reads an object as `readPlain` does. */
export function readPlainObject(value: unknown): JsonObject {
  if (!isObject(value)) {
    throw wrongType(value, "an object");
  }
  const members: [string, JsonValue][] = [];
  for (const name of Object.keys(value)) {
    const member = own(value, name);
    if (member === undefined) {
      continue;
    }
    if (!name.isWellFormed()) {
      throw new Malformed("the name of a member holds a lone surrogate");
    }
    members.push([name, at(name, member, readPlain)]);
  }
  // Made of entries, so that a member called __proto__ is a member.
  return Object.freeze(Object.fromEntries(members));
}

/** The bytes of a value as compact UTF-8 JSON. */
export function compactLength(value: JsonValue): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Whether lists and objects are nested deeper than a document may be. */
export function isTooDeep(value: object, depth = JSON_DEPTH): boolean {
  if (depth === 0) {
    return true;
  }
  for (const inner of Array.isArray(value) ? (value as unknown[]) : (Object.values(value) as unknown[])) {
    if (typeof inner === "object" && inner !== null && isTooDeep(inner, depth - 1)) {
      return true;
    }
  }
  return false;
}
