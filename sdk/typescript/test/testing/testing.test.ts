/** What tests of other people's code can say and see. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flags } from "../../src/server/index.js";
import { createTestClient, overrideFlags } from "../../src/testing/index.js";

describe("a test client", () => {
  it("serves what it is told, and defaults for the rest", async () => {
    const client = createTestClient({ flag: true, off: false, limit: 3, name: "grün", tree: { a: [1] } });
    assert.equal(await client.ready(), true);
    assert.deepEqual(
      [client.isEnabled("flag"), client.isEnabled("off", null, true), client.isEnabled("gone", null, true)],
      [true, false, true],
    );
    assert.deepEqual(
      [client.value("limit", 0), client.value("name", ""), client.value("tree", {})],
      [3, "grün", { a: [1] }],
    );
    assert.deepEqual([client.variant("flag"), client.details("gone", 1).errorCode], ["on", "FLAG_NOT_FOUND"]);
    assert.deepEqual([client.status().state, client.bootstrap().flags["flag"]?.value], ["ready", true]);
  });

  it("changes its mind when it is told, and tells who waits", () => {
    const client = createTestClient({ flag: true });
    const told: boolean[] = [];
    client.onChange("flag", () => told.push(client.isEnabled("flag", null, true)));
    client.set("flag", false);
    client.set("other", 1);
    client.unset("flag");
    assert.deepEqual(told, [false, true]);
    assert.equal(client.value("other", 0), 1);
  });

  it("keeps what was measured", () => {
    const client = createTestClient();
    client.track("a", { userId: "u" });
    client.withContext({ userId: "v" }, () => {
      client.track("b", 2);
    });
    assert.deepEqual(
      client.tracked.map(({ metric, value, context }) => [metric, value, context.targetingKey]),
      [
        ["a", 1, "u"],
        ["b", 2, "v"],
      ],
    );
  });

  it("refuses what no flag can serve, and goes on with what it had", () => {
    for (const value of [null, undefined, NaN, [1], () => 1, Symbol("x")]) {
      assert.throws(() => createTestClient({ flag: value as unknown as boolean }), /flag|cloned/i);
    }
    const client = createTestClient({ flag: true });
    assert.throws(() => {
      client.set("no key!", true);
    }, TypeError);
    client.set("other", true);
    assert.deepEqual([client.isEnabled("flag"), client.isEnabled("other")], [true, true]);
  });

  it("is not changed by who holds the value that it was given", () => {
    const tree = { a: [1] };
    const client = createTestClient({ tree });
    tree.a.push(2);
    assert.deepEqual(client.value("tree", {}), { a: [1] });
  });

  it("closes like another one", async () => {
    const client = createTestClient({ flag: true });
    await client.close();
    assert.deepEqual([client.status().state, client.isEnabled("flag")], ["closed", true]);
  });
});

describe("overrides of the process's own client", () => {
  it("hold until they are restored, and nest", () => {
    const outer = overrideFlags({ flag: true });
    const inner = overrideFlags({ flag: false });
    assert.equal(flags.isEnabled("flag"), false);
    inner.restore();
    assert.equal(flags.isEnabled("flag"), true);
    outer.set("flag", false);
    outer.unset("other");
    flags.track("m", { userId: "u" });
    assert.deepEqual([flags.isEnabled("flag"), outer.tracked.length], [false, 1]);
    outer.restore();
  });

  it("say so when they are restored in the wrong order", () => {
    const outer = overrideFlags();
    const inner = overrideFlags();
    assert.throws(() => {
      outer.restore();
    }, /in the order opposite/);
    inner.restore();
    outer.restore();
  });
});
