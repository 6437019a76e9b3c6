/**
 * Makes the results of one flag, each once: an evaluation only chooses one. Must not decide anything.
 */
import type { DraftTrack } from "../document/rule.js";
import type { FlagDocument } from "../document/flag.js";
import { type Evaluation, type JsonObject, NO_METADATA, type Track } from "../evaluation.js";
import type { Reason } from "../outcome.js";

/** What decided, beside the flag. */
export interface Source {
  readonly ruleId?: string;
  readonly cause?: string;
  readonly prerequisite?: string;
  readonly track?: DraftTrack | undefined;
}

/** Makes results of one flag. */
export class Results {
  private readonly metadata: JsonObject;

  constructor(private readonly flag: FlagDocument) {
    this.metadata = flag.body?.metadata ?? NO_METADATA;
  }

  /** The result that serves a variant; without one the caller's own default is served. */
  of(variant: string | undefined, reason: Reason, source: Source = {}): Evaluation {
    return Object.freeze({
      flagKey: this.flag.key,
      value: variant === undefined ? undefined : this.flag.body?.variants.get(variant),
      variant,
      reason,
      errorCode: undefined,
      errorMessage: undefined,
      ruleId: source.ruleId,
      version: this.flag.body?.version,
      cause: source.cause,
      prerequisite: source.prerequisite,
      track: source.track && trackOf(source.track),
      metadata: this.metadata,
    });
  }
}

function trackOf({ run, by, arm }: DraftTrack): Track {
  const frozen = Object.freeze([...by]);
  return Object.freeze(arm === undefined ? { run, by: frozen } : { run, by: frozen, arm });
}
