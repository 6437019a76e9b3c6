// Prints the five workloads as medians in nanoseconds of processor time, beside other systems in the same run:
// `npm run build` in the folder above, then `npm ci --ignore-scripts && npm run bench` here.
import { FLAGS, USERS } from "./contexts.mjs";
import { flagd } from "./flagd.mjs";
import { growthbook } from "./growthbook.mjs";
import { pennon } from "./pennon.mjs";
import { unleash } from "./unleash.mjs";

const WORKLOADS = {
  simple: "simple on",
  rollout: "20 % rollout",
  rules: "10 rules x 3 conditions",
  list: "list of 10 000 ids",
  bulk: `all ${FLAGS} flags`,
};
const SAMPLES = 25;
const SAMPLE_MS = 30;
const WARM_UP_MS = 300;

/** How often all users take their turn between two looks at the clock, which takes a microsecond. */
const ROUNDS = { bulk: 1 };
const MANY_ROUNDS = 50;

/** The processor time of this process in milliseconds: other work on the machine does not count. */
const cpuMs = () => process.cpuUsage().user / 1_000;

/** Calls for at least so long; gives nanoseconds a call. */
function sample(call, ms, rounds) {
  let [calls, spent] = [0, 0];
  const start = cpuMs();
  while (spent < ms) {
    for (let round = 0; round < rounds; round++) {
      for (let user = 0; user < USERS; user++) {
        call(user);
      }
    }
    calls += USERS * rounds;
    spent = cpuMs() - start;
  }
  return (spent * 1e6) / calls;
}

function median(call, workload) {
  const rounds = ROUNDS[workload] ?? MANY_ROUNDS;
  sample(call, WARM_UP_MS, rounds);
  const samples = Array.from({ length: SAMPLES }, () => sample(call, SAMPLE_MS, rounds));
  return samples.sort((left, right) => left - right)[Math.floor(SAMPLES / 2)];
}

/** Fails when a system answers something else: then another thing would be measured. */
function check(name, calls) {
  const on = (workload) => Array.from({ length: USERS }, (_, user) => calls[workload](user));
  for (const workload of ["simple", "rules", "list"]) {
    if (!on(workload).every((value) => value === true)) {
      throw new Error(`${name} does not serve ${workload} to everybody`);
    }
  }
  const rolledOut = on("rollout").filter((value) => value === true).length;
  const bulk = on("bulk").every((count) => count >= (FLAGS * 4) / 5 && count <= FLAGS);
  if (rolledOut === 0 || rolledOut === USERS || !bulk) {
    throw new Error(`${name} rolls out to ${rolledOut} of ${USERS}`);
  }
}

const systems = { pennon, "unleash-client": unleash, "flagd-core": flagd, growthbook };
const names = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(systems);
const table = {};
for (const name of names) {
  const calls = await systems[name]();
  check(name, calls);
  for (const [workload, title] of Object.entries(WORKLOADS)) {
    table[title] ??= {};
    table[title][name] = Math.round(median(calls[workload], workload));
  }
}
console.log(`nanoseconds of processor time a call, median of ${SAMPLES}, Node.js ${process.version}`);
console.table(table);
process.exit(0);
