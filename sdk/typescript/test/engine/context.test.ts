/** Contexts: whatever JavaScript can pass is read as plain data, and nothing throws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AT, decide, environment, flag, holds, when } from "./environment.js";

const exists = (attribute: string): object => ({ attribute, op: "exists" });
const targeted = when("f", { attribute: "targetingKey", op: "in", values: ["u", 7] });

test("what no JSON can hold counts as absent", () => {
  for (const value of [undefined, null, NaN, Infinity, -Infinity, 1n, Symbol("s"), () => 1, "a\ud800b", "\udc00"]) {
    assert.equal(holds(exists("a"), { a: value }), false, String(value));
    assert.equal(holds({ not: exists("/o/a") }, { o: { a: value } }), true, String(value));
    assert.equal(holds({ attribute: "a", op: "in", values: ["x", 1, true] }, { a: [value, "x"] }), true);
  }
  for (const value of ["", 0, false, [], {}, "é", "😀", new Date(0)]) {
    assert.equal(holds(exists("a"), { a: value }), true);
  }
});

test("a name never resolves through a prototype", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
    assert.equal(holds(exists(name), {}), false, name);
    assert.equal(holds(exists(`/o/${name}`), { o: {} }), false, name);
    assert.equal(holds(exists(`/o/${name}`), { o: [] }), false, name);
    assert.equal(holds({ attribute: name, op: "in", values: ["x"] }, JSON.parse(`{"${name}":"x"}`)), true, name);
    assert.equal(holds(exists(`/${name}/name`), {}), false, name);
    assert.equal(environment([flag("f")]).evaluate(name, {}, undefined, AT).errorCode, "FLAG_NOT_FOUND", name);
  }
  const inherited = Object.create({ targetingKey: "u", plan: "pro" }) as object;
  assert.equal(decide(targeted, inherited).value, false);
  assert.equal(holds(exists("plan"), inherited), false);
});

test("a polluted prototype changes nothing", () => {
  const polluted = Object.prototype as Record<string, unknown>;
  try {
    polluted["targetingKey"] = "u";
    polluted["plan"] = "pro";
    polluted["rules"] = [{ id: "evil", serve: { variant: "on" } }];
    assert.equal(decide(targeted, {}).value, false);
    assert.equal(decide(targeted, { targetingKey: "u" }).value, true);
    assert.equal(decide(flag("f"), {}).reason, "STATIC");
    assert.equal(holds(exists("plan"), {}), false);
    assert.equal(holds(exists("plan"), { plan: "x" }), true);
  } finally {
    delete polluted["targetingKey"];
    delete polluted["plan"];
    delete polluted["rules"];
  }
});

test("a context without a prototype, and an instance's own members, are read as any other", () => {
  class User {
    targetingKey = "u";
  }
  assert.equal(decide(targeted, Object.assign(Object.create(null) as object, { targetingKey: "u" })).value, true);
  assert.equal(decide(targeted, new User()).value, true);
});

test("an absent context is the empty one, and what is no object is invalid", () => {
  for (const context of [undefined, null, {}]) {
    assert.equal(decide(flag("f"), context).reason, "STATIC");
  }
  for (const context of [[], "u", 7, true, Symbol("s"), () => 1, 1n]) {
    assert.equal(decide(flag("f"), context).errorCode, "INVALID_CONTEXT");
  }
});

test("a targeting key of a wrong type is invalid, one that counts as absent is not", () => {
  for (const targetingKey of [1.5, true, false, {}, [], ["u"]]) {
    assert.equal(decide(flag("f"), { targetingKey }).errorCode, "INVALID_CONTEXT", JSON.stringify(targetingKey));
    assert.equal(environment([]).evaluate("gone", { targetingKey }, undefined, AT).errorCode, "INVALID_CONTEXT");
  }
  for (const targetingKey of [undefined, null, NaN, Infinity, 1n, "\ud800", "", "u", 7, 1e300, -0]) {
    assert.equal(decide(flag("f"), { targetingKey }).errorCode, undefined);
  }
});

test("a unit is the same as text and as an integral number, and -0 is 0", () => {
  const lists = (values: unknown[]): object => flag("f", { targets: [{ values, variant: "on" }] });
  const listed = (values: unknown[], targetingKey: unknown): unknown =>
    decide({ ...lists(values), key: "f" }, { targetingKey }).value;
  assert.equal(listed([4711], "4711"), true);
  assert.equal(listed(["4711"], 4711), true);
  assert.equal(listed(["0"], -0), true);
  assert.equal(listed([-0], "0"), true);
  assert.equal(listed(["9007199254740992"], 2 ** 53), false);
  assert.equal(listed(["-5"], -5), true);
});

test("a getter that throws is a general error, and so is a proxy that does", () => {
  const angry = {
    get plan(): string {
      throw new Error("no");
    },
  };
  const asksPlan = when("f", exists("plan"));
  const found = decide(asksPlan, angry);
  assert.deepEqual([found.errorCode, found.reason, found.value], ["GENERAL", "ERROR", undefined]);
  const proxy = new Proxy({}, { getOwnPropertyDescriptor: () => assert.fail("no") });
  assert.equal(decide(asksPlan, proxy).errorCode, "GENERAL");
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(decide(flag("f"), revoked).errorCode, "GENERAL");
});

test("no context makes an evaluation throw", () => {
  const leaves = ["in", "starts_with", "matches", "lt", "before", "semver_gt", "cidr"].map((op) => {
    const literal: Record<string, string> = {
      lt: "1",
      before: "2026-01-01T00:00:00Z",
      semver_gt: "1.0.0",
      cidr: "::/0",
    };
    return { attribute: "/a/b", op, values: [literal[op] ?? "x"] };
  });
  const all = environment([
    when("f", {
      any: [...leaves, ...leaves.map((leaf) => ({ ...leaf, attribute: "a" })), { percentage: 50, by: ["a"] }],
    }),
  ]);
  const value = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  fc.assert(
    fc.property(fc.oneof(value, fc.record({ a: value, targetingKey: value })), (context) => {
      all.evaluate("f", context as never, undefined, AT);
    }),
    { numRuns: 3_000 },
  );
});
