/**
 * An operator with its parsed operands, held against one value. Any operand may match, so an order keeps only the most
 * generous one. Must not look attributes up, and must not fail: a value of the wrong type is simply no match.
 */
import { isPresent } from "../context.js";
import type { Pattern } from "../pattern/pattern.js";
import { dateOf } from "./date.js";
import { fold } from "./fold.js";
import { type Network, parseAddress } from "./network.js";
import { numberOf } from "./number.js";
import { type Version, compareVersions, parseVersion } from "./version.js";

/** What an attribute's value is held against. */
export interface Test {
  /** Whether the value, or any element of a list, satisfies the test. */
  holds(value: unknown): boolean;
  /**
   * The milliseconds from which a test of the time may give another answer than a millisecond before; the numbers are
   * integral or not finite.
   */
  borders(): readonly number[];
}

/** Anything that is there. */
export class Exists implements Test {
  holds(value: unknown): boolean {
    return isPresent(value);
  }

  borders(): readonly number[] {
    return [];
  }
}

/** What holds for a list when it holds for an element. */
abstract class ElementTest implements Test {
  holds(value: unknown): boolean {
    return typeof value === "object" ? this.holdsAny(value) : this.accepts(value);
  }

  borders(): readonly number[] {
    return [];
  }

  /** Whether a value that is no list satisfies the test. */
  protected abstract accepts(value: unknown): boolean;

  private holdsAny(value: object | null): boolean {
    if (Array.isArray(value)) {
      for (const element of value as unknown[]) {
        if (this.accepts(element)) {
          return true;
        }
      }
    }
    return false;
  }
}

/** The values of `in`. A set tells JSON types apart, and knows one number however it is written. */
export class In extends ElementTest {
  constructor(private readonly values: ReadonlySet<unknown>) {
    super();
  }

  protected accepts(value: unknown): boolean {
    return this.values.has(value);
  }

  override borders(): readonly number[] {
    const numbers = [...this.values].filter((value) => typeof value === "number" && Number.isInteger(value));
    return (numbers as number[]).flatMap((number) => [number, number + 1]);
  }
}

/** The values of `in`, strings in lower case. */
export class InFolded extends ElementTest {
  constructor(private readonly values: ReadonlySet<unknown>) {
    super();
  }

  protected accepts(value: unknown): boolean {
    return this.values.has(typeof value === "string" ? fold(value) : value);
  }

  override borders(): readonly number[] {
    return new In(this.values).borders();
  }
}

/** Where in a string another is sought. */
export type Part = "startsWith" | "endsWith" | "includes";

/** Substrings; of an ignored case the operands are in lower case already. */
export class Substring extends ElementTest {
  constructor(
    private readonly part: Part,
    private readonly ignoreCase: boolean,
    private readonly values: readonly string[],
  ) {
    super();
  }

  protected accepts(value: unknown): boolean {
    if (typeof value !== "string" || !value.isWellFormed()) {
      return false;
    }
    const text = this.ignoreCase ? fold(value) : value;
    for (const sought of this.values) {
      if (text[this.part](sought)) {
        return true;
      }
    }
    return false;
  }
}

/** Regular expressions. */
export class Matches extends ElementTest {
  constructor(private readonly patterns: readonly Pattern[]) {
    super();
  }

  protected accepts(value: unknown): boolean {
    return typeof value === "string" && value.isWellFormed() && this.patterns.some((pattern) => pattern.test(value));
  }
}

/** Which side of the limit a value must be on. */
export type Side = "lt" | "lte" | "gt" | "gte";

/** The most generous of several limits. */
function generous(side: Side, limits: readonly number[]): number {
  const choose = side === "lt" || side === "lte" ? Math.max : Math.min;
  return limits.reduce((best, limit) => choose(best, limit));
}

function within(value: number, side: Side, limit: number): boolean {
  switch (side) {
    case "lt":
      return value < limit;
    case "lte":
      return value <= limit;
    case "gt":
      return value > limit;
    case "gte":
      return value >= limit;
  }
}

/** Where an order by this limit begins to answer otherwise, for whole numbers. */
function border(side: Side, limit: number): number {
  return side === "lt" || side === "gte" ? Math.ceil(limit) : Math.floor(limit) + 1;
}

/** Numbers in order. */
export class NumberOrder extends ElementTest {
  private readonly limit: number;

  constructor(
    private readonly side: Side,
    limits: readonly number[],
  ) {
    super();
    this.limit = generous(side, limits);
  }

  protected accepts(value: unknown): boolean {
    const found = numberOf(value);
    return found !== undefined && within(found, this.side, this.limit);
  }

  override borders(): readonly number[] {
    return [border(this.side, this.limit)];
  }
}

/** Dates in order: `lt` is before, `gt` after; limits in epoch milliseconds. */
export class DateOrder extends ElementTest {
  private readonly limit: number;

  constructor(
    private readonly side: "lt" | "gt",
    limits: readonly number[],
  ) {
    super();
    this.limit = generous(side, limits);
  }

  protected accepts(value: unknown): boolean {
    const found = dateOf(value);
    return found !== undefined && within(found, this.side, this.limit);
  }

  override borders(): readonly number[] {
    return [border(this.side, this.limit)];
  }
}

/** Texts up to so long are remembered; a version is shorter, and a long text is not kept alive for nothing. */
const REMEMBERED = 64;

/** The last text that was read as a version, and what it was: rules tend to ask for the same attribute. */
let lastText = "";
let lastVersion: Version | undefined;

function versionOf(text: string): Version | undefined {
  if (text === lastText) {
    return lastVersion;
  }
  const found = parseVersion(text);
  if (text.length <= REMEMBERED) {
    lastText = text;
    lastVersion = found;
  }
  return found;
}

/** Versions by precedence. */
export class VersionOrder extends ElementTest {
  constructor(
    private readonly side: Side | "eq",
    private readonly limits: readonly Version[],
  ) {
    super();
  }

  protected accepts(value: unknown): boolean {
    const found = typeof value === "string" ? versionOf(value) : undefined;
    if (found === undefined) {
      return false;
    }
    for (const limit of this.limits) {
      const order = compareVersions(found, limit);
      if (this.side === "eq" ? order === 0 : within(order, this.side, 0)) {
        return true;
      }
    }
    return false;
  }
}

/** Networks. */
export class InNetwork extends ElementTest {
  constructor(private readonly networks: readonly Network[]) {
    super();
  }

  protected accepts(value: unknown): boolean {
    const address = typeof value === "string" ? parseAddress(value) : undefined;
    return address !== undefined && this.networks.some((network) => network.contains(address));
  }
}
