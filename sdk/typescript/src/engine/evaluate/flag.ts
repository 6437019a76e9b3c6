/**
 * A flag, linked to what it names, and the order in which it is decided: switch, override, prerequisites, targets,
 * rules, fallthrough. Must not throw, whatever the context holds.
 */
import { type Condition, inRange } from "../condition/condition.js";
import type { Links } from "../condition/draft.js";
import type { At, Context } from "../context.js";
import type { FlagBody, FlagDocument, Override, Target } from "../document/flag.js";
import { type DraftRule, TARGET_ID } from "../document/rule.js";
import { type Evaluation, failed } from "../evaluation.js";
import { unitOfValue } from "../unit.js";
import { Results } from "./results.js";
import { type Server, linkServe } from "./serve.js";
import { FlagServes } from "./serves.js";

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
    private readonly when: Condition | undefined,
    private readonly server: Server,
    private readonly unitless: Evaluation,
  ) {}

  decide(context: Context, at: At): Evaluation | undefined {
    if (this.when !== undefined && !this.when.holds(context, at)) {
      return undefined;
    }
    return this.server.serve(context, at) ?? this.unitless;
  }
}

/** A flag in its snapshot. */
export class FlagNode {
  readonly document: FlagDocument;
  /** Whether the clock or the dice may be asked, by the flag or by what it names. */
  readonly asks: boolean;
  readonly broken: boolean;
  readonly enabled: boolean;
  private readonly steps: readonly Step[] = [];
  private readonly last: Server | undefined;
  /** The one result there is, when nothing of the context matters. */
  private readonly constant: Evaluation | undefined;
  /** The result of a split that has no unit. */
  private readonly unitless: Evaluation;

  /** Without links the flag is broken. */
  constructor(document: FlagDocument, links: Links | undefined, asks: boolean) {
    const body = links && document.body;
    this.document = document;
    this.asks = asks;
    this.broken = body === undefined;
    this.enabled = body?.enabled === true;
    this.unitless = failed(document.key, body === undefined ? "PARSE_ERROR" : "TARGETING_KEY_MISSING");
    if (links === undefined || body === undefined) {
      this.constant = this.unitless;
      return;
    }
    const results = new Results(document);
    if (!body.enabled) {
      this.constant = results.of(body.offVariant, "DISABLED");
      return;
    }
    this.steps = linkSteps(body, links, results, this.unitless);
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
    return this.last?.serve(context, at) ?? this.unitless;
  }

  /** The name of the variant served, when the flag is enabled, sound and errs not. */
  servedWhenEnabled(context: Context, at: At): string | undefined {
    return this.enabled ? this.decide(context, at).variant : undefined;
  }
}

function linkSteps(body: FlagBody, links: Links, results: Results, unitless: Evaluation): Step[] {
  const steps: Step[] = [];
  const { override } = body;
  if (override !== undefined) {
    steps.push(new Shed(override, results.of(override.variant, "DISABLED", { cause: override.cause })));
  }
  for (const { key, variants } of body.prerequisites) {
    const result = results.of(body.offVariant, "DEFAULT", { prerequisite: key });
    steps.push(new Guard(new FlagServes(links.flag(key), variants), result));
  }
  for (const target of body.targets) {
    steps.push(new Listed(target, results.of(target.variant, "TARGETING_MATCH", { ruleId: TARGET_ID })));
  }
  for (const rule of body.rules) {
    steps.push(linkRule(rule, links, results, unitless));
  }
  return steps;
}

function linkRule(rule: DraftRule, links: Links, results: Results, unitless: Evaluation): Step {
  const when = rule.when?.(links);
  const reason = when?.draws === true ? "SPLIT" : "TARGETING_MATCH";
  const source = { ruleId: rule.id, track: rule.track };
  return new Rule(when, linkServe(rule.serve, links, results, reason, source), unitless);
}
