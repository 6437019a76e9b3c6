/**
 * A rule: a condition and what those who meet it are served, and the run that counts it.
 */
import type { Draft, DraftCondition } from "../condition/draft.js";
import { readCondition } from "../condition/read.js";
import type { FlagValue } from "../evaluation.js";
import { Malformed, type Shape, isRuleId, members, string } from "../read.js";
import { type Serve, readServe } from "./serve.js";
import { readListBy } from "./units.js";

const SHAPE: Shape = { noun: "a rule", only: ["id", "when", "serve", "track", "description"] };
const TRACK: Shape = { noun: "a track" };

/** The id that results of targets carry; no rule may have it. */
export const TARGET_ID = "target";

/** A run that counts exposures to a rule. */
export interface DraftTrack {
  readonly run: string;
  readonly by: readonly string[];
  readonly arm: string | undefined;
}

/** A rule, not linked yet. */
export interface DraftRule {
  readonly id: string;
  /** Absent: always. */
  readonly when: DraftCondition | undefined;
  readonly serve: Serve;
  readonly track: DraftTrack | undefined;
}

/** Reads a rule; `ids` are those of the rules before it. */
export function readRule(
  value: unknown,
  variants: ReadonlyMap<string, FlagValue>,
  ids: Set<string>,
  draft: Draft,
): DraftRule {
  const found = members(value, SHAPE);
  const id = found.need("id", readId);
  if (ids.has(id)) {
    throw new Malformed("another rule has this id").under("id");
  }
  ids.add(id);
  found.read("description", string);
  const when = found.read("when", (inner) => readCondition(inner, draft));
  const serve = found.need("serve", (inner) => readServe(inner, variants, draft));
  const track = found.read("track", readTrack);
  if (typeof serve !== "string" && track?.arm !== undefined) {
    throw new Malformed("beside a split the arm is the variant served; leave it out").under("arm").under("track");
  }
  return { id, when, serve, track };
}

function readId(value: unknown): string {
  const id = string(value);
  if (!isRuleId(id)) {
    throw new Malformed("a rule's id is 1 to 100 of A-Z a-z 0-9 . _ - / and begins with a letter or digit");
  }
  if (id === TARGET_ID) {
    throw new Malformed(`the id ${TARGET_ID} is reserved for results of targets`);
  }
  return id;
}

function readTrack(value: unknown): DraftTrack {
  const found = members(value, TRACK);
  return { run: found.need("run", string), by: readListBy(found).written(), arm: found.read("arm", string) };
}
