/**
 * A flag of one environment: read and compiled, not yet linked to what it names.
 */
import type { Range } from "../condition/condition.js";
import { Draft, type Mention } from "../condition/draft.js";
import { readPercent } from "../condition/read.js";
import { Salt } from "../bucket.js";
import { isObject, own } from "../context.js";
import { type FlagValue, type JsonObject, NO_METADATA } from "../evaluation.js";
import { RULES_PER_FLAG } from "../limits.js";
import type { FlagType } from "../outcome.js";
import {
  Malformed,
  type Members,
  type Shape,
  boolean,
  count,
  each,
  filledValues,
  list,
  members,
  string,
  within,
} from "../read.js";
import { type By, type Reference, readReference, targetingKey } from "../reference.js";
import { checkDocument, faultOf } from "./check.js";
import { isTooDeep, readPlainObject } from "./plain.js";
import { type DraftRule, readRule } from "./rule.js";
import { type Serve, readServe } from "./serve.js";
import { readListBy, readUnits } from "./units.js";
import { isFlagType, readType, readVariantName, readVariants, variantNames } from "./variants.js";

const FLAG: Shape = { noun: "a flag", nullable: true };
const OVERRIDE: Shape = { noun: "an override", only: ["variant", "percentage", "salt", "by", "cause"] };
const PREREQUISITE: Shape = { noun: "a prerequisite" };
const TARGET: Shape = { noun: "a target" };

/** The names of metadata that results set themselves. */
const RESERVED_METADATA = ["ruleId", "version", "cause", "prerequisite"];

/** A tripped kill switch: a gate with the switch's own salt, before anything else of an enabled flag. */
export interface Override {
  readonly variant: string;
  readonly range: Range;
  readonly salt: Salt;
  readonly by: By;
  readonly cause: string;
}

/** A flag that must serve one of these variants. */
export interface Prerequisite {
  readonly key: string;
  readonly variants: readonly string[];
}

/** Units that are served one variant, whatever the rules say. */
export interface Target {
  readonly by: Reference;
  readonly units: ReadonlySet<string>;
  readonly variant: string;
}

/** What a flag says. */
export interface FlagBody {
  readonly type: FlagType;
  readonly clientVisible: boolean;
  readonly version: number;
  readonly variants: ReadonlyMap<string, FlagValue>;
  readonly metadata: JsonObject;
  readonly enabled: boolean;
  readonly offVariant: string | undefined;
  readonly override: Override | undefined;
  readonly prerequisites: readonly Prerequisite[];
  readonly targets: readonly Target[];
  readonly rules: readonly DraftRule[];
  readonly fallthrough: Serve;
}

/** One flag, read. */
export class FlagDocument {
  readonly kind = "flag";
  readonly key: string;
  /** The document as it was given. */
  readonly raw: unknown;
  /** What is wrong with it by itself. */
  readonly fault: Malformed | undefined;
  /** What it says; absent when it is malformed. */
  readonly body: FlagBody | undefined;
  /** Its variants by name, as written, also when it is malformed. */
  readonly variantNames: { has(name: string): boolean };
  /** Its type as written; absent only when it is malformed. */
  readonly type: FlagType | undefined;
  readonly clientVisible: boolean;
  readonly mentions: readonly Mention[];
  readonly borders: readonly number[];
  readonly asks: boolean;

  constructor(key: string, raw: unknown) {
    this.key = key;
    this.raw = raw;
    let draft: Draft | undefined;
    try {
      checkDocument(key, raw);
      const found = members(raw, FLAG);
      draft = new Draft(found.read("salt", string) ?? key);
      this.body = readFlag(found, key, draft);
    } catch (error) {
      this.fault = faultOf(error);
    }
    const written = this.body ?? readWritten(raw);
    this.variantNames = written.variants;
    this.type = written.type;
    this.clientVisible = written.clientVisible;
    this.mentions = draft?.mentions ?? [];
    this.borders = draft?.borders ?? [];
    this.asks = draft?.asks ?? false;
  }
}

/** What others ask of a flag, also when it is malformed. */
interface Written {
  readonly variants: ReadonlySet<string> | ReadonlyMap<string, FlagValue>;
  readonly type: FlagType | undefined;
  readonly clientVisible: boolean;
}

const NOTHING_WRITTEN: Written = { variants: new Set(), type: undefined, clientVisible: false };

/** Reads what others ask of a flag that is malformed. */
function readWritten(raw: unknown): Written {
  try {
    if (!isObject(raw) || isTooDeep(raw)) {
      return NOTHING_WRITTEN;
    }
    const type = own(raw, "type");
    return {
      variants: new Set(variantNames(own(raw, "variants"))),
      type: isFlagType(type) ? type : undefined,
      clientVisible: own(raw, "clientVisible") === true,
    };
  } catch {
    return NOTHING_WRITTEN;
  }
}

function readFlag(found: Members, key: string, draft: Draft): FlagBody {
  if (found.need("key", string) !== key) {
    throw new Malformed(`the flag's key is ${JSON.stringify(key)} here`).under("key");
  }
  const type = found.need("type", readType);
  const variants = found.need("variants", (value) => readVariants(value, type));
  const variant = (value: unknown): string => readVariantName(value, variants);
  return {
    type,
    variants,
    clientVisible: found.read("clientVisible", boolean) ?? false,
    version: found.read("version", count) ?? 0,
    metadata: found.read("metadata", readMetadata) ?? NO_METADATA,
    enabled: found.need("enabled", boolean),
    offVariant: found.read("offVariant", variant),
    override: found.read("override", (value) => readOverride(value, variants, draft)),
    prerequisites: found.read("prerequisites", (value) => readPrerequisites(value, draft)) ?? [],
    targets: found.read("targets", (value) => readTargets(value, variants)) ?? [],
    rules: found.read("rules", (value) => readRules(value, variants, draft)) ?? [],
    fallthrough: found.need("fallthrough", (value) => readServe(value, variants, draft)),
  };
}

/** Reads the flag's own metadata, which is free but for being JSON that every language reads alike. */
function readMetadata(value: unknown): JsonObject {
  const found = readPlainObject(value);
  const reserved = RESERVED_METADATA.find((name) => Object.hasOwn(found, name));
  if (reserved !== undefined) {
    throw new Malformed(`results carry metadata named ${reserved}; choose another name`);
  }
  return found;
}

function readOverride(value: unknown, variants: ReadonlyMap<string, FlagValue>, draft: Draft): Override {
  const found = members(value, OVERRIDE);
  return {
    variant: found.need("variant", (name) => readVariantName(name, variants)),
    range: { from: 0, to: found.need("percentage", readPercent) },
    salt: new Salt(found.need("salt", string)),
    cause: found.need("cause", string),
    by: draft.noteBy(readListBy(found)),
  };
}

function readPrerequisites(value: unknown, draft: Draft): Prerequisite[] {
  return each(list(value), (item) => draft.flagReference(members(item, PREREQUISITE)));
}

function readTargets(value: unknown, variants: ReadonlyMap<string, FlagValue>): Target[] {
  return each(list(value), (item) => {
    const found = members(item, TARGET);
    return {
      by: found.read("by", (name) => readReference(name, "list")) ?? targetingKey,
      units: found.need("values", (units) => readUnits(filledValues(units))),
      variant: found.need("variant", (name) => readVariantName(name, variants)),
    };
  });
}

function readRules(value: unknown, variants: ReadonlyMap<string, FlagValue>, draft: Draft): DraftRule[] {
  const ids = new Set<string>();
  return each(within(value, RULES_PER_FLAG), (item) => readRule(item, variants, ids, draft));
}
