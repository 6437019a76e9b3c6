// How long the SDKs wait after a failure.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Backoff, LONGEST_PAUSE_MS, retryAfterMs } from "../../src/shared/backoff.js";

const settings = { minMs: 1_000, maxMs: 30_000, healthyAfterMs: 60_000 };

describe("the back-off", () => {
  it("doubles its span up to the longest one", () => {
    const backoff = new Backoff({ ...settings, random: () => 0.5 });
    const pauses = Array.from({ length: 8 }, () => backoff.failed(0));
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });

  it("waits anything from nothing to the span", () => {
    assert.equal(new Backoff({ ...settings, random: () => 0 }).failed(0), 0);
  });

  it("never waits less than the server asks for, unless that is beyond all measure", () => {
    const backoff = new Backoff({ ...settings, random: () => 0 });
    assert.equal(backoff.failed(0, 4_000), 4_000);
    assert.equal(backoff.failed(0, 1e12), LONGEST_PAUSE_MS);
  });

  it("begins anew after a minute of health, and not before", () => {
    const backoff = new Backoff({ ...settings, random: () => 0.5 });
    for (let n = 0; n < 4; n += 1) backoff.failed(0);
    backoff.worked(10_000);
    backoff.worked(60_000);
    assert.equal(backoff.failed(69_999), 8_000);
    backoff.worked(100_000);
    assert.equal(backoff.failed(160_000), 500);
  });

  it("begins anew after a healthy stream that ended as was planned", () => {
    const backoff = new Backoff({ ...settings, random: () => 0.5 });
    for (let n = 0; n < 4; n += 1) backoff.failed(0);
    backoff.worked(0);
    backoff.ended(60_000);
    assert.equal(backoff.failed(60_001), 500);
  });
});

describe("Retry-After", () => {
  it("is seconds or a date", () => {
    assert.equal(retryAfterMs("3", 0), 3_000);
    assert.equal(retryAfterMs("Thu, 01 Jan 1970 00:00:10 GMT", 4_000), 6_000);
  });

  it("is nothing when it is absent, past or not to be read, and bounded when it is huge", () => {
    for (const header of [null, undefined, "", "soon", "-3", "Thu, 01 Jan 1970 00:00:01 GMT"]) {
      assert.equal(retryAfterMs(header, 4_000), 0);
    }
    assert.equal(retryAfterMs("99999999999", 0), LONGEST_PAUSE_MS);
  });
});
