/**
 * Holds the result of an evaluation against what a vector, or another engine, expects of it.
 */
import { isDeepStrictEqual } from "node:util";
import type { Evaluation } from "../../../src/engine/index.js";

const MEMBERS = new Set([
  ...["reason", "variant", "value", "valueText", "errorCode", "ruleId", "cause", "prerequisite", "track"],
  ...["version", "metadata", "refused"],
]);

/** What differs, in words; empty when nothing does. */
export function differences(found: Evaluation, expected: Readonly<Record<string, unknown>>): string[] {
  const wrong: string[] = [];
  const equal = (what: string, is: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(plain(is), plain(wanted))) {
      wrong.push(`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
    }
  };
  for (const name of Object.keys(expected)) {
    if (!MEMBERS.has(name)) {
      wrong.push(`the runner does not know the member ${name}`);
    }
  }
  for (const name of ["reason", "variant", "value", "errorCode", "ruleId", "cause", "prerequisite", "track"] as const) {
    equal(name, found[name], expected[name]);
  }
  if (expected["version"] !== undefined) {
    equal("version", found.version, expected["version"]);
  }
  if (expected["metadata"] !== undefined) {
    equal("metadata", found.metadata, expected["metadata"]);
  }
  if (found.reason === "ERROR") {
    equal("version of an error", found.version, undefined);
    equal("metadata of an error", found.metadata, {});
    equal("whether there is a message", typeof found.errorMessage, "string");
  } else {
    equal("message", found.errorMessage, undefined);
  }
  return wrong;
}

/** A value as JSON has it: no -0, and no order of members or prototype that could differ. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
