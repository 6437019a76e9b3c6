/**
 * The epoch milliseconds from which answers may change by themselves: the dates that `$now` is compared with.
 */
import type { Documents } from "./documents.js";

/** Those of every document: sorted, each once. */
export function allBorders(documents: Documents): readonly number[] {
  const found = new Set<number>();
  for (const { borders } of [...documents.flags.values(), ...documents.segments.values()]) {
    for (const border of borders) {
      found.add(border);
    }
  }
  return sorted(found);
}

/** Those of one flag and of all that it depends on. */
export function bordersOf(documents: Documents, key: string): readonly number[] {
  const found = new Set<number>();
  const reached = new Set([documents.flags.get(key)].filter((flag) => flag !== undefined));
  // What is added while the set is walked is walked too.
  const all = reached as Set<{
    readonly borders: readonly number[];
    readonly mentions: readonly { readonly kind: string; readonly key: string }[];
  }>;
  for (const document of all) {
    for (const border of document.borders) {
      found.add(border);
    }
    for (const mention of document.mentions) {
      const next = mention.kind === "flag" ? documents.flags.get(mention.key) : documents.segments.get(mention.key);
      if (next !== undefined && mention.kind !== "layer") {
        all.add(next);
      }
    }
  }
  return sorted(found);
}

function sorted(numbers: ReadonlySet<number>): readonly number[] {
  return [...numbers].sort((left, right) => left - right);
}
