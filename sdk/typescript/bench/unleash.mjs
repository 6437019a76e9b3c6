// Unleash's Node SDK, evaluating a bootstrap. Its polling is off; its one request at the start goes to a closed port of
// this machine.
import { InMemStorageProvider, Unleash } from "unleash-client";
import { COUNTRIES, FLAGS, contexts, ids, kindOf, leastAges } from "./contexts.mjs";

const strategy = (name, constraints = [], parameters = {}) => ({ name, constraints, parameters });
const constraint = (contextName, operator, more) => ({ contextName, operator, ...more });
const STRATEGIES = {
  simple: [strategy("default")],
  rollout: [strategy("flexibleRollout", [], { rollout: "20", stickiness: "userId", groupId: "flag" })],
  targeted: [strategy("default", [constraint("plan", "IN", { values: ["pro", "team"] })])],
  list: [strategy("default", [constraint("userId", "IN", { values: ids })])],
  rules: leastAges.map((age, number) =>
    strategy("default", [
      constraint("country", "IN", { values: COUNTRIES }),
      constraint("appVersion", "SEMVER_GT", { value: `2.${number}.0` }),
      constraint("age", "NUM_GTE", { value: String(age) }),
    ]),
  ),
};

async function clientOf(flags) {
  const data = flags.map(([name, kind]) => ({ name, type: "release", enabled: true, strategies: STRATEGIES[kind] }));
  const client = new Unleash({
    url: "http://127.0.0.1:9/api/",
    appName: "bench",
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    bootstrap: { data },
  });
  client.on("error", () => {});
  client.on("warn", () => {});
  await new Promise((ready) => client.once("ready", ready));
  return client;
}

export async function unleash() {
  const users = contexts("userId").map(({ userId, ...properties }) => ({ userId, properties }));
  const one = async (kind) => {
    const client = await clientOf([["flag", kind]]);
    return (user) => client.isEnabled("flag", users[user]);
  };
  const keys = Array.from({ length: FLAGS }, (_, number) => `flag-${number}`);
  const environment = await clientOf(keys.map((key, number) => [key, kindOf(number)]));
  const bulk = (user) => keys.filter((key) => environment.isEnabled(key, users[user])).length;
  const kinds = ["simple", "rollout", "rules", "list"];
  const found = await Promise.all(kinds.map(async (kind) => [kind, await one(kind)]));
  return { ...Object.fromEntries(found), bulk };
}
