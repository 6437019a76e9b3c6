/**
 * Numbers as the numeric operators see them. Must not take what the language's own parser also takes: hexadecimal,
 * `Infinity`, `+1`, spaces.
 */
const DECIMAL = /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** Parses a string that is entirely a decimal number with a finite value. */
export function parseNumber(text: string): number | undefined {
  if (!DECIMAL.test(text)) {
    return undefined;
  }
  const found = Number(text);
  return Number.isFinite(found) ? found + 0 : undefined;
}

/** The number of a value: a finite number, or a string that is entirely a decimal number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : undefined;
  }
  return typeof value === "string" ? parseNumber(value) : undefined;
}
