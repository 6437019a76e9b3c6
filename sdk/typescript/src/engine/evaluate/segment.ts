/**
 * A segment, linked to what it names: it is the condition of all who name it.
 */
import type { Condition } from "../condition/condition.js";
import type { Links } from "../condition/draft.js";
import type { At, Context } from "../context.js";
import type { SegmentDocument } from "../document/segment.js";
import type { Status } from "./status.js";
import { type By, DEFAULT_BY } from "../reference.js";

const NOBODY: ReadonlySet<string> = new Set();

/** A segment in its snapshot. A broken one holds for nobody, and is reached by broken flags only. */
export class SegmentNode implements Condition {
  readonly draws: boolean;
  private readonly by: By;
  private readonly included: ReadonlySet<string>;
  private readonly excluded: ReadonlySet<string>;
  private readonly when: Condition | undefined;
  private readonly hasLists: boolean;

  /** Without links the segment is broken. */
  constructor(
    readonly document: SegmentDocument,
    links: Links | undefined,
    readonly status: Status,
  ) {
    const body = links && document.body;
    this.by = body?.by ?? DEFAULT_BY;
    this.included = body?.included ?? NOBODY;
    this.excluded = body?.excluded ?? NOBODY;
    this.when = links && body?.when?.(links);
    this.draws = this.when?.draws ?? false;
    this.hasLists = this.included.size > 0 || this.excluded.size > 0;
  }

  holds(context: Context, at: At): boolean {
    if (this.hasLists) {
      const unit = this.by.unit(context, at);
      if (unit !== undefined) {
        if (this.included.has(unit)) {
          return true;
        }
        if (this.excluded.has(unit)) {
          return false;
        }
      }
    }
    return this.when?.holds(context, at) ?? false;
  }
}
