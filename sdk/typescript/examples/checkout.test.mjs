// Tests of code that asks for flags: `node --test examples/checkout.test.mjs`.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { flags } from "@pennon/sdk";
import { createTestClient, overrideFlags } from "@pennon/sdk/testing";

// Code that is given its client: give it another one.
const checkout = (client) => (client.isEnabled("new_checkout_flow") ? "new" : "legacy");

test("the new flow is served when the flag is on", () => {
  const client = createTestClient({ new_checkout_flow: true });
  assert.equal(checkout(client), "new");
  client.set("new_checkout_flow", false);
  assert.equal(checkout(client), "legacy");
});

// Code that imports `flags`: say what they serve, until they are restored.
let overrides;
afterEach(() => overrides?.restore());

test("a purchase is measured", () => {
  overrides = overrideFlags({ new_checkout_flow: true });
  if (flags.isEnabled("new_checkout_flow")) flags.track("purchase", 9.5, { userId: "user-1" });
  assert.deepEqual(
    overrides.tracked.map(({ metric, value }) => [metric, value]),
    [["purchase", 9.5]],
  );
});
