/** Buckets: the golden vectors, and the hash of any text against a plain one of its bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Salt } from "../../src/engine/bucket.js";

/** MurmurHash3_x86_32 of bytes, written for this test from its public description, in big integers. */
function murmur3(bytes: Uint8Array, seed: number): number {
  const word = (value: bigint): bigint => value & 0xffffffffn;
  const rotate = (value: bigint, by: bigint): bigint => word((value << by) | (value >> (32n - by)));
  const scramble = (value: bigint): bigint => word(rotate(word(value * 0xcc9e2d51n), 15n) * 0x1b873593n);
  let hash = BigInt(seed);
  for (let at = 0; at < bytes.length; at += 4) {
    const chunk = [...bytes.slice(at, at + 4)];
    const value = chunk.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    hash ^= scramble(value);
    hash = chunk.length === 4 ? word(rotate(hash, 13n) * 5n + 0xe6546b64n) : hash;
  }
  hash ^= BigInt(bytes.length);
  hash = word((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = word((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}

test("the golden vectors hold", () => {
  const golden: [string, string, number, number, number, number][] = [
    ["new_checkout_flow", "user-1", 3299934510, 10345, 1305652935, 93552],
    ["new_checkout_flow", "user-42", 1559279195, 95791, 47837313, 31337],
    ["new_checkout_flow", "4711", 1204172841, 41728, 2916220908, 90820],
    ["layer-pricing", "org-7", 2036497016, 16970, 2757493410, 41093],
    ["s", "é", 3895647214, 14472, 1900174252, 25274],
    ["s", "日本", 2683078249, 49782, 1829926689, 68926],
    ["s", "a b:c", 2274440142, 42401, 1140380476, 47680],
  ];
  for (const [text, unit, ...expected] of golden) {
    const salt = new Salt(text);
    const found = [salt.gateHash(unit), salt.gateBucket(unit), salt.splitHash(unit), salt.splitBucket(unit)];
    assert.deepEqual(found, expected, unit);
  }
});

test("the hash of salt and unit is that of their UTF-8 bytes, whatever they hold", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), fc.oneof(text, fc.string()), (salt, unit) => {
      const bytes = new TextEncoder().encode(`${salt}:${unit}`);
      assert.equal(new Salt(salt).gateHash(unit), murmur3(bytes, 0));
      assert.equal(new Salt(salt).splitHash(unit), murmur3(bytes, 86_028_157));
    }),
    { numRuns: 2_000 },
  );
});

test("every bucket is one of a hundred thousand", () => {
  fc.assert(
    fc.property(fc.string(), (unit) => {
      for (const bucket of [new Salt("s").gateBucket(unit), new Salt("s").splitBucket(unit)]) {
        assert.ok(Number.isInteger(bucket) && bucket >= 0 && bucket < 100_000);
      }
    }),
  );
});
