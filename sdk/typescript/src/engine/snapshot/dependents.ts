/**
 * What a change reaches: documents that name what changed, and what differs between two sets of documents.
 */
import { isObject, own } from "../context.js";
import type { Documents, Name } from "./documents.js";

/** The names of what changed and of all that depend on it, through flags and segments. */
export function withDependents(documents: Documents, changed: ReadonlySet<Name>): ReadonlySet<Name> {
  const dependents = dependentsOf(documents);
  const found = new Set(changed);
  // What is added while the set is walked is walked too.
  for (const name of found) {
    for (const dependent of dependents.get(name) ?? []) {
      found.add(dependent);
    }
  }
  return found;
}

/** Who names a document, by its name. */
function dependentsOf(documents: Documents): ReadonlyMap<Name, readonly Name[]> {
  const found = new Map<Name, Name[]>();
  for (const document of [...documents.flags.values(), ...documents.segments.values()]) {
    for (const { kind, key } of document.mentions) {
      const name: Name = `${kind}:${key}`;
      const names = found.get(name);
      if (names === undefined) {
        found.set(name, [`${document.kind}:${document.key}`]);
      } else {
        names.push(`${document.kind}:${document.key}`);
      }
    }
  }
  return found;
}

/** The names of the documents that two sets do not share. */
export function differences(before: Documents, after: Documents): ReadonlySet<Name> {
  const found = new Set<Name>();
  const compare = (kind: keyof Documents, prefix: "flag" | "segment" | "layer"): void => {
    const [old, now] = [before[kind], after[kind]];
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      if (!isSame(old.get(key)?.raw, now.get(key)?.raw)) {
        found.add(`${prefix}:${key}`);
      }
    }
  };
  compare("flags", "flag");
  compare("segments", "segment");
  compare("layers", "layer");
  return found;
}

/** Whether two JSON values are equal; the order of an object's members means nothing. */
function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) {
    return true;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) {
    return false;
  }
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(own(left, name), own(right, name)))
  );
}
