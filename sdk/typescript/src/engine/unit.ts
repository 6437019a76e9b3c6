/**
 * The unit: the text by which a subject is listed and bucketed. Must not choose the attribute; `by` does.
 */
import { Malformed, exact, filled } from "./read.js";

/** The unit that a value of a context yields: a string that is not empty, or an integral number below 2^53. */
export function unitOfValue(value: unknown): string | undefined {
  if (typeof value === "string") {
    return value !== "" && value.isWellFormed() ? value : undefined;
  }
  // Zero first: the text of -0 must be that of 0, and it is.
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Reads a unit of a list in a document. */
export function readUnit(value: unknown): string {
  if (typeof value !== "number") {
    return filled(value);
  }
  if (exact(value) === undefined) {
    throw new Malformed("a unit that is a number is integral and below 2^53");
  }
  return String(value);
}
