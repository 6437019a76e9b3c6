/**
 * What holds for every kind of document.
 */
import { Malformed, isKey } from "../read.js";
import { isTooDeep } from "./plain.js";

/** Checks a document's key against the grammar, and how deep the document is nested. */
export function checkDocument(key: string, raw: unknown): void {
  if (!isKey(key)) {
    throw new Malformed("a key is 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or digit");
  }
  if (typeof raw === "object" && raw !== null && isTooDeep(raw)) {
    throw new Malformed("lists and objects are nested too deeply");
  }
}

/** What was thrown while a document was read, as what is wrong with it: a document that cannot be read breaks alone. */
export function faultOf(error: unknown): Malformed {
  return error instanceof Malformed ? error : new Malformed("the document cannot be read");
}
