/**
 * How a document names an attribute of the context, and how that attribute is read. Must not judge what it finds.
 */
import { type At, type Context, TARGETING_KEY, isObject, own, ownTargetingKey } from "./context.js";
import { Malformed, each, filledList, string } from "./read.js";
import { unitOfValue } from "./unit.js";

/**
 * Where a reference stands decides which `$names` it may use: in a condition `$now` and `$instance`; in the `by` of a
 * target, a segment, an override or a track (`list`) `$instance`; in that of a percentage, a split or a layer (`draw`)
 * `$instance` and `$random`.
 */
export type Place = "condition" | "list" | "draw";

/** A parsed attribute reference. */
export interface Reference {
  /** As it was written. */
  readonly written: string;
  /** Whether it asks the clock or the dice. */
  readonly asks: boolean;
  /** The attribute's value; undefined when it is absent. */
  read(context: Context, at: At): unknown;
}

/** A top-level attribute. */
class Name implements Reference {
  readonly asks = false;

  constructor(
    readonly written: string,
    private readonly name: string,
  ) {}

  read(context: Context): unknown {
    return own(context, this.name);
  }
}

/** The targeting key. */
class TargetingKey implements Reference {
  readonly asks = false;
  readonly written = TARGETING_KEY;

  read(context: Context): unknown {
    return ownTargetingKey(context);
  }
}

/** A member of a nested object. */
class Path implements Reference {
  readonly asks = false;

  constructor(
    readonly written: string,
    private readonly tokens: readonly string[],
  ) {}

  read(context: Context): unknown {
    let found: unknown = context;
    for (const token of this.tokens) {
      if (!isObject(found)) {
        return undefined;
      }
      found = own(found, token);
    }
    return found;
  }
}

/** What the evaluator sets. */
class Special implements Reference {
  constructor(
    readonly written: string,
    readonly asks: boolean,
    readonly read: (context: Context, at: At) => unknown,
  ) {}
}

/** The time of the evaluation. */
const NOW = new Special("$now", true, (_, at) => at.nowMs());
const RANDOM = new Special("$random", true, (_, at) => at.random());
const INSTANCE = new Special("$instance", false, (_, at) => at.instance);

const SPECIAL: Readonly<Record<Place, readonly Special[]>> = {
  condition: [NOW, INSTANCE],
  list: [INSTANCE],
  draw: [INSTANCE, RANDOM],
};

/** The reference of whoever names no attribute. */
export const targetingKey: Reference = new TargetingKey();

/** Whether the reference is the time of the evaluation. */
export function isNow(reference: Reference): boolean {
  return reference === NOW;
}

/** Parses a reference. */
function parse(text: string, place: Place): Reference {
  if (text === TARGETING_KEY) {
    return targetingKey;
  }
  if (text === "") {
    throw new Malformed("an attribute's name may not be empty");
  }
  if (text.startsWith("$")) {
    const found = SPECIAL[place].find((special) => special.written === text);
    if (found === undefined) {
      const known = SPECIAL[place].map((special) => special.written).join(" and ");
      throw new Malformed(`of the names that begin with $, only ${known} may stand here`);
    }
    return found;
  }
  return text.startsWith("/") ? pointer(text) : new Name(text, text);
}

function pointer(text: string): Reference {
  const tokens = text.slice(1).split("/").map(unescape);
  const [first = ""] = tokens;
  if (first.startsWith("$")) {
    throw new Malformed("a pointer may not begin with a name that begins with $");
  }
  return tokens.length === 1 ? new Name(text, first) : new Path(text, tokens);
}

function unescape(token: string): string {
  if (token === "") {
    throw new Malformed("no part of a pointer may be empty");
  }
  if (/~(?![01])/.test(token)) {
    throw new Malformed("in a pointer, ~ is written ~0 and / is written ~1");
  }
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Reads one reference. */
export function readReference(value: unknown, place: Place): Reference {
  return parse(string(value), place);
}

/** The attributes that may yield the unit, in order. */
export class By {
  /** Whether one of them asks the clock or the dice. */
  readonly asks: boolean;
  private readonly first: Reference;
  private readonly others: readonly Reference[];

  constructor(references: readonly [Reference, ...Reference[]]) {
    [this.first, ...this.others] = references;
    this.asks = references.some((reference) => reference.asks);
  }

  /** The first unit that an attribute yields. */
  unit(context: Context, at: At): string | undefined {
    const unit = unitOfValue(this.first.read(context, at));
    return unit === undefined && this.others.length > 0 ? this.otherUnit(context, at) : unit;
  }

  private otherUnit(context: Context, at: At): string | undefined {
    for (const reference of this.others) {
      const unit = unitOfValue(reference.read(context, at));
      if (unit !== undefined) {
        return unit;
      }
    }
    return undefined;
  }

  /** The attributes as they were written. */
  written(): string[] {
    return [this.first, ...this.others].map((reference) => reference.written);
  }
}

/** The `by` of whoever names none. */
export const DEFAULT_BY = new By([targetingKey]);

/** Reads a `by`: a list of references that is not empty; absent is the targeting key. */
export function readBy(value: unknown, place: Place): By {
  const references = each(filledList(value), (item) => readReference(item, place));
  const [first, ...others] = references;
  return first === undefined ? DEFAULT_BY : new By([first, ...others]);
}
