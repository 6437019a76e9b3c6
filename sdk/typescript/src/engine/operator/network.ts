/**
 * IP addresses and networks, for `cidr`. Must not take zone ids, ports or leading zeros. IPv4 inside
 * `::ffff:0:0/96` is IPv4, however written.
 */

/** An address: one unsigned 32-bit word for IPv4, four for IPv6, the first the highest. */
type Address = readonly number[];

/** How many bits of `::ffff:0:0/96` stand above its IPv4. */
const MAPPED_BITS = 96;
const MAPPED_WORD = 0xffff;
const GROUPS = 8;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;
/** The longest an address can be written: eight groups of four digits, or six and an IPv4 with dots. */
const LONGEST = 45;

/** Parses an address, telling a mapped one as the IPv4 it is. */
export function parseAddress(text: string): Address | undefined {
  const found = raw(text);
  return found === undefined ? undefined : (mapped(found) ?? found);
}

function raw(text: string): Address | undefined {
  if (text.length > LONGEST) {
    return undefined;
  }
  if (text.includes(":")) {
    return six(text);
  }
  const word = four(text);
  return word === undefined ? undefined : [word];
}

function mapped(address: Address): Address | undefined {
  const [a, b, c, d] = address;
  return d !== undefined && a === 0 && b === 0 && c === MAPPED_WORD ? [d] : undefined;
}

function four(text: string): number | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) {
    return undefined;
  }
  let word = 0;
  for (const octet of octets) {
    const value = OCTET.test(octet) ? Number(octet) : 256;
    if (value > 255) {
      return undefined;
    }
    word = word * 256 + value;
  }
  return word;
}

function six(text: string): Address | undefined {
  const halves = text.split("::");
  const [head = "", tail] = halves;
  // Only what ends the address may be written with dots.
  const before = groups(head, tail === undefined);
  const after = tail === undefined ? [] : groups(tail, true);
  if (before === undefined || after === undefined || halves.length > 2) {
    return undefined;
  }
  const missing = GROUPS - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) {
    return undefined;
  }
  const all = [...before, ...Array<number>(missing).fill(0), ...after];
  return [0, 2, 4, 6].map((at) => (all[at] ?? 0) * 0x10000 + (all[at + 1] ?? 0));
}

/** The 16-bit groups of one side of `::`. */
function groups(text: string, dotsAllowed: boolean): number[] | undefined {
  const found: number[] = [];
  const parts = text === "" ? [] : text.split(":");
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      found.push(Number.parseInt(part, 16));
      continue;
    }
    const word = dotsAllowed && index === parts.length - 1 ? four(part) : undefined;
    if (word === undefined) {
      return undefined;
    }
    found.push(Math.floor(word / 0x10000), word % 0x10000);
  }
  return found;
}

/** A network: an address with its host bits masked, and the mask. */
export class Network {
  private constructor(
    private readonly bits: Address,
    private readonly masks: Address,
  ) {}

  /** Parses an address, or an address and a prefix length. */
  static parse(text: string): Network | undefined {
    const slash = text.indexOf("/");
    const base = raw(slash < 0 ? text : text.slice(0, slash));
    if (base === undefined) {
      return undefined;
    }
    const most = base.length * 32;
    const written = slash < 0 ? String(most) : text.slice(slash + 1);
    const length = PREFIX.test(written) ? Number(written) : most + 1;
    if (length > most) {
      return undefined;
    }
    const inner = length >= MAPPED_BITS ? mapped(base) : undefined;
    return inner === undefined ? Network.of(base, length) : Network.of(inner, length - MAPPED_BITS);
  }

  private static of(base: Address, length: number): Network {
    const masks = base.map((_, index) => mask(length - index * 32));
    return new Network(
      base.map((word, index) => (word & (masks[index] ?? 0)) >>> 0),
      masks,
    );
  }

  /** Whether the network holds the address. */
  contains(address: Address): boolean {
    return (
      address.length === this.bits.length &&
      address.every((word, index) => (word & (this.masks[index] ?? 0)) >>> 0 === this.bits[index])
    );
  }
}

/** The mask of a word of which so many bits count. */
function mask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}
