/**
 * Typed reading of a parsed document: members with the right presence and type. The first thing that is wrong is
 * thrown as `Malformed`, and breaks the document that holds it. Must not know what a flag means.
 */
import { isObject, own } from "./context.js";
import { KEY_LENGTH, VALUES_PER_LIST } from "./limits.js";

/** What is wrong with a document. Where it stands is found on the way out, so that what is sound pays nothing for it. */
export class Malformed extends Error {
  private pointer = "";

  /** The same error, of a place one token further out. */
  under(token: string | number): this {
    const escaped = String(token).replaceAll("~", "~0").replaceAll("/", "~1");
    this.pointer = `/${escaped}${this.pointer}`;
    return this;
  }

  /** Where, as a JSON Pointer into the flag, segment or layer, and what. */
  get detail(): string {
    return this.pointer === "" ? this.message : `${this.pointer}: ${this.message}`;
  }
}

/** Reads a value that stands at a token of its object or list. */
export function at<T>(token: string | number, value: unknown, read: (value: unknown) => T): T {
  try {
    return read(value);
  } catch (error) {
    throw error instanceof Malformed ? error.under(token) : error;
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
  ) {}

  /** The member's value; undefined when it is absent. */
  get(name: string): unknown {
    const value = own(this.object, name);
    return value === null && this.nullable ? undefined : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Reads the member when it is there. */
  read<T>(name: string, read: (value: unknown) => T): T | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : at(name, value, read);
  }

  /** Reads a member that must be there. */
  need<T>(name: string, read: (value: unknown) => T): T {
    const value = this.get(name);
    if (value === undefined) {
      throw new Malformed("this member is required").under(name);
    }
    return at(name, value, read);
  }
}

/** Reads an object and holds its members against the shape. */
export function members(value: unknown, { noun, only, nullable }: Shape): Members {
  if (!isObject(value)) {
    throw wrongType(value, noun);
  }
  if (only !== undefined) {
    for (const name of Object.keys(value)) {
      if (!only.includes(name) && own(value, name) !== undefined) {
        throw new Malformed(`${noun} has no such member here; it may have: ${only.join(", ")}`).under(name);
      }
    }
  }
  return new Members(value, nullable === true);
}

/** The error of a value of another type. */
export function wrongType(value: unknown, wanted: string): Malformed {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
  return new Malformed(`${wanted} is wanted here, not ${found}`);
}

export function string(value: unknown): string {
  if (typeof value !== "string") {
    throw wrongType(value, "a string");
  }
  if (!value.isWellFormed()) {
    throw new Malformed("the string holds a lone surrogate; it must be valid Unicode");
  }
  return value;
}

/** A string that is not empty. */
export function filled(value: unknown): string {
  const text = string(value);
  if (text === "") {
    throw new Malformed("the string may not be empty");
  }
  return text;
}

export function boolean(value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw wrongType(value, "true or false");
  }
  return value;
}

/** A finite number; -0 is 0. */
export function number(value: unknown): number {
  if (typeof value !== "number") {
    throw wrongType(value, "a number");
  }
  if (!Number.isFinite(value)) {
    throw new Malformed("the number is too large for a double");
  }
  return value + 0;
}

/** An integral number from 0 to below 2^53. */
export function count(value: unknown): number {
  const found = exact(number(value));
  if (found === undefined || found < 0) {
    throw new Malformed("an integral number of at least 0 and below 2^53 is wanted here");
  }
  return found;
}

/** A number, when it is integral and below 2^53. */
export function exact(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw wrongType(value, "a list");
  }
  return value;
}

/** A list of at most so many items. */
export function within(value: unknown, limit: number): readonly unknown[] {
  const items = list(value);
  if (items.length > limit) {
    throw new Malformed(`there are ${items.length} here; at most ${limit} are allowed`);
  }
  return items;
}

/** A list of values, bounded. */
export function values(value: unknown): readonly unknown[] {
  return within(value, VALUES_PER_LIST);
}

/** A list that is not empty. */
export function filledList(value: unknown): readonly unknown[] {
  const items = list(value);
  if (items.length === 0) {
    throw new Malformed("the list may not be empty");
  }
  return items;
}

/** A list of values that is not empty, bounded. */
export function filledValues(value: unknown): readonly unknown[] {
  return values(filledList(value));
}

/** Reads each item of a list. */
export function each<T>(items: readonly unknown[], read: (value: unknown) => T): T[] {
  const found: T[] = [];
  try {
    // Not with map, which leaves out what a sparse list does not hold.
    for (const item of items) {
      found.push(read(item));
    }
  } catch (error) {
    throw error instanceof Malformed ? error.under(found.length) : error;
  }
  return found;
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
