/**
 * A flag, linked to what it names, and the order in which it is decided: switch, override, prerequisites, targets,
 * rules, fallthrough. Must not throw, whatever the context holds.
 */
import { type Condition, inRange } from "../condition/condition.js";
import type { Links } from "../condition/draft.js";
import type { At, Context } from "../context.js";
import type { FlagBody, FlagDocument, Override, Target } from "../document/flag.js";
import { TARGET_ID } from "../document/rule.js";
import { type Evaluation, failed } from "../evaluation.js";
import { unitOfValue } from "../unit.js";
import { Results } from "./results.js";
import { type Server, linkServe } from "./serve.js";
import { FlagServes } from "./serves.js";
import type { Status } from "./status.js";

/** A step that may decide the flag before its fallthrough; undefined passes on to the next. */
interface Step {
  decide(context: Context, at: At): Evaluation | undefined;
}

/** A tripped kill switch. */
class Shed implements Step {
  constructor(
    private readonly override: Override,
    private readonly result: Evaluation,
  ) {}

  decide(context: Context, at: At): Evaluation | undefined {
    return inRange(this.override.range, this.override, context, at) ? this.result : undefined;
  }
}

/** What must hold before targets and rules are looked at. */
class Guard implements Step {
  constructor(
    private readonly condition: Condition,
    private readonly result: Evaluation,
  ) {}

  decide(context: Context, at: At): Evaluation | undefined {
    return this.condition.holds(context, at) ? undefined : this.result;
  }
}

/** Units that are served one variant. */
class Listed implements Step {
  constructor(
    private readonly target: Target,
    private readonly result: Evaluation,
  ) {}

  decide(context: Context, at: At): Evaluation | undefined {
    const unit = unitOfValue(this.target.by.read(context, at));
    return unit !== undefined && this.target.units.has(unit) ? this.result : undefined;
  }
}

/** A rule. */
class Rule implements Step {
  constructor(
    private readonly flagKey: string,
    private readonly when: Condition | undefined,
    private readonly server: Server,
  ) {}

  decide(context: Context, at: At): Evaluation | undefined {
    if (this.when !== undefined && !this.when.holds(context, at)) {
      return undefined;
    }
    return this.server.serve(context, at) ?? failed(this.flagKey, "TARGETING_KEY_MISSING");
  }
}

/** A flag in its snapshot. */
export class FlagNode {
  /** The switch as it is stored; false of a broken flag. */
  readonly enabled: boolean;
  private readonly steps: readonly Step[] = [];
  private readonly last: Server | undefined;
  /** The one result there is, when nothing of the context matters. */
  private readonly constant: Evaluation | undefined;

  /** Without links the flag is broken. */
  constructor(
    readonly document: FlagDocument,
    links: Links | undefined,
    readonly status: Status,
  ) {
    const { key, body } = document;
    this.enabled = links !== undefined && body?.enabled === true;
    if (links === undefined || body === undefined) {
      this.constant = failed(key, "PARSE_ERROR");
      return;
    }
    const results = new Results(key, body);
    if (!body.enabled) {
      this.constant = results.of(body.offVariant, "DISABLED");
      return;
    }
    this.steps = linkSteps(key, body, links, results);
    const bare = this.steps.length === 0;
    this.last = linkServe(body.fallthrough, links, results, bare ? "STATIC" : "DEFAULT");
    this.constant = bare ? this.last.only : undefined;
  }

  /** Decides the flag. */
  decide(context: Context, at: At): Evaluation {
    if (this.constant !== undefined) {
      return this.constant;
    }
    for (const step of this.steps) {
      const decided = step.decide(context, at);
      if (decided !== undefined) {
        return decided;
      }
    }
    return this.last?.serve(context, at) ?? failed(this.document.key, "TARGETING_KEY_MISSING");
  }

  /** The name of the variant served, when the flag is enabled, sound and errs not. */
  servedWhenEnabled(context: Context, at: At): string | undefined {
    return this.enabled ? this.decide(context, at).variant : undefined;
  }
}

function linkSteps(key: string, body: FlagBody, links: Links, results: Results): Step[] {
  const steps: Step[] = [];
  const { override } = body;
  if (override !== undefined) {
    steps.push(new Shed(override, results.of(override.variant, "DISABLED", { cause: override.cause })));
  }
  for (const { key: prerequisite, variants } of body.prerequisites) {
    const result = results.of(body.offVariant, "DEFAULT", { prerequisite });
    steps.push(new Guard(new FlagServes(links.flag(prerequisite), variants), result));
  }
  for (const target of body.targets) {
    steps.push(new Listed(target, results.of(target.variant, "TARGETING_MATCH", { ruleId: TARGET_ID })));
  }
  for (const { id, when, serve, track } of body.rules) {
    const condition = when?.(links);
    const reason = condition?.draws === true ? "SPLIT" : "TARGETING_MATCH";
    steps.push(new Rule(key, condition, linkServe(serve, links, results, reason, { ruleId: id, track })));
  }
  return steps;
}
