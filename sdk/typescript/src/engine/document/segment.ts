/**
 * A segment: a named audience, shared by flags. Read and compiled, not yet linked to what it names.
 */
import { Draft, type DraftCondition, type Mention } from "../condition/draft.js";
import { readCondition } from "../condition/read.js";
import { type Malformed, type Shape, members, string } from "../read.js";
import { type By } from "../reference.js";
import { checkDocument, faultOf } from "./check.js";
import { readListBy, readUnits } from "./units.js";

const SHAPE: Shape = { noun: "a segment", nullable: true };
const NOBODY: ReadonlySet<string> = new Set();

/** What a segment says. */
export interface SegmentBody {
  readonly by: By;
  readonly included: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
  /** Absent: only the included are in it. */
  readonly when: DraftCondition | undefined;
}

/** One segment, read. */
export class SegmentDocument {
  readonly kind = "segment";
  readonly key: string;
  /** The document as it was given. */
  readonly raw: unknown;
  /** What is wrong with it by itself. */
  readonly fault: Malformed | undefined;
  /** What it says; absent when it is malformed. */
  readonly body: SegmentBody | undefined;
  readonly mentions: readonly Mention[];
  readonly borders: readonly number[];
  readonly asks: boolean;

  constructor(key: string, raw: unknown) {
    this.key = key;
    this.raw = raw;
    let draft: Draft | undefined;
    try {
      checkDocument(key, raw);
      const found = members(raw, SHAPE);
      draft = new Draft(found.read("salt", string) ?? key);
      this.body = {
        by: readListBy(found),
        included: found.read("included", readUnits) ?? NOBODY,
        excluded: found.read("excluded", readUnits) ?? NOBODY,
        when: found.read("when", (value) => readCondition(value, draft as Draft)),
      };
    } catch (error) {
      this.fault = faultOf(error);
    }
    this.mentions = draft?.mentions ?? [];
    this.borders = draft?.borders ?? [];
    this.asks = draft?.asks ?? false;
  }
}
