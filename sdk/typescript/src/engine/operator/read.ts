/**
 * Reads an operator and its operands from a condition. Must not skip a value that is wrong: one wrong value breaks the
 * document, so that no rule means less than it says.
 */
import { compilePattern } from "../pattern/pattern.js";
import { Malformed, type Members, boolean, each, filledValues, list, number, string, wrongType } from "../read.js";
import { parseDate } from "./date.js";
import { fold } from "./fold.js";
import { Network } from "./network.js";
import { parseNumber } from "./number.js";
import {
  DateOrder,
  Exists,
  In,
  InFolded,
  InNetwork,
  Matches,
  NumberOrder,
  type Part,
  type Side,
  Substring,
  type Test,
  VersionOrder,
} from "./tests.js";
import { type Version, parseVersion } from "./version.js";

/** Makes a test of operands. */
type Operator = (values: readonly unknown[], ignoreCase: boolean) => Test;

const numbers =
  (side: Side): Operator =>
  (values) =>
    new NumberOrder(side, each(values, readNumber));

const dates =
  (side: "lt" | "gt"): Operator =>
  (values) =>
    new DateOrder(side, each(values, readDate));

const versions =
  (side: Side | "eq"): Operator =>
  (values) =>
    new VersionOrder(side, each(values, readVersion));

const substring =
  (part: Part): Operator =>
  (values, ignoreCase) => {
    const texts = each(values, string);
    return new Substring(part, ignoreCase, ignoreCase ? texts.map(fold) : texts);
  };

/** Those that know `ignoreCase`. */
const OF_TEXT: ReadonlyMap<string, Operator> = new Map([
  ["in", membership],
  ["starts_with", substring("startsWith")],
  ["ends_with", substring("endsWith")],
  ["contains", substring("includes")],
  ["matches", patterns],
]);

const OTHERS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["lt", numbers("lt")],
  ["lte", numbers("lte")],
  ["gt", numbers("gt")],
  ["gte", numbers("gte")],
  ["before", dates("lt")],
  ["after", dates("gt")],
  ["semver_eq", versions("eq")],
  ["semver_lt", versions("lt")],
  ["semver_lte", versions("lte")],
  ["semver_gt", versions("gt")],
  ["semver_gte", versions("gte")],
  ["cidr", (values) => new InNetwork(each(values, readNetwork))],
]);

/** Reads `op`, `values` and `ignoreCase`. */
export function readTest(members: Members): Test {
  const name = members.need("op", string);
  const ignoreCase = members.read("ignoreCase", boolean);
  const operator = OF_TEXT.get(name);
  if (operator === undefined && ignoreCase !== undefined) {
    const known = [...OF_TEXT.keys()].join(", ");
    throw new Malformed(`only these operators know ignoreCase: ${known}`).under("ignoreCase");
  }
  if (name === "exists") {
    members.read("values", none);
    return new Exists();
  }
  const found = operator ?? OTHERS.get(name);
  if (found === undefined) {
    const known = [...OF_TEXT.keys(), "exists", ...OTHERS.keys()].join(", ");
    throw new Malformed(`there is no such operator; there are: ${known}`).under("op");
  }
  return members.need("values", (values) => found(filledValues(values), ignoreCase === true));
}

function none(value: unknown): void {
  if (list(value).length > 0) {
    throw new Malformed("exists takes no values");
  }
}

function membership(values: readonly unknown[], ignoreCase: boolean): Test {
  const found = new Set<unknown>(each(values, ignoreCase ? readFolded : readMember));
  return ignoreCase ? new InFolded(found) : new In(found);
}

function readMember(value: unknown): string | number | boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return number(value);
    case "string":
      return string(value);
    default:
      throw wrongType(value, "a string, a number or a boolean");
  }
}

function readFolded(value: unknown): string | number | boolean {
  const found = readMember(value);
  return typeof found === "string" ? fold(found) : found;
}

function patterns(values: readonly unknown[], ignoreCase: boolean): Test {
  return new Matches(each(values, (value) => compilePattern(string(value), ignoreCase)));
}

function readNumber(value: unknown): number {
  const found = typeof value === "string" ? parseNumber(string(value)) : number(value);
  if (found === undefined) {
    throw new Malformed('a string here must be a decimal number such as "42" or "-1.5"');
  }
  return found;
}

function readDate(value: unknown): number {
  const found = typeof value === "string" ? parseDate(string(value)) : number(value);
  if (found === undefined || !Number.isInteger(found)) {
    throw new Malformed("a date is written 2026-09-01T00:00:00Z, or as integral epoch milliseconds");
  }
  return found;
}

function readVersion(value: unknown): Version {
  const found = parseVersion(string(value));
  if (found === undefined) {
    throw new Malformed("a version is written as in SemVer 2.0.0, for example 2.3.0-rc.1");
  }
  return found;
}

function readNetwork(value: unknown): Network {
  const found = Network.parse(string(value));
  if (found === undefined) {
    throw new Malformed("a network is written 10.0.0.0/8 or 2001:db8::/32, or is a bare address");
  }
  return found;
}
