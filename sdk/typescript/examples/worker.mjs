// A worker: takes jobs until it is told to stop, asks before each of them, measures it, and reports how it does.
import { setTimeout as pause } from "node:timers/promises";
import { flags } from "@pennon/sdk";

let stopped = false;
process.once("SIGTERM", () => {
  stopped = true;
});

flags.onChange("new_checkout_flow", ({ revision }) => {
  console.log(`changed at ${revision}`);
});

await flags.ready();
for (let job = 1; !stopped; job += 1) {
  const began = performance.now();
  const way = flags.variant("new_checkout_flow", { userId: `job-${job}` }) ?? "default";
  if (job === 1) console.log(`working: ${way}`);
  await pause(10);
  flags.track("job_ms", performance.now() - began, { userId: `job-${job}` });
  flags.reportHealth(true);
}
await flags.close();
console.log("closed");
