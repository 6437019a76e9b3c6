/**
 * Typed reading of a parsed document: members with the right presence and type. The first thing that is wrong is
 * thrown as `Malformed`, and breaks the document that holds it. Must not know what a flag means.
 */
import { isObject, own } from "./context.js";
import { KEY_LENGTH, VALUES_PER_LIST } from "./limits.js";

/** What is wrong with a document, and where. */
export class Malformed extends Error {
  /** A JSON Pointer into the flag, segment or layer. */
  readonly pointer: string;

  constructor(pointer: string, detail: string) {
    super(pointer === "" ? detail : `${pointer}: ${detail}`);
    this.pointer = pointer;
  }
}

/** What an object may hold. */
export interface Shape {
  /** With its article, as in "a rule". */
  readonly noun: string;
  /** In a closed shape: all members there are. An unknown one breaks the document, since it could invert the targeting. */
  readonly only?: readonly string[];
  /** An explicit null counts as absent. */
  readonly nullable?: boolean;
}

/** The members of an object that has been held against its shape. */
export class Members {
  constructor(
    private readonly object: object,
    private readonly nullable: boolean,
    /** Where the object stands. */
    readonly at: string,
  ) {}

  /** The member's value; undefined when it is absent. */
  get(name: string): unknown {
    const value = own(this.object, name);
    return value === null && this.nullable ? undefined : value;
  }

  /** Where the member stands. */
  place(name: string): string {
    return below(this.at, name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Reads the member when it is there. */
  read<T>(name: string, read: (value: unknown, at: string) => T): T | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : read(value, this.place(name));
  }

  /** Reads a member that must be there. */
  need<T>(name: string, read: (value: unknown, at: string) => T): T {
    const value = this.get(name);
    if (value === undefined) {
      throw new Malformed(this.place(name), "this member is required");
    }
    return read(value, this.place(name));
  }
}

/** A pointer one token deeper. */
export function below(at: string, token: string | number): string {
  return `${at}/${typeof token === "number" ? token : token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Reads an object and holds its members against the shape. */
export function members(value: unknown, shape: Shape, at: string): Members {
  if (!isObject(value)) {
    throw wrongType(value, shape.noun, at);
  }
  const { only } = shape;
  if (only !== undefined) {
    for (const name of Object.keys(value)) {
      if (!only.includes(name) && own(value, name) !== undefined) {
        throw new Malformed(below(at, name), `${shape.noun} has no such member here; it may have: ${only.join(", ")}`);
      }
    }
  }
  return new Members(value, shape.nullable === true, at);
}

/** The error of a value of another type. */
export function wrongType(value: unknown, wanted: string, at: string): Malformed {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
  return new Malformed(at, `${wanted} is wanted here, not ${found}`);
}

export function string(value: unknown, at: string): string {
  if (typeof value !== "string") {
    throw wrongType(value, "a string", at);
  }
  if (!value.isWellFormed()) {
    throw new Malformed(at, "the string holds a lone surrogate; it must be valid Unicode");
  }
  return value;
}

/** A string that is not empty. */
export function filled(value: unknown, at: string): string {
  const text = string(value, at);
  if (text === "") {
    throw new Malformed(at, "the string may not be empty");
  }
  return text;
}

export function boolean(value: unknown, at: string): boolean {
  if (typeof value !== "boolean") {
    throw wrongType(value, "true or false", at);
  }
  return value;
}

/** A finite number; -0 is 0. */
export function number(value: unknown, at: string): number {
  if (typeof value !== "number") {
    throw wrongType(value, "a number", at);
  }
  if (!Number.isFinite(value)) {
    throw new Malformed(at, "the number is too large for a double");
  }
  return value + 0;
}

/** An integral number from 0 to below 2^53. */
export function count(value: unknown, at: string): number {
  const found = exact(number(value, at));
  if (found === undefined || found < 0) {
    throw new Malformed(at, "an integral number of at least 0 and below 2^53 is wanted here");
  }
  return found;
}

/** A number, when it is integral and below 2^53. */
export function exact(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

export function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw wrongType(value, "a list", at);
  }
  return value;
}

/** A list that is not empty. */
export function filledList(value: unknown, at: string): readonly unknown[] {
  const items = list(value, at);
  if (items.length === 0) {
    throw new Malformed(at, "the list may not be empty");
  }
  return items;
}

/** A list of values, bounded. */
export function values(value: unknown, at: string): readonly unknown[] {
  return within(list(value, at), VALUES_PER_LIST, at);
}

/** A list of values that is not empty, bounded. */
export function filledValues(value: unknown, at: string): readonly unknown[] {
  return within(filledList(value, at), VALUES_PER_LIST, at);
}

/** A list of at most so many items. */
export function within(items: readonly unknown[], limit: number, at: string): readonly unknown[] {
  if (items.length > limit) {
    throw new Malformed(at, `there are ${items.length} here; at most ${limit} are allowed`);
  }
  return items;
}

/** Reads each item of a list. */
export function each<T>(items: readonly unknown[], at: string, read: (value: unknown, at: string) => T): T[] {
  return Array.from(items, (item, index) => read(item, `${at}/${index}`));
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** Whether a text is a key, or the name of a variant. */
export function isKey(text: string): boolean {
  return text.length <= KEY_LENGTH && KEY.test(text);
}

/** Whether a text is the id of a rule. */
export function isRuleId(text: string): boolean {
  return text.length <= KEY_LENGTH && RULE_ID.test(text);
}
