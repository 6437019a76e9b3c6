/**
 * Lower case, each code point on its own by Unicode's full mapping. Must not normalise, and must not know the rule of
 * the final sigma, which the language's own `toLowerCase` applies.
 */
const SIGMA = "\u03a3";
const SMALL_SIGMA = "\u03c3";

/** The lower case of a text, code point by code point. */
export function fold(text: string): string {
  return (text.includes(SIGMA) ? text.replaceAll(SIGMA, SMALL_SIGMA) : text).toLowerCase();
}
