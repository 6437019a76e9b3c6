/**
 * The dialect's grammar: a recursive descent that checks a pattern and writes it for RE2. Flags never reach RE2 as
 * flags of the whole: each literal, class, dot and anchor is written with its own meaning, so that nothing (`\w` under
 * `i`) can mean more than the contract says.
 */
import { classOf, escape, readClass, writeLetter } from "./class.js";
import { Cursor } from "./cursor.js";
import { readRepetition } from "./repetition.js";

/** What is in force at a place. */
interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** What was read: its translation, and the largest product of repetition counts inside it. */
interface Part {
  readonly text: string;
  readonly product: number;
}

/** Checks a pattern and writes it for RE2. */
export function translate(points: readonly string[], ignoreCase: boolean): string {
  const cursor = new Cursor(points);
  const parser = new Parser(cursor);
  const { text } = parser.alternatives({ i: ignoreCase, m: false, s: false });
  if (cursor.peek() !== undefined) {
    throw cursor.refuse("the parenthesis closes no group");
  }
  return text;
}

class Parser {
  private readonly names = new Set<string>();

  constructor(private readonly cursor: Cursor) {}

  /** Alternatives up to the end or a closing parenthesis. */
  alternatives(outer: Flags): Part {
    let flags = outer;
    let text = "";
    let product = 1;
    for (;;) {
      const letter = this.cursor.peek();
      if (letter === undefined || letter === ")") {
        return { text, product };
      }
      if (letter === "|") {
        this.cursor.next();
        text += "|";
        continue;
      }
      const item = this.item(letter, flags);
      if ("i" in item) {
        flags = item;
        continue;
      }
      const repetition = readRepetition(this.cursor, item.product);
      text += item.text + repetition.text;
      product = Math.max(product, repetition.product);
    }
  }

  /** Something that may be repeated, or flags for what follows in the group. */
  private item(letter: string, flags: Flags): Part | Flags {
    if ("*+?{".includes(letter)) {
      throw this.cursor.refuse("there is nothing to repeat here, or a repetition is repeated");
    }
    if (letter === "]" || letter === "}") {
      throw this.cursor.refuse("a literal ] or } must be escaped");
    }
    this.cursor.next();
    return letter === "(" ? this.group(flags) : { text: this.single(letter, flags), product: 1 };
  }

  private single(letter: string, flags: Flags): string {
    switch (letter) {
      case "[":
        return readClass(this.cursor).write(flags.i);
      case "\\":
        return this.escape(flags);
      case ".":
        return flags.s ? "(?s:.)" : "[^\\n]";
      case "^":
        return flags.m ? "(?m:^)" : "\\A";
      case "$":
        return flags.m ? "(?m:$)" : "\\z";
      default:
        return literal(letter, flags);
    }
  }

  /** What follows a backslash outside a class. */
  private escape(flags: Flags): string {
    const letter = this.cursor.peek();
    if (letter === "b" || letter === "B" || letter === "A" || letter === "z") {
      this.cursor.next();
      return `\\${letter}`;
    }
    const escaped = escape(this.cursor);
    return escaped.kind === "letter" ? literal(escaped.letter, flags) : classOf(escaped).write(flags.i);
  }

  /** What follows an opening parenthesis. */
  private group(outer: Flags): Part | Flags {
    let inner = outer;
    if (this.cursor.take("?")) {
      if (this.cursor.peek() === "P") {
        this.groupName();
      } else {
        inner = this.flags(outer);
        if (this.cursor.take(")")) {
          return inner;
        }
        if (!this.cursor.take(":")) {
          throw this.cursor.refuse("after (? only : P<name> or the flags i, m and s are known");
        }
      }
    }
    const { text, product } = this.alternatives(inner);
    if (!this.cursor.take(")")) {
      throw this.cursor.refuse("the group is not closed");
    }
    return { text: `(?:${text})`, product };
  }

  /** `P<name>`; the name is checked, and forgotten. */
  private groupName(): void {
    this.cursor.next();
    if (!this.cursor.take("<")) {
      throw this.cursor.refuse("a named group is written (?P<name> )");
    }
    const name = this.cursor.takeWhile(/^[0-9A-Za-z_]$/);
    if (!/^[A-Za-z_]/.test(name) || this.names.has(name) || !this.cursor.take(">")) {
      throw this.cursor.refuse("a group's name is letters, digits and _, does not begin with a digit, and is unique");
    }
    this.names.add(name);
  }

  /** Flags up to `)` or `:`; `(?:` has none, and `(?)` is nothing. */
  private flags(outer: Flags): Flags {
    const written = this.cursor.takeWhile(/^[ims-]$/);
    const [on = "", off, ...more] = written.split("-");
    if (off === "" || more.length > 0) {
      throw this.cursor.refuse("a flag must follow the one -");
    }
    if (written === "" && this.cursor.peek() === ")") {
      throw this.cursor.refuse("there are no flags here");
    }
    const after = (flag: keyof Flags): boolean =>
      off?.includes(flag) === true ? false : on.includes(flag) || outer[flag];
    return { i: after("i"), m: after("m"), s: after("s") };
  }
}

function literal(letter: string, flags: Flags): string {
  return flags.i ? `(?i:${writeLetter(letter)})` : writeLetter(letter);
}
