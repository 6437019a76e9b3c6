/** Patches: a snapshot that was changed step by step answers as one that is read whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type At, Snapshot } from "../../src/engine/index.js";
import { AT, documentOf, environment, flag, when } from "./environment.js";
import { CONTEXTS, type Change, KEYS, change, documents } from "./generate.js";

const TIMES = [0, 4, 9];

/** All that can be asked of a snapshot. */
function everything(snapshot: Snapshot): unknown {
  const at = (now: number): At => ({ nowMs: () => now, random: () => 99, instance: "i" });
  return {
    answers: KEYS.map((key) =>
      TIMES.map((now) => CONTEXTS.map((context) => snapshot.evaluate(key, context, "boolean", at(now)))),
    ),
    broken: snapshot
      .broken()
      .map(({ kind, key, detail }) => `${kind} ${key}: ${detail}`)
      .sort(),
    borders: KEYS.map((key) => TIMES.map((now) => [snapshot.nextBorder(now), snapshot.nextBorder(now, key)])),
    about: snapshot
      .flagKeys()
      .sort()
      .map((key) => [key, snapshot.flagType(key), snapshot.isClientVisible(key)]),
    size: snapshot.size,
  };
}

/** The documents after a change. */
function applied(before: Change, { flags, segments, layers }: Change): Change {
  const one = (old: Record<string, unknown>, more: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries({ ...old, ...more }).filter(([, document]) => document !== null));
  return {
    flags: one(before.flags, flags),
    segments: one(before.segments, segments),
    layers: one(before.layers, layers),
  };
}

test("a patched snapshot answers as one of the whole resulting document, and the old one as before", () => {
  fc.assert(
    fc.property(documents, fc.array(change, { minLength: 1, maxLength: 5 }), (start, changes) => {
      let whole = start;
      let patched = Snapshot.fromDocument(documentOf([], { ...whole }));
      for (const [index, one] of changes.entries()) {
        const [old, before] = [patched, everything(patched)];
        whole = applied(whole, one);
        patched = old.patched({ revision: index + 2, ...one });
        const fresh = Snapshot.fromDocument(documentOf([], { ...whole, revision: index + 2 }));
        assert.deepEqual(everything(patched), everything(fresh));
        assert.deepEqual(patched.document(), fresh.document());
        assert.deepEqual(everything(old), before);
      }
    }),
    { numRuns: 600 },
  );
});

test("whatever may answer otherwise after a patch is named as changed", () => {
  fc.assert(
    fc.property(documents, change, (start, one) => {
      const before = Snapshot.fromDocument(documentOf([], { ...start }));
      const after = before.patched({ revision: 2, ...one });
      const changed = new Set(after.changedFrom(before));
      const fresh = Snapshot.fromDocument(structuredClone(after.document()));
      assert.deepEqual(new Set(fresh.changedFrom(before)), changed);
      for (const key of KEYS.filter((name) => !changed.has(name))) {
        for (const context of CONTEXTS) {
          assert.deepEqual(after.evaluate(key, context, undefined, AT), before.evaluate(key, context, undefined, AT));
        }
      }
    }),
    { numRuns: 600 },
  );
});

test("a patch reads what changed and links what depends on it, and nothing else", () => {
  const needs = when("needs", { flag: "needed", variants: ["on"] });
  const before = environment([flag("needed"), needs, flag("other")]);
  const on = flag("needed", { fallthrough: { variant: "on" } });
  const after = before.patched({ revision: 2, flags: { needed: on } });
  const result = (snapshot: Snapshot, key: string): object => snapshot.evaluate(key, {}, undefined, AT);
  assert.equal(result(after, "other"), result(before, "other"));
  assert.notEqual(result(after, "needs"), result(before, "needs"));
  assert.deepEqual(after.changedFrom(before).sort(), ["needed", "needs"]);
  assert.deepEqual(before.changedFrom(before), []);
  const gone = after.patched({ revision: 3, flags: { needed: null, other: null } });
  assert.deepEqual(gone.changedFrom(after).sort(), ["needed", "needs", "other"]);
  assert.deepEqual([gone.revision, gone.epoch, gone.size], [3, 5, 1]);
  assert.equal(gone.evaluate("needs", {}, undefined, AT).errorCode, "PARSE_ERROR");
});

test("a patch that is malformed itself is refused, and what it would change stays", () => {
  const before = environment([flag("f")]);
  for (const bad of [null, [], { revision: 1.5 }, { revision: 2, flags: [] }, { revision: 2, segments: 7 }]) {
    assert.throws(() => before.patched(bad as never), { name: "SnapshotError" });
  }
  assert.equal(before.evaluate("f", {}, undefined, AT).reason, "STATIC");
});
