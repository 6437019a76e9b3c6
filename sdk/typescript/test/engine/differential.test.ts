/** The runner of differential tests, on vectors in its form. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runLines } from "./vectors/differential.js";

interface Vectors {
  readonly snapshot: unknown;
  readonly cases: readonly Readonly<Record<string, unknown>>[];
}

/** A file of vectors as one line. */
function lineOf(name: string, change: (expect: object) => object = (expect) => expect): string {
  const text = readFileSync(join(process.cwd(), "..", "conformance", `${name}.json`), "utf8");
  const { snapshot, cases } = JSON.parse(text) as Vectors;
  const plain = cases.filter((one) => !("contextText" in one) && !("inject" in one) && !("mode" in one));
  const pairs = plain.map(({ name: _, expect, ...one }) => ({ ...one, expect: change(expect as object) }));
  return JSON.stringify({ snapshot, cases: pairs });
}

test("evaluations that agree are counted and told as agreeing", async () => {
  const outcome = await runLines([lineOf("generated-flags"), "", lineOf("tracks")]);
  assert.ok(outcome.pairs > 100);
  assert.deepEqual([outcome.differing, outcome.first], [0, []]);
});

test("each evaluation that differs is counted, and the first are told", async () => {
  const { pairs, differing, first } = await runLines([lineOf("reasons", (expect) => ({ ...expect, reason: "NONE" }))]);
  assert.equal(differing, pairs);
  assert.equal(first.length, 5);
  assert.match(first[0] ?? "", /reason is/);
});

test("a member of a case or of its expectation that is not known is a difference", async () => {
  const line = (one: object): string => JSON.stringify({ snapshot: {}, cases: [one] });
  const expect = { reason: "ERROR", errorCode: "FLAG_NOT_FOUND" };
  assert.equal((await runLines([line({ flag: "a", expect })])).differing, 0);
  assert.equal((await runLines([line({ flag: "a", new: 1, expect })])).differing, 1);
  assert.equal((await runLines([line({ flag: "a", expect: { ...expect, new: 1 } })])).differing, 1);
  assert.equal((await runLines([line({ flag: "a", expect: { ...expect, errorCode: "GENERAL" } })])).differing, 1);
});
