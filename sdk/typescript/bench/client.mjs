// Prints what a call of the client costs, counting and all, in nanoseconds of processor time:
// `npm run build` in the folder above, then `node client.mjs` here.
import { createClient } from "../dist/esm/server/index.js";

const CALLS = 2_000_000;
const ROUNDS = 5;
const flag = (key, more) => [
  key,
  {
    key,
    type: "boolean",
    enabled: true,
    variants: { on: true, off: false },
    offVariant: "off",
    fallthrough: { variant: "on" },
    ...more,
  },
];
const off = { fallthrough: { variant: "off" } };
const rule = (when) => ({ rules: [{ id: "r", when, serve: { variant: "on" } }], ...off });
const flags = Object.fromEntries([
  ...Array.from({ length: 200 }, (_, number) => flag(`flag-${number}`)),
  flag("plan", rule({ attribute: "plan", op: "in", values: ["pro", "team"] })),
  flag("rollout", rule({ percentage: 20 })),
]);
const silent = () => undefined;
// Nobody listens there: what is counted is kept, and that is what is measured.
const client = createClient({
  url: "http://127.0.0.1:9",
  key: "k",
  bootstrap: { epoch: 1, revision: 1, flags },
  logger: { error: silent, warn: silent, info: silent },
});

/** The least of some rounds: other work on the machine only ever adds. */
function measure(name, call) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage().user;
    for (let number = 0; number < CALLS; number++) {
      call(number);
    }
    best = Math.min(best, ((process.cpuUsage().user - start) * 1_000) / CALLS);
  }
  console.log(`${name.padEnd(40)} ${best.toFixed(0).padStart(5)} ns`);
}

const context = { userId: "user-1", plan: "pro" };
measure("isEnabled, nobody in particular", () => client.isEnabled("flag-7"));
measure("isEnabled, targetingKey", () => client.isEnabled("flag-7", { targetingKey: "user-1", plan: "pro" }));
measure("isEnabled, userId", () => client.isEnabled("flag-7", { userId: "user-1", plan: "pro" }));
measure("isEnabled, a rule", () => client.isEnabled("plan", context));
measure("isEnabled, a rollout", (number) => client.isEnabled("rollout", { userId: `user-${number % 1_000}` }));
measure("value", () => client.value("flag-7", true, context));
measure("details", () => client.details("flag-7", true, context));
client.withContext({ userId: "user-1" }, () => {
  measure("isEnabled within withContext, an attribute", () => client.isEnabled("flag-7", { plan: "pro" }));
});
await client.close();
