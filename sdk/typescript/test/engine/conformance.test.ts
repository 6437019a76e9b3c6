/** Every vector of `sdk/conformance` against the engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runAll } from "./vectors/all.js";

/** How many vectors there are for an SDK's engine; more may come, and none may be lost unseen. */
const AT_LEAST = 6_000;

test("every vector holds", () => {
  const { files, count, failures } = runAll();
  assert.deepEqual(failures, []);
  assert.ok(files >= 38, `${files} files`);
  assert.ok(count >= AT_LEAST, `${count} cases`);
});
