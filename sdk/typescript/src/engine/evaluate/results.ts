/**
 * Makes the results of one flag, each once: an evaluation only chooses one. Must not decide anything.
 */
import type { DraftTrack } from "../document/rule.js";
import type { FlagBody } from "../document/flag.js";
import type { Evaluation, Track } from "../evaluation.js";
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
  constructor(
    private readonly flagKey: string,
    private readonly flag: FlagBody,
  ) {}

  /** The result that serves a variant; without one the caller's own default is served. */
  of(variant: string | undefined, reason: Reason, source: Source = {}): Evaluation {
    return Object.freeze({
      flagKey: this.flagKey,
      value: variant === undefined ? undefined : this.flag.variants.get(variant),
      variant,
      reason,
      errorCode: undefined,
      errorMessage: undefined,
      ruleId: source.ruleId,
      version: this.flag.version,
      cause: source.cause,
      prerequisite: source.prerequisite,
      track: source.track && trackOf(source.track),
      metadata: this.flag.metadata,
    });
  }
}

function trackOf({ run, by, arm }: DraftTrack): Track {
  const frozen = Object.freeze([...by]);
  return Object.freeze(arm === undefined ? { run, by: frozen } : { run, by: frozen, arm });
}
