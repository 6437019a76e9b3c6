/**
 * Character classes: brackets, and the escapes that stand for a set. Under `i` everything folds but `\w` and `\W`,
 * which RE2 would fold; a class that mixes both is taken apart here.
 */
import { RE2JS } from "re2js";
import type { Cursor } from "./cursor.js";
import { property } from "./property.js";

/** What a backslash and its letter mean: a letter, or a set. */
export type Escaped =
  | { readonly kind: "letter"; readonly letter: string }
  /** A set that folds under `i`, written for RE2. */
  | { readonly kind: "set"; readonly text: string }
  | { readonly kind: "word"; readonly negated: boolean };

const WORD = "0-9A-Za-z_";
const EVERYTHING = "[\\x{0}-\\x{10FFFF}]";
const NOTHING = "[^\\x{0}-\\x{10FFFF}]";
/** What RE2 folds into `\w`: the kelvin sign and the long s. */
const FOLDED_INTO_WORD = ["\u212a", "\u017f"];
const WORD_LETTERS = Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["f", "\f"],
]);
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;
const DOUBLED = "&&, -- and ~~ are not allowed inside a class; escape one of the two";

/** Takes what follows a backslash, where it stands for a letter or a set. */
export function escape(cursor: Cursor): Escaped {
  const letter = cursor.next();
  if (letter === undefined) {
    throw cursor.refuse("the pattern ends in a backslash");
  }
  switch (letter) {
    case "d":
    case "D":
    case "s":
    case "S":
      return { kind: "set", text: `\\${letter}` };
    case "w":
    case "W":
      return { kind: "word", negated: letter === "W" };
    case "p":
    case "P":
      return { kind: "set", text: readProperty(cursor, letter === "P") };
  }
  const meant = CONTROLS.get(letter) ?? (PUNCTUATION.test(letter) ? letter : undefined);
  if (meant === undefined) {
    throw cursor.refuse("there is no such escape in this dialect");
  }
  return { kind: "letter", letter: meant };
}

/** `{name}` after `\p` or `\P`. */
function readProperty(cursor: Cursor, negated: boolean): string {
  if (!cursor.take("{")) {
    throw cursor.refuse("a property is written \\p{name}");
  }
  const found = property(cursor.takeWhile(/^[A-Za-z_]$/), negated);
  if (found === undefined || !cursor.take("}")) {
    throw cursor.refuse("a property is a category's short name (Lu) or a script's full name (Greek)");
  }
  return found;
}

/** Reads a class after its opening bracket. */
export function readClass(cursor: Cursor): Class {
  const found = new Class(cursor.take("^"));
  let empty = true;
  while (!cursor.take("]")) {
    readMember(cursor, found);
    empty = false;
  }
  if (empty) {
    throw cursor.refuse("a class may not be empty; a literal ] is escaped");
  }
  return found;
}

/** Reads a letter, a range or a set inside brackets. */
function readMember(cursor: Cursor, found: Class): void {
  const first = member(cursor);
  const after = cursor.peek(1);
  const isRange = cursor.peek() === "-" && after !== undefined && after !== "]";
  if (!isRange) {
    found.add(first);
    return;
  }
  if (first.kind !== "letter") {
    throw cursor.refuse("a range begins with a letter, not with a set");
  }
  cursor.next();
  if (cursor.peek() === "-") {
    throw cursor.refuse(DOUBLED);
  }
  const last = member(cursor);
  if (last.kind !== "letter") {
    throw cursor.refuse("a range ends in a letter, not in a set");
  }
  if (pointOf(first.letter) > pointOf(last.letter)) {
    throw cursor.refuse("a range may not end before it begins");
  }
  found.addRange(first.letter, last.letter);
}

/** One letter or set inside brackets. */
function member(cursor: Cursor): Escaped {
  const letter = cursor.next();
  switch (letter) {
    case undefined:
      throw cursor.refuse("the class is not closed");
    case "\\":
      return escape(cursor);
    case "[":
    case "]":
      throw cursor.refuse("a [ or ] inside a class must be escaped");
    case "&":
    case "-":
    case "~":
      if (cursor.peek() === letter) {
        throw cursor.refuse(DOUBLED);
      }
  }
  return { kind: "letter", letter };
}

/** A class: literals, ranges and sets. */
export class Class {
  /** What folds under `i`, written for the inside of brackets. */
  private folding = "";
  private word = false;
  private notWord = false;

  constructor(private readonly negated: boolean) {}

  addRange(from: string, to: string): void {
    this.folding += `${writeLetter(from)}-${writeLetter(to)}`;
  }

  add(escaped: Escaped): void {
    switch (escaped.kind) {
      case "letter":
        this.folding += writeLetter(escaped.letter);
        break;
      case "set":
        this.folding += escaped.text;
        break;
      case "word":
        this.word ||= !escaped.negated;
        this.notWord ||= escaped.negated;
    }
  }

  /** The class for RE2. */
  write(ignoreCase: boolean): string {
    if (ignoreCase && (this.word || this.notWord)) {
      return this.takenApart();
    }
    const words = `${this.word ? "\\w" : ""}${this.notWord ? "\\W" : ""}`;
    const text = `[${this.negated ? "^" : ""}${this.folding}${words}]`;
    return ignoreCase ? `(?i:${text})` : text;
  }

  /** The class under `i`: what folds is folded, and joined with `\w` or `\W` as they are. */
  private takenApart(): string {
    if (this.word && this.notWord) {
      return this.negated ? NOTHING : EVERYTHING;
    }
    const plain = this.word === this.negated ? `[^${WORD}]` : `[${WORD}]`;
    if (this.folding === "") {
      return plain;
    }
    if (!this.negated) {
      return `(?:${plain}|(?i:[${this.folding}]))`;
    }
    const folding = RE2JS.compile(`(?i:[${this.folding}])`);
    if (this.notWord) {
      // What is left of \w.
      return oneOf(WORD_LETTERS.filter((letter) => !folding.test(letter)));
    }
    // RE2 leaves out what folds into \w; unless the rest of the class holds it, it belongs here.
    const missing = FOLDED_INTO_WORD.filter((letter) => !folding.test(letter));
    return `(?:(?i:[^${this.folding}\\w])|${oneOf(missing)})`;
  }
}

/** The class of one set. */
export function classOf(escaped: Escaped): Class {
  const found = new Class(false);
  found.add(escaped);
  return found;
}

function oneOf(letters: readonly string[]): string {
  return letters.length === 0 ? NOTHING : `[${letters.map(writeLetter).join("")}]`;
}

function pointOf(letter: string): number {
  return letter.codePointAt(0) ?? 0;
}

/** A literal in a form that means itself inside and outside of brackets. */
export function writeLetter(letter: string): string {
  return /^[0-9A-Za-z]$/.test(letter) ? letter : `\\x{${pointOf(letter).toString(16)}}`;
}
