/**
 * What is collected while a flag or a segment is read: what it names, when it may change by itself, and conditions
 * that are not linked yet. Must not know whether what is named exists; linking finds out.
 */
import { Salt } from "../bucket.js";
import type { FlagNode } from "../evaluate/flag.js";
import type { SegmentNode } from "../evaluate/segment.js";
import { type Members, each, filledValues, string } from "../read.js";
import type { By } from "../reference.js";
import type { Condition, Draw } from "./condition.js";

/** What kind of document is named. */
export type Kind = "flag" | "segment" | "layer";

/** One place where a document names another. */
export interface Mention {
  readonly kind: Kind;
  readonly key: string;
  /** For a flag: the variants that count. */
  readonly variants: readonly string[];
}

/** What a mention leads to, once all that a document names is known to be sound. */
export interface Links {
  flag(key: string): FlagNode;
  segment(key: string): SegmentNode;
  layer(key: string): Draw;
}

/** What is made when the links are known. */
export type Linkable<T> = (links: Links) => T;

/** A condition that was read and is not linked yet. */
export type DraftCondition = Linkable<Condition>;

/** The state of one flag or segment while it is read. */
export class Draft {
  readonly salt: Salt;
  readonly mentions: Mention[] = [];
  /** Epoch milliseconds from which an answer may be another than a millisecond before. */
  readonly borders: number[] = [];
  /** Whether the clock or the dice are asked. */
  asks = false;

  constructor(salt: string) {
    this.salt = new Salt(salt);
  }

  /** Notes that another document is named. */
  mention(kind: Kind, key: string, variants: readonly string[] = []): void {
    this.mentions.push({ kind, key, variants });
  }

  /** Notes whether a `by` asks the dice. */
  noteBy(by: By): By {
    this.asks ||= by.asks;
    return by;
  }

  /** Reads `flag` and `variants`, of a prerequisite or a condition. */
  flagReference(members: Members): { key: string; variants: readonly string[] } {
    const key = members.need("flag", string);
    const variants = members.need("variants", (value) => each(filledValues(value), string));
    this.mention("flag", key, variants);
    return { key, variants };
  }
}
