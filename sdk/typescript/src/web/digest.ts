/**
 * A short name for a text: FNV-1a of 128 bits, since what browsers offer answers later, and only to secure pages. Must
 * not be used where somebody could gain by two texts with one name.
 */

const PRIME = 0x1000000000000000000013bn;
const OFFSET = 0x6c62272e07bb014262b821756295c58dn;

/** 32 hex digits. */
export function digest(text: string): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(16).padStart(32, "0");
}
