/**
 * Conditions, linked to what they name and ready to be asked. Must not read documents, and must not fail: what is
 * absent or of the wrong type makes a leaf false.
 */
import type { Salt } from "../bucket.js";
import type { At, Context } from "../context.js";
import { WHOLE } from "../limits.js";
import type { Test } from "../operator/tests.js";
import type { By, Reference } from "../reference.js";

/** Something that holds for a context or not. */
export interface Condition {
  /** Whether a percentage stands in it, segments expanded and flags not: then it decides by chance. */
  readonly draws: boolean;
  holds(context: Context, at: At): boolean;
}

/** Holds when all of its conditions do. */
export class All implements Condition {
  readonly draws: boolean;

  constructor(private readonly inner: readonly Condition[]) {
    this.draws = inner.some((condition) => condition.draws);
  }

  holds(context: Context, at: At): boolean {
    for (const condition of this.inner) {
      if (!condition.holds(context, at)) {
        return false;
      }
    }
    return true;
  }
}

/** Holds when any of its conditions does. */
export class Any implements Condition {
  readonly draws: boolean;

  constructor(private readonly inner: readonly Condition[]) {
    this.draws = inner.some((condition) => condition.draws);
  }

  holds(context: Context, at: At): boolean {
    for (const condition of this.inner) {
      if (condition.holds(context, at)) {
        return true;
      }
    }
    return false;
  }
}

/** Holds when its condition does not. */
export class Not implements Condition {
  readonly draws: boolean;

  constructor(private readonly inner: Condition) {
    this.draws = inner.draws;
  }

  holds(context: Context, at: At): boolean {
    return !this.inner.holds(context, at);
  }
}

/** Holds when an attribute's value satisfies a test. */
export class AttributeCondition implements Condition {
  readonly draws = false;

  constructor(
    private readonly attribute: Reference,
    private readonly test: Test,
  ) {}

  holds(context: Context, at: At): boolean {
    return this.test.holds(this.attribute.read(context, at));
  }
}

/** What draws a unit's bucket. */
export interface Draw {
  readonly salt: Salt;
  readonly by: By;
}

/** A half-open range of buckets, in thousandths of a percent. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whether the unit's bucket lies in the range; without a unit only the whole range holds. */
export function inRange(range: Range, draw: Draw, context: Context, at: At): boolean {
  if (range.from === 0 && range.to === WHOLE) {
    return true;
  }
  const unit = draw.by.unit(context, at);
  if (unit === undefined) {
    return false;
  }
  const bucket = draw.salt.gateBucket(unit);
  return range.from <= bucket && bucket < range.to;
}

/** Holds when the unit's bucket lies in a range. */
export class Gate implements Condition {
  readonly draws = true;

  constructor(
    private readonly range: Range,
    private readonly draw: Draw,
  ) {}

  holds(context: Context, at: At): boolean {
    return inRange(this.range, this.draw, context, at);
  }
}
