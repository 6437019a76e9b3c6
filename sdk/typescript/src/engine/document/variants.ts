/**
 * The values that a flag may serve.
 */
import { isObject } from "../context.js";
import type { FlagValue } from "../evaluation.js";
import { OBJECT_VALUE_BYTES, VARIANTS_PER_FLAG } from "../limits.js";
import type { FlagType } from "../outcome.js";
import { Malformed, at, boolean, isKey, number, string, wrongType } from "../read.js";
import { compactLength, readPlainObject } from "./plain.js";

const TYPES: readonly string[] = ["boolean", "string", "number", "object"] satisfies FlagType[];

/** The names of a flag's variants as written, whatever else is wrong: other flags may name them. */
export function variantNames(variants: unknown): readonly string[] {
  const names = isObject(variants) ? Object.keys(variants) : [];
  return names.length > VARIANTS_PER_FLAG ? [] : names;
}

/** Whether a value is the type of a flag. */
export function isFlagType(value: unknown): value is FlagType {
  return typeof value === "string" && TYPES.includes(value);
}

/** Reads a flag's type. */
export function readType(value: unknown): FlagType {
  if (!isFlagType(value)) {
    throw new Malformed(`the type is one of ${TYPES.join(", ")}`);
  }
  return value;
}

/** Reads the variants. */
export function readVariants(value: unknown, type: FlagType): ReadonlyMap<string, FlagValue> {
  if (!isObject(value)) {
    throw wrongType(value, "an object of variants");
  }
  const written = Object.entries(value) as [string, unknown][];
  if (written.length === 0 || written.length > VARIANTS_PER_FLAG) {
    throw new Malformed(`a flag has 1 to ${VARIANTS_PER_FLAG} variants`);
  }
  return new Map(written.map(([name, inner]) => [name, at(name, inner, (of) => readVariant(name, of, type))]));
}

function readVariant(name: string, value: unknown, type: FlagType): FlagValue {
  if (!isKey(name)) {
    throw new Malformed("a variant's name is 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or digit");
  }
  switch (type) {
    case "boolean":
      return boolean(value);
    case "string":
      return string(value);
    case "number":
      return number(value);
    case "object":
      return readObject(value);
  }
}

function readObject(value: unknown): FlagValue {
  const found = readPlainObject(value);
  const bytes = compactLength(found);
  if (bytes > OBJECT_VALUE_BYTES) {
    throw new Malformed(`the value takes ${bytes} bytes; at most ${OBJECT_VALUE_BYTES} are allowed`);
  }
  return found;
}

/** Reads the name of one of these variants. */
export function readVariantName(value: unknown, variants: ReadonlyMap<string, FlagValue>): string {
  const name = string(value);
  if (!variants.has(name)) {
    throw new Malformed(`the flag has no variant named ${JSON.stringify(name)}`);
  }
  return name;
}
