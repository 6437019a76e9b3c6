/**
 * Runs one file of vectors. A kind or a member that it does not know is an error, so that no vector passes unread.
 */
import { Salt } from "../../../src/engine/bucket.js";
import { readPercent } from "../../../src/engine/condition/read.js";
import { type Asked, type Evaluation, Snapshot, SnapshotError } from "../../../src/engine/index.js";
import { differences } from "./expected.js";
import { INPUTS, type Inputs, atOf, contextOf } from "./inputs.js";

type Case = Inputs & Readonly<Record<string, unknown>> & { readonly name: string };
type Raw = Record<string, unknown>;

/** What became of a file's cases. */
export interface Report {
  /** How many were run. */
  count: number;
  /** The name of each that failed, and how. */
  readonly failures: string[];
}

/** What is wrong with a case; undefined when it is not for this engine. */
type Run = (one: Case, snapshot: unknown) => string[] | undefined;

interface Kind {
  /** The members a case may have beside its name. */
  readonly members: readonly string[];
  readonly run: Run;
}

const KINDS: Readonly<Record<string, Kind | "skipped">> = {
  evaluation: { members: ["flag", "type", "expect", ...INPUTS], run: evaluation },
  conditions: { members: ["condition", "holds", ...INPUTS], run: condition },
  documents: { members: ["snapshot", "snapshotText", "repeat", "broken"], run: documents },
  snapshots: { members: ["snapshot", "snapshotText", "refused"], run: snapshots },
  buckets: { members: ["salt", "unit", "gateHash", "gateBucket", "splitHash", "splitBucket"], run: bucket },
  percents: { members: ["percent", "thousandths"], run: percent },
  // Authoring operations, which an SDK does not offer.
  rebalance: "skipped",
  written: "skipped",
};

/** Runs every case of a file. */
export function runFile(text: string): Report {
  const file = JSON.parse(text) as { kind: string; snapshot?: unknown; cases: Case[] };
  const kind = KINDS[file.kind];
  const report: Report = { count: 0, failures: [] };
  const unknown = Object.keys(file).filter((name) => !["kind", "description", "snapshot", "cases"].includes(name));
  if (kind === undefined || unknown.length > 0) {
    throw new Error(`the runner does not know the kind ${file.kind}, or the members ${unknown.join(", ")}`);
  }
  if (kind === "skipped") {
    return report;
  }
  const snapshot = file.kind === "evaluation" ? Snapshot.fromDocument(file.snapshot) : file.snapshot;
  for (const one of file.cases) {
    const strange = Object.keys(one).filter((name) => name !== "name" && !kind.members.includes(name));
    const wrong = strange.length > 0 ? [`the runner does not know ${strange.join(", ")}`] : kind.run(one, snapshot);
    report.count += wrong === undefined ? 0 : 1;
    report.failures.push(...(wrong ?? []).map((what) => `${one.name}: ${what}`));
  }
  return report;
}

function evaluation(one: Case, snapshot: unknown): string[] | undefined {
  const given = contextOf(one);
  if (given === "skipped") {
    return undefined;
  }
  const { flag, type, expect } = one as unknown as { flag: string; type?: Asked; expect: Raw };
  return differences((snapshot as Snapshot).evaluate(flag, given.context, type, atOf(one)), expect);
}

function condition(one: Case, snapshot: unknown): string[] | undefined {
  const given = contextOf(one);
  if (given === "skipped") {
    return undefined;
  }
  return [false, true].flatMap((negated) => {
    const when = negated ? { not: one["condition"] } : one["condition"];
    const document = { ...(snapshot as Raw), flags: { ...((snapshot as Raw)["flags"] as Raw), f: wrapped(when) } };
    const found = Snapshot.fromDocument(document).evaluate("f", given.context, undefined, atOf(one));
    const wanted = typeof one["holds"] === "boolean" ? one["holds"] !== negated : "broken";
    const is = outcome(found);
    return is === wanted ? [] : [`${negated ? "negated " : ""}it is ${String(is)}, not ${String(wanted)}`];
  });
}

function wrapped(when: unknown): object {
  const rules = [{ id: "r", when, serve: { variant: "on" } }];
  const head = { key: "f", type: "boolean", version: 1, enabled: true, variants: { on: true, off: false } };
  return { ...head, rules, fallthrough: { variant: "off" } };
}

function outcome({ variant, ruleId, errorCode }: Evaluation): unknown {
  if (errorCode !== undefined) {
    return errorCode === "PARSE_ERROR" ? "broken" : errorCode;
  }
  const fits = variant === "on" ? ruleId === "r" : variant === "off" && ruleId === undefined;
  return fits ? variant === "on" : `${variant ?? "nothing"} by ${ruleId ?? "no rule"}`;
}

function documents(one: Case): string[] {
  const snapshot = Snapshot.fromDocument(repeated(documentOf(one), (one["repeat"] ?? {}) as Record<string, number>));
  const at = atOf({});
  const found = snapshot
    .flagKeys()
    .filter((key) => snapshot.evaluate(key, {}, undefined, at).errorCode === "PARSE_ERROR");
  const told = snapshot.broken().flatMap(({ kind, key }) => (kind === "flag" ? [key] : []));
  const wanted = [...(one["broken"] as string[])].sort().join(", ");
  const wrong = found.sort().join(", ") === wanted ? [] : [`broken are ${found.join(", ")}, not ${wanted}`];
  return told.sort().join(", ") === wanted ? wrong : [...wrong, `told as broken are ${told.join(", ")}, not ${wanted}`];
}

function documentOf(one: Case): unknown {
  const text = one["snapshotText"] as string | undefined;
  return text === undefined ? structuredClone(one["snapshot"]) : JSON.parse(text);
}

/** The document with some lists and strings made long. */
function repeated(document: unknown, repeat: Readonly<Record<string, number>>): unknown {
  for (const [pointer, count] of Object.entries(repeat)) {
    const tokens = pointer
      .slice(1)
      .split("/")
      .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = tokens.pop() ?? "";
    const holder = tokens.reduce((found, token) => found[token] as Raw, document as Raw);
    const long = holder[last];
    holder[last] = typeof long === "string" ? long.repeat(count) : Array<unknown>(count).fill((long as unknown[])[0]);
  }
  return document;
}

function snapshots(one: Case): string[] {
  let refused = false;
  try {
    const text = (one["snapshotText"] as string | undefined) ?? JSON.stringify(one["snapshot"]);
    Snapshot.fromJson(text);
  } catch (error) {
    refused = error instanceof SnapshotError;
  }
  return refused === one["refused"] ? [] : [`refused is ${refused}`];
}

function bucket(one: Case): string[] {
  const [salt, unit] = [new Salt(one["salt"] as string), one["unit"] as string];
  const found: Raw = {
    gateHash: salt.gateHash(unit),
    gateBucket: salt.gateBucket(unit),
    splitHash: salt.splitHash(unit),
    splitBucket: salt.splitBucket(unit),
  };
  return Object.entries(found).flatMap(([name, is]) => (is === one[name] ? [] : [`${name} is ${String(is)}`]));
}

function percent(one: Case): string[] {
  let found: number | null = null;
  try {
    found = readPercent(one["percent"]);
  } catch {
    // Refused, which is null.
  }
  return found === one["thousandths"] ? [] : [`it is ${String(found)}`];
}
