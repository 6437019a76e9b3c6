/** Snapshots as a whole: what is refused, what is told of them, borders of time, and limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Snapshot, SnapshotError } from "../../src/engine/index.js";
import { AT, type Raw, documentOf, environment, flag, when } from "./environment.js";

test("what tells nothing of any flag is refused whole, and its text is not quoted", () => {
  for (const text of ["", "{", '{"flags":{"a":{]}}', "[]", "null", "7", '"x"', '{"schemaVersion":2}']) {
    assert.throws(() => Snapshot.fromJson(text), SnapshotError, text);
  }
  for (const member of ["flags", "segments", "layers", "epoch", "revision", "project", "environment"]) {
    for (const wrong of ["null", "true", "[]", "1.5"]) {
      assert.throws(() => Snapshot.fromJson(`{"${member}":${wrong}}`), { name: "SnapshotError" }, `${member} ${wrong}`);
    }
  }
  const message = "the snapshot is no JSON";
  assert.throws(() => Snapshot.fromJson('{"secret":'), { message });
});

test("a snapshot tells which environment it is of, and gives its document back", () => {
  const document = documentOf([flag("f", { clientVisible: true }), flag("g")], {
    segments: { s: {} },
    layers: { l: {} },
  });
  const snapshot = Snapshot.fromJson(JSON.stringify(document));
  const { epoch, revision, project, size } = snapshot;
  assert.deepEqual([epoch, revision, project, snapshot.environment, size], [5, 1, "p", "e", 2]);
  assert.deepEqual(snapshot.document(), document);
  assert.deepEqual([snapshot.isClientVisible("f"), snapshot.isClientVisible("g")], [true, false]);
  assert.deepEqual([snapshot.isClientVisible("gone"), snapshot.flagType("gone")], [false, undefined]);
  assert.equal(snapshot.flagType("f"), "boolean");
  const empty = Snapshot.fromJson("{}");
  assert.deepEqual(
    [empty.epoch, empty.revision, empty.project, empty.environment, empty.size],
    [0, 0, "default", "default", 0],
  );
});

test("what is broken is told with its place, and nothing else is", () => {
  const snapshot = environment(
    [
      when("op", { attribute: "a", op: "equals", values: ["x"] }),
      when("segment", { segment: "bad" }),
      when("layer", { percentage: 5, layer: "bad" }),
      when("missing", { all: [{ flag: "nowhere", variants: ["on"] }] }),
      when("variant", { flag: "fine", variants: ["gone"] }),
      when("circle", { flag: "circle", variants: ["on"] }),
      flag("fine"),
    ],
    { segments: { bad: { when: 7 } }, layers: { bad: { by: [] } } },
  );
  const told = Object.fromEntries(snapshot.broken().map(({ kind, key, detail }) => [`${kind} ${key}`, detail]));
  assert.match(told["flag op"] ?? "", /^\/rules\/0\/when\/op: there is no such operator/);
  assert.match(told["flag segment"] ?? "", /the segment bad, which is broken/);
  assert.match(told["flag layer"] ?? "", /names the layer bad, which the environment does not have or is malformed/);
  assert.match(told["flag missing"] ?? "", /names the flag nowhere, which the environment does not have/);
  assert.match(told["flag variant"] ?? "", /names the variant gone of the flag fine/);
  assert.match(told["flag circle"] ?? "", /lead back/);
  assert.match(told["segment bad"] ?? "", /^\/when: a condition is wanted here/);
  assert.match(told["layer bad"] ?? "", /^\/by: the list may not be empty/);
  assert.equal(told["flag fine"], undefined);
  assert.equal(Object.keys(told).length, 8);
});

test("a border is the first millisecond at which a date decides otherwise", () => {
  const at = (op: string, values: unknown[]): object => ({ attribute: "$now", op, values });
  const snapshot = environment(
    [
      when("after", at("after", ["2026-09-01T00:00:00Z", 2_000_000_000_000])),
      when("before", { not: { any: [at("before", [1_000, 5_000])] } }),
      when("segment", { segment: "s" }),
      when("other", { attribute: "created", op: "before", values: [77] }),
    ],
    { segments: { s: { when: { flag: "after", variants: ["on"] } }, t: { when: at("after", [9]) } } },
  );
  assert.deepEqual(snapshot.broken(), []);
  const september = Date.UTC(2026, 8, 1) + 1;
  const all: number[] = [];
  for (let next = snapshot.nextBorder(-1); next !== undefined; next = snapshot.nextBorder(next)) {
    all.push(next);
  }
  assert.deepEqual(all, [10, 5_000, september]);
  assert.deepEqual([snapshot.nextBorder(4_999), snapshot.nextBorder(5_000)], [5_000, september]);
  assert.deepEqual(
    [snapshot.nextBorder(0, "segment"), snapshot.nextBorder(september, "segment")],
    [september, undefined],
  );
  assert.deepEqual([snapshot.nextBorder(0, "other"), snapshot.nextBorder(0, "gone")], [undefined, undefined]);
  const value = (key: string, now: number): unknown =>
    snapshot.evaluate(key, {}, undefined, { ...AT, nowMs: () => now }).value;
  assert.deepEqual([value("after", september - 1), value("after", september)], [false, true]);
  assert.deepEqual([value("before", 4_999), value("before", 5_000)], [false, true]);
});

/** A flag whose document is nested so deep, in a member that means nothing. */
function nested(depth: number): Raw {
  let description: unknown = "x";
  for (let level = 1; level < depth; level++) {
    description = [description];
  }
  return flag("f", { description });
}

test("a document nested too deeply breaks alone, also one that holds itself", () => {
  const code = (one: Raw): unknown => environment([one, flag("g")]).evaluate("f", {}, undefined, AT).errorCode;
  assert.equal(code(nested(128)), undefined);
  assert.equal(code(nested(129)), "PARSE_ERROR");
  const circular: Raw = flag("f");
  circular["self"] = circular;
  assert.equal(code(circular), "PARSE_ERROR");
  const deep = `{"flags":{"f":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
  assert.equal(Snapshot.fromJson(deep).evaluate("f", {}, undefined, AT).errorCode, "PARSE_ERROR");
});

test("a chain of ten thousand flags is linked without a deep stack", () => {
  const count = 10_000;
  const chain = Array.from({ length: count }, (_, index) =>
    index === 0 ? flag("f0") : flag(`f${index}`, { prerequisites: [{ flag: `f${index - 1}`, variants: ["off"] }] }),
  ).reverse();
  const snapshot = environment(chain);
  const broken = snapshot.broken().map(({ key }) => key);
  assert.equal(broken.length, Math.floor((count - 1) / 33));
  assert.ok(broken.includes("f33") && !broken.includes("f32") && !broken.includes("f34"));
});

test("a document that JSON cannot hold breaks alone", () => {
  const odd = flag("f", { metadata: { when: () => 1 } });
  const throwing = Object.defineProperty(flag("t"), "enabled", { get: () => assert.fail("no"), enumerable: true });
  const snapshot = environment([odd, flag("g"), throwing]);
  assert.deepEqual(
    snapshot.broken().map(({ key }) => key),
    ["f", "t"],
  );
  assert.equal(snapshot.evaluate("g", {}, undefined, AT).reason, "STATIC");
});
