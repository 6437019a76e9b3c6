/**
 * What a rule or the fallthrough serves: one variant, or a split of several.
 */
import type { Draw } from "../condition/condition.js";
import type { Draft, Linkable } from "../condition/draft.js";
import { readDraw } from "../condition/read.js";
import type { FlagValue } from "../evaluation.js";
import { SLOTS_PER_SPLIT, WHOLE } from "../limits.js";
import { Malformed, type Members, type Shape, count, each, members, within } from "../read.js";
import { readVariantName } from "./variants.js";

const SHAPE: Shape = { noun: "what is served", only: ["variant", "split", "by", "layer"] };
const SLOT: Shape = { noun: "a slot of a split", only: ["variant", "weight"] };

/** A variant, and the bucket at which its share ends. */
export interface Share {
  readonly variant: string;
  readonly end: number;
}

/** What is served: the one variant, or shares of the bucket range in order. */
export type Serve = string | Split;

/** Shares of the bucket range, in order. */
export interface Split {
  readonly shares: readonly Share[];
  readonly draw: Linkable<Draw>;
}

/** Reads what is served. */
export function readServe(value: unknown, variants: ReadonlyMap<string, FlagValue>, draft: Draft): Serve {
  const found = members(value, SHAPE);
  if (found.has("split")) {
    if (found.has("variant")) {
      throw new Malformed("either one variant is served or a split, not both");
    }
    return readSplit(found, variants, draft);
  }
  for (const name of ["by", "layer"]) {
    if (found.has(name)) {
      throw new Malformed("only a split has a by or a layer").under(name);
    }
  }
  return found.need("variant", (name) => readVariantName(name, variants));
}

function readSplit(found: Members, variants: ReadonlyMap<string, FlagValue>, draft: Draft): Split {
  let end = 0;
  const shares = found.need("split", (value) =>
    each(within(value, SLOTS_PER_SPLIT), (slot): Share => {
      const parts = members(slot, SLOT);
      end += parts.need("weight", count);
      return { variant: parts.need("variant", (name) => readVariantName(name, variants)), end };
    }),
  );
  if (end !== WHOLE) {
    throw new Malformed(`the weights sum to ${end}; they must sum to ${WHOLE}`).under("split");
  }
  return { shares, draw: readDraw(found, draft) };
}
