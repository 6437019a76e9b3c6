/** Results: shared, frozen, and asking the clock and the dice no more than needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type At, Snapshot, failed, unitOf } from "../../src/engine/index.js";
import { AT, decide, documentOf, environment, flag, when } from "./environment.js";

/** An `At` that counts how often it is asked. */
function counting(): { at: At; asked: { now: number; random: number } } {
  const asked = { now: 0, random: 0 };
  const at = { nowMs: () => 1_000 * ++asked.now, random: () => ++asked.random, instance: undefined };
  return { at, asked };
}

test("a flag that names neither the time nor chance asks for neither", () => {
  const { at, asked } = counting();
  const condition = { all: [{ attribute: "plan", op: "in", values: ["pro"] }, { percentage: 50 }] };
  decide(when("f", condition), { targetingKey: "u", plan: "pro" }, "boolean", at);
  assert.deepEqual(asked, { now: 0, random: 0 });
});

test("one evaluation sees one time and one random unit, through flags, segments and layers", () => {
  const never = { attribute: "$now", op: "after", values: [9e12] };
  const twice = (condition: object): object => ({ any: [condition, condition] });
  const snapshot = environment(
    [
      when("time", twice(never)),
      when("dice", twice({ percentage: 0, by: ["$random"] })),
      when("through-flag", twice({ flag: "time", variants: ["on"] })),
      when("through-segment", twice({ segment: "s" })),
      when("through-both", twice({ flag: "through-segment", variants: ["on"] })),
      when("through-layer", twice({ percentage: 0, layer: "l" })),
      flag("split", {
        rules: [{ id: "r", when: { percentage: 0, by: ["$random"] }, serve: { variant: "on" } }],
        fallthrough: { split: [{ variant: "off", weight: 100_000 }], by: ["$random"] },
      }),
    ],
    { segments: { s: { when: never } }, layers: { l: { by: ["$random"] } } },
  );
  assert.deepEqual(snapshot.broken(), []);
  for (const key of snapshot.flagKeys()) {
    const { at, asked } = counting();
    assert.equal(snapshot.evaluate(key, {}, undefined, at).value, false);
    assert.equal(asked.now + asked.random, 1, `${key} asked ${JSON.stringify(asked)}`);
  }
});

test("the same decision is the same frozen object", () => {
  const snapshot = environment([
    flag("f", {
      type: "object",
      variants: { on: { deep: { list: [1, { x: 1 }] } }, off: {} },
      metadata: { team: { name: "core" } },
      fallthrough: { variant: "on" },
    }),
  ]);
  const found = snapshot.evaluate("f", {}, "object", AT);
  assert.equal(snapshot.evaluate("f", { targetingKey: "u" }, undefined, AT), found);
  const frozen = (value: unknown): boolean =>
    typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(found));
  assert.deepEqual(found.value, { deep: { list: [1, { x: 1 }] } });
  assert.ok(frozen(snapshot.evaluate("gone", {}, undefined, AT)));
  assert.ok(frozen(failed("f", "GENERAL")));
});

test("the document that a snapshot is made of is neither frozen nor shared with results", () => {
  const value = { list: [1] };
  const raw = flag("f", {
    type: "object",
    variants: { on: value },
    fallthrough: { variant: "on" },
    metadata: { a: [1] },
  });
  const snapshot = Snapshot.fromDocument(documentOf([raw]));
  assert.equal(Object.isFrozen(value) || Object.isFrozen(value.list) || Object.isFrozen(raw["metadata"]), false);
  value.list.push(2);
  assert.deepEqual(snapshot.evaluate("f", {}, undefined, AT).value, { list: [1] });
});

test("members called __proto__ stay members of an object value", () => {
  const text = `{"flags":{"f":{"key":"f","type":"object","enabled":true,"variants":{"on":{"__proto__":{"x":1}}},
    "fallthrough":{"variant":"on"},"metadata":{"__proto__":1}}}}`;
  const snapshot = Snapshot.fromJson(text);
  const { value, metadata } = snapshot.evaluate("f", {}, undefined, AT);
  assert.equal(JSON.stringify([value, metadata]), '[{"__proto__":{"x":1}},{"__proto__":1}]');
  assert.equal((value as Record<string, unknown>)["x"], undefined);
});

test("a number that is not integral is no integer, and -0 is 0", () => {
  const number = (value: number): object =>
    flag("f", { type: "number", variants: { on: value }, fallthrough: { variant: "on" } });
  assert.equal(decide({ ...number(3.5) }, {}, "integer").errorCode, "TYPE_MISMATCH");
  assert.equal(decide({ ...number(2 ** 53) }, {}, "integer").errorCode, "TYPE_MISMATCH");
  assert.equal(decide({ ...number(3) }, {}, "integer").value, 3);
  assert.equal(decide({ ...number(3) }, {}, "float").value, 3);
  assert.ok(Object.is(decide({ ...number(-0) }, {}, "number").value, 0));
});

test("the arm of a track is the rule's, the variant of a split, or absent", () => {
  const rule = (more: object): object => flag("f", { rules: [{ id: "r", track: { run: "run-1" }, ...more }] });
  const split = { split: [{ variant: "on", weight: 100_000 }] };
  assert.deepEqual(decide({ ...rule({ serve: { variant: "on" } }) }).track, { run: "run-1", by: ["targetingKey"] });
  const drawn = decide({ ...rule({ serve: split }) }, { targetingKey: "u" });
  assert.deepEqual(drawn.track, { run: "run-1", by: ["targetingKey"], arm: "on" });
  const named = { serve: { variant: "on" }, track: { run: "run-1", arm: "b", by: ["/org/id", "$instance"] } };
  const { track } = decide({ ...rule(named) });
  assert.deepEqual(track, { run: "run-1", by: ["/org/id", "$instance"], arm: "b" });
  assert.equal(unitOf(track.by, { org: { id: 42 } }, AT), "42");
  assert.equal(unitOf(track.by, { org: {} }, AT), "instance-1");
  for (const context of [
    null,
    undefined,
    {},
    7,
    new Proxy({}, { getOwnPropertyDescriptor: () => assert.fail("no") }),
  ]) {
    assert.equal(unitOf(["a"], context as never, AT), undefined);
  }
  assert.equal(unitOf(["/malformed/"], { malformed: "u" }, AT), undefined);
});
