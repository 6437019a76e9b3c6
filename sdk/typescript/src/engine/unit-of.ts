/**
 * The unit that a `by` yields, for whoever counts exposures.
 */
import { type At, type Context, isObject } from "./context.js";
import { type By, readBy } from "./reference.js";

/** Parsed once for each list: those of evaluations are made once and shared. */
const parsed = new WeakMap<readonly string[], By>();

/**
 * The first unit that the attributes of a `by` yield, as text; undefined when none does, or the context cannot be read.
 *
 * @param by attribute references: the `track.by` of an evaluation
 */
export function unitOf(by: readonly string[], context: Context | undefined | null, at: At): string | undefined {
  try {
    let found = parsed.get(by);
    if (found === undefined) {
      found = readBy(by, "draw");
      parsed.set(by, found);
    }
    return isObject(context) ? found.unit(context, at) : undefined;
  } catch {
    return undefined;
  }
}
