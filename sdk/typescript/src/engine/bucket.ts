/**
 * Where a unit lands between 0 and 99 999, for gates and for splits. The hash is MurmurHash3_x86_32, our own so that
 * the state after `salt:` is kept and a unit is hashed in place, without a copy. Must not choose the unit or the salt.
 */
import { WHOLE } from "./limits.js";

/** The seed of gates. */
export const GATE_SEED = 0;
/** The seed of splits; another than that of gates, so that a gate leaves a split fair. */
export const SPLIT_SEED = 86_028_157;

const GATE_COARSE = 100;
const SPLIT_COARSE = 1_000;

const ENCODER = new TextEncoder();
const ASCII = /^[\0-\x7f]*$/;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

function scramble(word: number): number {
  const product = Math.imul(word, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

function mix(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, pending: number, length: number): number {
  let mixed = hash ^ scramble(pending) ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The state of the hash after a prefix. */
class Murmur3 {
  private constructor(
    private readonly hash: number,
    /** Bytes that do not fill a word yet, little-endian. */
    private readonly pending: number,
    /** How many bits they take: 0, 8, 16 or 24. */
    private readonly bits: number,
    private readonly length: number,
  ) {}

  /** The state after the UTF-8 bytes of a text. */
  static after(seed: number, text: string): Murmur3 {
    let [hash, pending, bits] = [seed | 0, 0, 0];
    // Most salts are keys, which are ASCII: of those the units are the bytes.
    const bytes = ASCII.test(text) ? undefined : ENCODER.encode(text);
    const length = bytes?.length ?? text.length;
    for (let at = 0; at < length; at++) {
      pending |= (bytes === undefined ? text.charCodeAt(at) : (bytes[at] ?? 0)) << bits;
      bits += 8;
      if (bits === 32) {
        hash = mix(hash, pending);
        pending = bits = 0;
      }
    }
    return new Murmur3(hash, pending, bits, length);
  }

  /** The unsigned hash of the prefix and this well-formed text. */
  hashOf(text: string): number {
    let { hash, pending, bits } = this;
    const size = text.length;
    for (let at = 0; at < size; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) {
        return this.hashOfUnicode(text);
      }
      pending |= unit << bits;
      if (bits === 24) {
        hash = mix(hash, pending);
        pending = bits = 0;
      } else {
        bits += 8;
      }
    }
    return finish(hash, pending, this.length + size);
  }

  /** As `hashOf`, for a text beyond ASCII: its UTF-8 bytes are made one after another, and none is stored. */
  private hashOfUnicode(text: string): number {
    let { hash, pending, bits, length } = this;
    const size = text.length;
    for (let at = 0; at < size; at++) {
      const point = text.codePointAt(at) ?? 0;
      const count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (count === 4) {
        at++;
      }
      for (let index = 0; index < count; index++) {
        pending |= utf8Byte(point, count, index) << bits;
        bits += 8;
        if (bits === 32) {
          hash = mix(hash, pending);
          pending = bits = 0;
        }
      }
      length += count;
    }
    return finish(hash, pending, length);
  }
}

/** One byte of a code point that takes `count` bytes in UTF-8. */
function utf8Byte(point: number, count: number, index: number): number {
  if (count === 1) {
    return point;
  }
  const rest = point >>> (6 * (count - 1 - index));
  return index === 0 ? ((0xf00 >>> count) & 0xff) | rest : 0x80 | (rest & 0x3f);
}

/** A salt, with the state of each hash after it once that is asked for: most salts never are. */
export class Salt {
  private readonly text: string;
  private gate: Murmur3 | undefined = undefined;
  private split: Murmur3 | undefined = undefined;

  constructor(salt: string) {
    this.text = `${salt}:`;
  }

  /** The unit's hash for gates, unsigned. */
  gateHash(unit: string): number {
    return (this.gate ??= Murmur3.after(GATE_SEED, this.text)).hashOf(unit);
  }

  /** The unit's hash for splits, unsigned. */
  splitHash(unit: string): number {
    return (this.split ??= Murmur3.after(SPLIT_SEED, this.text)).hashOf(unit);
  }

  /** The unit's bucket for gates, 0 to 99 999. */
  gateBucket(unit: string): number {
    return spread(this.gateHash(unit), GATE_COARSE);
  }

  /** The unit's bucket for splits, 0 to 99 999. */
  splitBucket(unit: string): number {
    return spread(this.splitHash(unit), SPLIT_COARSE);
  }
}

function spread(hash: number, coarse: number): number {
  const fine = WHOLE / coarse;
  return (hash % coarse) * fine + (Math.floor(hash / coarse) % fine);
}
