/**
 * Reads what documents share: the units of a target or a segment, and a `by` that takes no `$random`.
 */
import { type Members, each, values } from "../read.js";
import { type By, DEFAULT_BY, readBy } from "../reference.js";
import { readUnit } from "../unit.js";

/** Reads a list of units. */
export function readUnits(value: unknown): ReadonlySet<string> {
  return new Set(each(values(value), readUnit));
}

/** Reads the `by` of a list, an override or a track. */
export function readListBy(members: Members): By {
  return members.read("by", (value) => readBy(value, "list")) ?? DEFAULT_BY;
}
