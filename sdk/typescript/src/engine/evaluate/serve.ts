/**
 * What a rule or the fallthrough serves, as results that are made already.
 */
import type { Draw } from "../condition/condition.js";
import type { Links } from "../condition/draft.js";
import type { At, Context } from "../context.js";
import type { Serve, Split } from "../document/serve.js";
import type { Evaluation } from "../evaluation.js";
import type { Reason } from "../outcome.js";
import type { Results, Source } from "./results.js";

/** Chooses a result; undefined when a split has no unit to draw by. */
export interface Server {
  /** The one result, when nothing is drawn. */
  readonly only: Evaluation | undefined;
  serve(context: Context, at: At): Evaluation | undefined;
}

/** Serves one variant. */
class OneServer implements Server {
  constructor(readonly only: Evaluation) {}

  serve(): Evaluation {
    return this.only;
  }
}

/** Serves the variant whose share holds the unit's bucket. */
class SplitServer implements Server {
  readonly only = undefined;
  private readonly ends: readonly number[];
  private readonly results: readonly Evaluation[];

  constructor(
    split: Split,
    private readonly draw: Draw,
    result: (variant: string) => Evaluation,
  ) {
    const made = new Map<string, Evaluation>();
    this.ends = split.shares.map((share) => share.end);
    this.results = split.shares.map(({ variant }) => {
      const found = made.get(variant) ?? result(variant);
      made.set(variant, found);
      return found;
    });
  }

  serve(context: Context, at: At): Evaluation | undefined {
    const unit = this.draw.by.unit(context, at);
    if (unit === undefined) {
      return undefined;
    }
    const bucket = this.draw.salt.splitBucket(unit);
    let share = 0;
    while (bucket >= (this.ends[share] ?? Infinity)) {
      share++;
    }
    return this.results[share];
  }
}

/** Links what is served; `otherwise` is the reason when no split decides. */
export function linkServe(serve: Serve, links: Links, results: Results, otherwise: Reason, source?: Source): Server {
  if (typeof serve === "string") {
    return new OneServer(results.of(serve, otherwise, source));
  }
  const track = source?.track;
  return new SplitServer(serve, serve.draw(links), (variant) => {
    // The arm of a split is the variant served.
    return results.of(
      variant,
      "SPLIT",
      track === undefined ? source : { ...source, track: { ...track, arm: variant } },
    );
  });
}
