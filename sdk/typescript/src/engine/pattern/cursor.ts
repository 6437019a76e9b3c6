/**
 * Takes one code point after another from a pattern. Must not know what they mean.
 */

/** Why a pattern is outside the dialect. */
export class Refused extends Error {
  /** Which code point, from 0. */
  readonly at: number;

  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

/** A place in a pattern. */
export class Cursor {
  private at = 0;

  constructor(private readonly points: readonly string[]) {}

  /** The code point here, or one further on; undefined at the end. */
  peek(further = 0): string | undefined {
    return this.points[this.at + further];
  }

  /** Takes the code point here. */
  next(): string | undefined {
    const point = this.points[this.at];
    if (point !== undefined) {
      this.at++;
    }
    return point;
  }

  /** Takes the code point here when it is this one. */
  take(wanted: string): boolean {
    const found = this.points[this.at] === wanted;
    if (found) {
      this.at++;
    }
    return found;
  }

  /** Takes code points for as long as they match. */
  takeWhile(matches: RegExp): string {
    let taken = "";
    for (let point = this.peek(); point !== undefined && matches.test(point); point = this.peek()) {
      taken += point;
      this.at++;
    }
    return taken;
  }

  refuse(what: string): Refused {
    return new Refused(this.at, what);
  }
}
