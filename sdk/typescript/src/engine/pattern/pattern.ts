/**
 * A regular expression of the one dialect that every language evaluates alike. The dialect is checked and translated
 * by our own small grammar, then run by RE2JS, in linear time. Must not hand a pattern through unchecked.
 */
import { RE2JS } from "re2js";
import { PATTERN_LENGTH } from "../limits.js";
import { Malformed } from "../read.js";
import { Refused } from "./cursor.js";
import { translate } from "./grammar.js";

/** A compiled pattern. */
export interface Pattern {
  /** Whether the pattern is found anywhere in a well-formed text. */
  test(text: string): boolean;
}

/** Checks and compiles a pattern; `ignoreCase` is as if it began with `(?i)`. */
export function compilePattern(text: string, ignoreCase: boolean): Pattern {
  const points = Array.from(text);
  if (points.length > PATTERN_LENGTH) {
    throw new Malformed(`the pattern has ${points.length} characters; at most ${PATTERN_LENGTH} are allowed`);
  }
  try {
    return RE2JS.compile(translate(points, ignoreCase));
  } catch (error) {
    if (error instanceof Refused) {
      throw new Malformed(`${error.message} (at character ${error.at} of the pattern)`);
    }
    throw new Malformed("the pattern cannot be compiled");
  }
}
