/**
 * SemVer 2.0.0 versions, for precedence only: build metadata is checked and forgotten. Every number of a version is
 * below 2^53, the most that all languages hold exactly.
 */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const NUMERIC = /^\d+$/;

/** A parsed version. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** Pre-release identifiers, numeric ones as numbers; empty for a release. */
  readonly pre: readonly (string | number)[];
}

/** Parses a strict version: no `v`, no spaces, no leading zeros, three numbers. */
export function parseVersion(text: string): Version | undefined {
  const found = VERSION.exec(text);
  if (found === null) {
    return undefined;
  }
  const [major, minor, patch] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const pre = found[4] === undefined ? [] : preRelease(found[4]);
  const exact = Number.isSafeInteger(major) && Number.isSafeInteger(minor) && Number.isSafeInteger(patch);
  return exact && pre !== undefined ? { major, minor, patch, pre } : undefined;
}

function preRelease(text: string): (string | number)[] | undefined {
  const found: (string | number)[] = [];
  for (const identifier of text.split(".")) {
    if (!NUMERIC.test(identifier)) {
      found.push(identifier);
      continue;
    }
    const number = Number(identifier);
    if (!Number.isSafeInteger(number) || (identifier.length > 1 && identifier.startsWith("0"))) {
      return undefined;
    }
    found.push(number);
  }
  return found;
}

/** Less than, equal to or greater than zero, as `left` precedes, equals or follows `right`. */
export function compareVersions(left: Version, right: Version): number {
  const core = left.major - right.major || left.minor - right.minor || left.patch - right.patch;
  if (core !== 0 || (left.pre.length === 0 && right.pre.length === 0)) {
    return core;
  }
  if (left.pre.length === 0 || right.pre.length === 0) {
    return left.pre.length === 0 ? 1 : -1;
  }
  return comparePreReleases(left.pre, right.pre);
}

function comparePreReleases(left: Version["pre"], right: Version["pre"]): number {
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) {
      return 1;
    }
    if (one !== other) {
      // A number precedes a text; texts are ASCII, so comparing UTF-16 units is comparing bytes.
      const number = typeof one === "number";
      return number === (typeof other === "number") ? (one < other ? -1 : 1) : number ? -1 : 1;
    }
  }
  return left.length - right.length;
}
