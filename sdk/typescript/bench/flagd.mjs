// flagd's in-process evaluator, as its OpenFeature provider uses it.
import { FlagdCore } from "@openfeature/flagd-core";
import { COUNTRIES, FLAGS, contexts, ids, kindOf, leastAges } from "./contexts.mjs";

const attribute = (name) => ({ var: name });
const when = (condition) => ({ if: [condition, "on", "off"] });
const TARGETING = {
  simple: {},
  rollout: { fractional: [attribute("targetingKey"), ["on", 20], ["off", 80]] },
  targeted: when({ in: [attribute("plan"), ["pro", "team"]] }),
  list: when({ in: [attribute("targetingKey"), ids] }),
  rules: {
    if: [
      ...leastAges.flatMap((age, number) => [
        {
          and: [
            { in: [attribute("country"), COUNTRIES] },
            { sem_ver: [attribute("appVersion"), ">=", `2.${number}.0`] },
            { ">=": [attribute("age"), age] },
          ],
        },
        "on",
      ]),
      "off",
    ],
  },
};

function coreOf(flags) {
  const core = new FlagdCore(undefined, { error() {}, warn() {}, info() {}, debug() {} });
  const flag = ([key, kind]) => [
    key,
    {
      state: "ENABLED",
      variants: { on: true, off: false },
      defaultVariant: kind === "simple" ? "on" : "off",
      targeting: TARGETING[kind],
    },
  ];
  core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(flags.map(flag)) }));
  return core;
}

export async function flagd() {
  const users = contexts("targetingKey");
  const one = (kind) => {
    const core = coreOf([["flag", kind]]);
    return (user) => core.resolveBooleanEvaluation("flag", false, users[user]).value;
  };
  const environment = coreOf(Array.from({ length: FLAGS }, (_, number) => [`flag-${number}`, kindOf(number)]));
  const bulk = (user) => environment.resolveAll(users[user]).filter(({ value }) => value === true).length;
  return { simple: one("simple"), rollout: one("rollout"), rules: one("rules"), list: one("list"), bulk };
}
