/**
 * A flag that another flag or a segment asks for: it must be enabled and serve one of these variants.
 */
import type { Condition } from "../condition/condition.js";
import type { At, Context } from "../context.js";
import type { FlagNode } from "./flag.js";

/** Holds when a flag is enabled and serves one of these variants. What draws in that flag is not the asker's chance. */
export class FlagServes implements Condition {
  readonly draws = false;

  constructor(
    private readonly flag: FlagNode,
    private readonly variants: readonly string[],
  ) {}

  holds(context: Context, at: At): boolean {
    const served = this.flag.servedWhenEnabled(context, at);
    return served !== undefined && this.variants.includes(served);
  }
}
