/**
 * Reads conditions. Must not ignore an unknown member: dropped targeting would reach the wrong people.
 */
import { isObject, own } from "../context.js";
import { FlagServes } from "../evaluate/serves.js";
import { CONDITION_DEPTH, WHOLE } from "../limits.js";
import { readTest } from "../operator/read.js";
import { Malformed, type Members, type Shape, at, each, list, members, number, string, wrongType } from "../read.js";
import { DEFAULT_BY, isNow, readBy, readReference } from "../reference.js";
import { All, Any, AttributeCondition, type Draw, Gate, Not, type Range } from "./condition.js";
import type { Draft, DraftCondition, Linkable } from "./draft.js";

/** Reads the members of one form of condition. */
type Form = (members: Members, depth: number, draft: Draft) => DraftCondition;

const shape = (only: readonly string[]): Shape => ({ noun: "a condition", only });

const FORMS: readonly { name: string; shape: Shape; read: Form }[] = [
  { name: "all", shape: shape(["all"]), read: readAll },
  { name: "any", shape: shape(["any"]), read: readAny },
  { name: "not", shape: shape(["not"]), read: readNot },
  { name: "attribute", shape: shape(["attribute", "op", "values", "ignoreCase"]), read: readAttribute },
  { name: "segment", shape: shape(["segment"]), read: readSegment },
  { name: "flag", shape: shape(["flag", "variants"]), read: readFlag },
  { name: "percentage", shape: shape(["percentage", "by", "layer"]), read: readPercentage },
];

/** Reads one condition and all below it. */
export function readCondition(value: unknown, draft: Draft): DraftCondition {
  return atDepth(value, 1, draft);
}

function atDepth(value: unknown, depth: number, draft: Draft): DraftCondition {
  if (depth > CONDITION_DEPTH) {
    throw new Malformed(`conditions may be nested at most ${CONDITION_DEPTH} deep`);
  }
  if (!isObject(value)) {
    throw wrongType(value, "a condition");
  }
  const form = FORMS.find(({ name }) => own(value, name) !== undefined);
  if (form === undefined) {
    throw new Malformed(`a condition has one of the members ${FORMS.map(({ name }) => name).join(", ")}`);
  }
  return form.read(members(value, form.shape), depth, draft);
}

function branches(found: Members, name: string, depth: number, draft: Draft): DraftCondition[] {
  return found.need(name, (value) => each(list(value), (item) => atDepth(item, depth + 1, draft)));
}

function readAll(found: Members, depth: number, draft: Draft): DraftCondition {
  const inner = branches(found, "all", depth, draft);
  return (links) => new All(inner.map((condition) => condition(links)));
}

function readAny(found: Members, depth: number, draft: Draft): DraftCondition {
  const inner = branches(found, "any", depth, draft);
  return (links) => new Any(inner.map((condition) => condition(links)));
}

function readNot(found: Members, depth: number, draft: Draft): DraftCondition {
  const inner = found.need("not", (value) => atDepth(value, depth + 1, draft));
  return (links) => new Not(inner(links));
}

function readAttribute(found: Members, _depth: number, draft: Draft): DraftCondition {
  const attribute = found.need("attribute", (value) => readReference(value, "condition"));
  const test = readTest(found);
  draft.asks ||= attribute.asks;
  if (isNow(attribute)) {
    draft.borders.push(...test.borders().filter((border) => Number.isSafeInteger(border)));
  }
  const condition = new AttributeCondition(attribute, test);
  return () => condition;
}

function readSegment(found: Members, _depth: number, draft: Draft): DraftCondition {
  const key = found.need("segment", string);
  draft.mention("segment", key);
  return (links) => links.segment(key);
}

function readFlag(found: Members, _depth: number, draft: Draft): DraftCondition {
  const { key, variants } = draft.flagReference(found);
  return (links) => new FlagServes(links.flag(key), variants);
}

function readPercentage(found: Members, _depth: number, draft: Draft): DraftCondition {
  const range = found.need("percentage", readRange);
  const draw = readDraw(found, draft);
  return (links) => new Gate(range, draw(links));
}

/** Reads `by` or `layer`, beside a percentage or a split. */
export function readDraw(found: Members, draft: Draft): Linkable<Draw> {
  const layer = found.read("layer", string);
  if (layer === undefined) {
    const by = found.read("by", (value) => readBy(value, "draw")) ?? DEFAULT_BY;
    const draw = { salt: draft.salt, by: draft.noteBy(by) };
    return () => draw;
  }
  if (found.has("by")) {
    throw new Malformed("a layer brings its own by; leave one of the two out").under("layer");
  }
  draft.mention("layer", layer);
  return (links) => links.layer(layer);
}

function readRange(value: unknown): Range {
  if (!Array.isArray(value)) {
    return { from: 0, to: readPercent(value) };
  }
  if (value.length !== 2) {
    throw new Malformed("a range of percentages is written [from, to]");
  }
  const from = at(0, value[0], readPercent);
  const to = at(1, value[1], readPercent);
  if (from > to) {
    throw new Malformed("a range of percentages may not end before it begins");
  }
  return { from, to };
}

/** How far, in thousandths of a percent, a percentage may be off a whole number of them: the noise of a double. */
const TOLERANCE = 1e-6;

/** Reads a percentage as thousandths of a percent. */
export function readPercent(value: unknown): number {
  const percent = number(value);
  const exact = percent * 1_000;
  const rounded = Math.floor(exact + 0.5);
  if (!(percent >= 0 && percent <= 100 && rounded <= WHOLE && Math.abs(exact - rounded) <= TOLERANCE)) {
    throw new Malformed("a percentage is a number from 0 to 100 with at most three decimals");
  }
  return rounded;
}
