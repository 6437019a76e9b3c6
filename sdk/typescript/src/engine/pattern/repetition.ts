/**
 * Repetitions: `*`, `+`, `?` and counts, each optionally lazy, never stacked. Must not let counts multiply beyond the
 * limit: the compiled pattern grows with their product.
 */
import { PATTERN_REPETITION } from "../limits.js";
import type { Cursor } from "./cursor.js";

/** A repetition of an atom, if there is one, and the new product of counts. */
export function readRepetition(cursor: Cursor, inner: number): { text: string; product: number } {
  const letter = cursor.peek();
  if (letter === undefined || !"*+?{".includes(letter)) {
    return { text: "", product: inner };
  }
  cursor.next();
  const { text, most } = letter === "{" ? readCounts(cursor) : { text: letter, most: 1 };
  const product = inner * Math.max(most, 1);
  if (product > PATTERN_REPETITION) {
    throw cursor.refuse(`nested repetition counts may multiply to at most ${PATTERN_REPETITION}`);
  }
  const lazy = cursor.take("?") ? "?" : "";
  const after = cursor.peek();
  if (after !== undefined && "*+?{".includes(after)) {
    throw cursor.refuse("a repetition may not be repeated; put it in a group");
  }
  return { text: text + lazy, product };
}

/** `n}`, `n,}` or `n,m}`, and the larger count. */
function readCounts(cursor: Cursor): { text: string; most: number } {
  const least = readCount(cursor);
  const comma = cursor.take(",");
  const most = comma && cursor.peek() !== "}" ? readCount(cursor) : undefined;
  if (!cursor.take("}")) {
    throw cursor.refuse("a repetition is written {n}, {n,} or {n,m}; a literal { must be escaped");
  }
  if (most !== undefined && most < least) {
    throw cursor.refuse("the first count of a repetition may not exceed the second");
  }
  const text = comma ? `{${least},${most ?? ""}}` : `{${least}}`;
  return { text, most: most ?? least };
}

function readCount(cursor: Cursor): number {
  const digits = cursor.takeWhile(/^[0-9]$/);
  if (!/^(?:0|[1-9][0-9]{0,3})$/.test(digits) || Number(digits) > PATTERN_REPETITION) {
    throw cursor.refuse(`a count is a number from 0 to ${PATTERN_REPETITION} without leading zeros`);
  }
  return Number(digits);
}
