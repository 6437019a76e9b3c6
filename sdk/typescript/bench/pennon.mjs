// Pennon's engine, as it is built (`npm run build` in the folder above).
import { Snapshot } from "../dist/esm/engine/index.js";
import { COUNTRIES, FLAGS, contexts, ids, kindOf, leastAges } from "./contexts.mjs";

const AT = { nowMs: () => 1_767_225_600_000, random: () => 7, instance: "instance-1" };
const off = { fallthrough: { variant: "off" } };
const rule = (id, when) => ({ id, when, serve: { variant: "on" } });
const DECISIONS = {
  simple: { fallthrough: { variant: "on" } },
  rollout: { rules: [rule("rollout", { percentage: 20 })], ...off },
  targeted: { rules: [rule("pro", { attribute: "plan", op: "in", values: ["pro", "team"] })], ...off },
  list: { rules: [rule("r", { attribute: "targetingKey", op: "in", values: ids })], ...off },
  rules: {
    rules: leastAges.map((age, number) =>
      rule(`r${number}`, {
        all: [
          { attribute: "country", op: "in", values: COUNTRIES },
          { attribute: "appVersion", op: "semver_gte", values: [`2.${number}.0`] },
          { attribute: "age", op: "gte", values: [age] },
        ],
      }),
    ),
    ...off,
  },
};

function snapshotOf(decisions) {
  const flag = ([key, decision]) => [
    key,
    { key, type: "boolean", enabled: true, variants: { on: true, off: false }, offVariant: "off", ...decision },
  ];
  const snapshot = Snapshot.fromDocument({ flags: Object.fromEntries(decisions.map(flag)) });
  if (snapshot.broken().length > 0) {
    throw new Error("a flag of the benchmark is broken");
  }
  return snapshot;
}

export async function pennon() {
  const users = contexts("targetingKey");
  const one = (kind) => {
    const snapshot = snapshotOf([["flag", DECISIONS[kind]]]);
    return (user) => snapshot.evaluate("flag", users[user], "boolean", AT).value;
  };
  const environment = snapshotOf(
    Array.from({ length: FLAGS }, (_, number) => [`flag-${number}`, DECISIONS[kindOf(number)]]),
  );
  const keys = environment.flagKeys();
  const bulk = (user) => {
    let on = 0;
    for (const key of keys) {
      on += environment.evaluate(key, users[user], undefined, AT).value === true ? 1 : 0;
    }
    return on;
  };
  return { simple: one("simple"), rollout: one("rollout"), rules: one("rules"), list: one("list"), bulk };
}
