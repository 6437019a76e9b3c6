// Which snapshot replaces which.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compare, idOf, judge } from "../../src/shared/order.js";

const held = { epoch: 5, revision: 10 };

describe("the order of snapshots", () => {
  it("is by epoch, then by revision", () => {
    assert.ok(compare({ epoch: 6, revision: 1 }, held) > 0);
    assert.ok(compare({ epoch: 5, revision: 9 }, held) < 0);
    assert.equal(compare({ epoch: 5, revision: 10 }, held), 0);
    assert.equal(idOf(held), "5-10");
  });

  it("applies a patch that begins at what is held, and one of a date that passed", () => {
    assert.equal(judge(held, { epoch: 5, from: 10, revision: 11 }), "apply");
    assert.equal(judge(held, { epoch: 5, from: 10, revision: 15 }), "apply");
    assert.equal(judge(held, { epoch: 5, from: 10, revision: 10 }), "apply");
  });

  it("ignores a patch to what is held or older", () => {
    assert.equal(judge(held, { epoch: 5, from: 9, revision: 10 }), "ignore");
    assert.equal(judge(held, { epoch: 5, from: 8, revision: 9 }), "ignore");
    assert.equal(judge(held, { epoch: 4, from: 10, revision: 11 }), "ignore");
  });

  it("sees a gap before a patch that begins elsewhere, and in every patch of a later epoch", () => {
    assert.equal(judge(held, { epoch: 5, from: 11, revision: 12 }), "gap");
    assert.equal(judge(held, { epoch: 5, from: 9, revision: 11 }), "gap");
    assert.equal(judge(held, { epoch: 6, from: 10, revision: 11 }), "gap");
    assert.equal(judge(undefined, { epoch: 5, from: 0, revision: 1 }), "gap");
  });
});
