/**
 * The unit that a `by` yields, for whoever counts exposures.
 */
import { type At, type Context, isObject } from "./context.js";
import { readBy } from "./reference.js";

/**
 * The first unit that the attributes of a `by` yield, as text; undefined when none does.
 *
 * @param by attribute references, such as `track.by` of an evaluation
 * @throws when a reference is malformed, which one of an evaluation never is
 */
export function unitOf(by: readonly string[], context: Context | undefined | null, at: At): string | undefined {
  return isObject(context) ? readBy(by, "draw").unit(context, at) : undefined;
}
