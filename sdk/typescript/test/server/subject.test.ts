/** Whom a flag is evaluated for: what the caller says, over what is around the call. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Ambient, keyed, type Context } from "../../src/server/subject.js";

describe("a context", () => {
  it("has the user for its targeting key, a number as its text, and keeps the user as it is", () => {
    assert.deepEqual(keyed({ userId: "u", plan: "pro" }), { targetingKey: "u", userId: "u", plan: "pro" });
    assert.deepEqual(keyed({ userId: 4711 }), { targetingKey: "4711", userId: 4711 });
  });

  it("keeps its own targeting key, unless that is absent", () => {
    assert.deepEqual(keyed({ userId: "u", targetingKey: "k" }), { userId: "u", targetingKey: "k" });
    for (const targetingKey of [null, undefined]) assert.equal(keyed({ targetingKey, userId: "u" }).targetingKey, "u");
  });

  it("is nobody's when it is absent, and has no key when the user is", () => {
    for (const nobody of [undefined, null]) assert.deepEqual(keyed(nobody), {});
    for (const userId of [undefined, null]) assert.ok(!("targetingKey" in keyed({ userId })));
  });

  it("is not changed, and what is no object is left to the evaluation", () => {
    const given = Object.freeze({ userId: "u" });
    keyed(given);
    const list = Object.assign([], { userId: "u" }) as unknown as Context;
    assert.equal(keyed(list), list);
    assert.equal(keyed("u" as unknown as Context), "u");
  });
});

describe("what is around a call", () => {
  it("is below what the call says, attribute by attribute", () => {
    const ambient = new Ambient();
    ambient.run({ userId: "u", plan: "pro" }, () => {
      assert.deepEqual(ambient.subject(undefined), { targetingKey: "u", userId: "u", plan: "pro" });
      assert.deepEqual(ambient.subject({ plan: "team" }), { targetingKey: "u", userId: "u", plan: "team" });
      assert.equal(ambient.subject({ userId: "v" }).targetingKey, "v");
    });
    assert.deepEqual(ambient.subject(undefined), {});
  });

  it("nests, and ends with the function", () => {
    const ambient = new Ambient();
    const result = ambient.run({ userId: "u" }, () => {
      ambient.run({ plan: "pro" }, () => {
        assert.deepEqual(ambient.subject(null), { targetingKey: "u", userId: "u", plan: "pro" });
      });
      return ambient.subject(null);
    });
    assert.deepEqual(result, { targetingKey: "u", userId: "u" });
  });

  it("follows what is asynchronous, and keeps what runs at the same time apart", async () => {
    const ambient = new Ambient();
    const seen = async (userId: string) =>
      ambient.run({ userId }, async () => {
        await turn();
        return ambient.subject(undefined).targetingKey;
      });
    assert.deepEqual(await Promise.all(["a", "b", "c"].map(seen)), ["a", "b", "c"]);
  });
});
