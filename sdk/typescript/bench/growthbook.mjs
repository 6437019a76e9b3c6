// GrowthBook's SDK for servers: one client for all users.
import { GrowthBookClient } from "@growthbook/growthbook";
import { COUNTRIES, FLAGS, contexts, ids, kindOf, leastAges } from "./contexts.mjs";

const when = (condition) => ({ defaultValue: false, rules: [{ condition, force: true }] });
const FEATURES = {
  simple: { defaultValue: true },
  rollout: { defaultValue: false, rules: [{ force: true, coverage: 0.2, hashAttribute: "id" }] },
  targeted: when({ plan: { $in: ["pro", "team"] } }),
  list: when({ id: { $in: ids } }),
  rules: {
    defaultValue: false,
    rules: leastAges.map((age, number) => ({
      condition: { country: { $in: COUNTRIES }, appVersion: { $vgte: `2.${number}.0` }, age: { $gte: age } },
      force: true,
    })),
  },
};

const clientOf = (features) => new GrowthBookClient().initSync({ payload: { features } });

export async function growthbook() {
  const users = contexts("id").map((attributes) => ({ attributes }));
  const one = (kind) => {
    const client = clientOf({ flag: FEATURES[kind] });
    return (user) => client.isOn("flag", users[user]);
  };
  const keys = Array.from({ length: FLAGS }, (_, number) => `flag-${number}`);
  const environment = clientOf(Object.fromEntries(keys.map((key, number) => [key, FEATURES[kindOf(number)]])));
  const bulk = (user) => keys.filter((key) => environment.isOn(key, users[user])).length;
  return { simple: one("simple"), rollout: one("rollout"), rules: one("rules"), list: one("list"), bulk };
}
