/** Which snapshot is served, and what can replace it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SnapshotError } from "../../src/engine/index.js";
import { Held } from "../../src/server/held.js";
import { flag, snapshot, type SnapshotDocument } from "./documents.js";

function held(...documents: SnapshotDocument[]) {
  const told: [string | undefined, string][] = [];
  const it = new Held((before, after) => told.push([before && String(before.revision), String(after.revision)]));
  for (const document of documents) it.put(JSON.stringify(document), "stream");
  return { it, told };
}

const patch = (from: number, revision: number, flags: object = {}, epoch = 1): string =>
  JSON.stringify({ epoch, from, revision, flags, segments: {}, layers: {} });

describe("what is held", () => {
  it("is nothing at first", () => {
    const { it: empty } = held();
    assert.deepEqual(
      [empty.snapshot, empty.source, empty.revision, empty.lastEventId],
      [undefined, "none", undefined, undefined],
    );
  });

  it("is replaced by a higher revision and a higher epoch, never by a lower or the same one", () => {
    const { it: one, told } = held(snapshot([flag("a")], { epoch: 5, revision: 7 }));
    for (const [epoch, revision, expected] of [
      [5, 7, "5-7"],
      [5, 6, "5-7"],
      [4, 100, "5-7"],
      [5, 9, "5-9"],
      [6, 1, "6-1"],
    ] as const) {
      one.put(JSON.stringify(snapshot([], { epoch, revision })), "poll");
      assert.equal(one.revision, expected);
    }
    assert.equal(told.length, 3);
    assert.equal(one.source, "poll");
  });

  it("is replaced by an empty one that is higher", () => {
    const { it: one } = held(snapshot([flag("a")]), snapshot([], { revision: 2 }));
    assert.deepEqual(one.snapshot?.flagKeys(), []);
  });

  it("is replaced by one of another environment when it was given, and not when the server sent it", () => {
    const mine = snapshot([flag("a")], { epoch: 9, revision: 9 });
    const other = JSON.stringify(snapshot([], { epoch: 2, revision: 1, environment: "production" }));
    for (const [source, expected] of [
      ["bootstrap", "2-1"],
      ["cache", "2-1"],
      ["stream", "9-9"],
      ["poll", "9-9"],
    ] as const) {
      const { it: one } = held();
      one.put(JSON.stringify(mine), source);
      one.put(other, "stream");
      assert.equal(one.revision, expected, source);
    }
  });

  it("is told to the stream, unless somebody gave it who may have erred", () => {
    const { it: one } = held();
    one.put(JSON.stringify(snapshot([])), "bootstrap");
    assert.deepEqual([one.revision, one.lastEventId], ["1-1", undefined]);
    one.put(JSON.stringify(snapshot([], { revision: 2 })), "stream");
    assert.equal(one.lastEventId, "1-2");
  });

  it("is changed by a patch from where it is", () => {
    const { it: one, told } = held(snapshot([flag("a"), flag("b")]));
    assert.equal(one.patch(patch(1, 2, { a: flag("a", { enabled: false }), b: null })), "apply");
    assert.deepEqual([one.revision, one.snapshot?.flagKeys()], ["1-2", ["a"]]);
    assert.equal(told.length, 2);
  });

  it("is left alone by a patch from elsewhere, which is a gap, and by an old one", () => {
    const { it: one, told } = held(snapshot([flag("a")], { revision: 5 }));
    assert.equal(one.patch(patch(6, 7, { a: null })), "gap");
    assert.equal(one.patch(patch(4, 5, { a: null })), "ignore");
    assert.equal(one.patch(patch(5, 6, { a: null }, 2)), "gap");
    assert.equal(held().it.patch(patch(0, 1)), "gap");
    assert.deepEqual([one.revision, told.length], ["1-5", 1]);
  });

  it("is left alone by what cannot be read", () => {
    const { it: one, told } = held(snapshot([flag("a")]));
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      '{"flags":[]}',
      '{"schemaVersion":2,"epoch":9,"revision":9}',
      '{"epoch":"9"}',
    ]) {
      assert.throws(
        () => {
          one.put(text, "stream");
        },
        SnapshotError,
        text,
      );
    }
    for (const text of [
      "",
      "null",
      "[1]",
      '{"epoch":1,"from":1}',
      '{"epoch":1,"from":1,"revision":"2"}',
      '{"epoch":1,"from":1,"revision":2,"flags":1}',
    ]) {
      assert.throws(() => one.patch(text), SnapshotError, text);
    }
    assert.deepEqual([one.revision, told.length], ["1-1", 1]);
  });
});
