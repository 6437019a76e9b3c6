/**
 * Runs evaluations that another engine made, a snapshot and its cases a line of NDJSON, and holds them against this one.
 */
import { type Asked, Snapshot } from "../../../src/engine/index.js";
import { differences } from "./expected.js";
import { type Inputs, atOf } from "./inputs.js";

interface Pair extends Inputs {
  readonly flag: string;
  readonly type?: Asked;
  readonly expect: Readonly<Record<string, unknown>>;
}

const MEMBERS = new Set(["flag", "type", "context", "nowMs", "random", "instance", "expect"]);

/** What became of the lines. */
export interface Outcome {
  /** How many evaluations were compared. */
  pairs: number;
  /** How many of them differ. */
  differing: number;
  /** The first that differ: line, case, and how. */
  readonly first: string[];
}

/** How many differences are told; one cause shows in many. */
const TOLD = 5;

/** Compares every case of every line. */
export async function runLines(lines: AsyncIterable<string> | Iterable<string>): Promise<Outcome> {
  const outcome: Outcome = { pairs: 0, differing: 0, first: [] };
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") {
      continue;
    }
    const { snapshot, cases } = JSON.parse(line) as { snapshot: unknown; cases: readonly Pair[] };
    const compiled = Snapshot.fromDocument(snapshot);
    for (const [index, pair] of cases.entries()) {
      const wrong = compare(compiled, pair);
      outcome.pairs++;
      if (wrong.length > 0) {
        outcome.differing++;
        if (outcome.first.length < TOLD) {
          const broken = compiled.broken().find(({ key }) => key === pair.flag)?.detail ?? "not broken";
          outcome.first.push(`line ${number}, case ${index}, ${JSON.stringify(pair)}: ${wrong.join("; ")} (${broken})`);
        }
      }
    }
  }
  return outcome;
}

function compare(snapshot: Snapshot, pair: Pair): string[] {
  const strange = Object.keys(pair).filter((name) => !MEMBERS.has(name));
  if (strange.length > 0) {
    return [`the runner does not know ${strange.join(", ")}`];
  }
  const context = pair.context as Readonly<Record<string, unknown>> | null | undefined;
  return differences(snapshot.evaluate(pair.flag, context, pair.type, atOf(pair)), pair.expect);
}
