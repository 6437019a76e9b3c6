// The agent of tests/sdk: a program that holds one client and does what it is told by lines of JSON (tests/sdk/README.md).
// Runs the built package: `npm run build` first.
import { createInterface } from "node:readline";
import { createClient } from "../dist/esm/server/index.js";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// A default of the type that is asked for, where the request has none of it.
const STAND_IN = { boolean: false, string: "", integer: 0, float: 0, object: {} };
const typeOf = (type) => (type === "integer" || type === "float" ? "number" : type);

let client;

const acts = {
  start({ options }) {
    client = createClient(options);
    return {};
  },
  async evaluate({ flag, type, default: given, context }) {
    await client.ready();
    const fits = given !== null && typeof given === typeOf(type);
    const { value, variant, reason, errorCode } = client.details(flag, fits ? given : STAND_IN[type], context);
    const served = variant === undefined && !fits ? given : value;
    return { value: served, variant, reason, errorCode };
  },
  status() {
    const { state, revision, staleSince, source, lastError } = client.status();
    const since = staleSince?.getTime() ?? null;
    return { state, revision: revision ?? null, staleSince: since, source, lastError: lastError ?? null };
  },
  watch({ flag }) {
    client.onChange(flag, ({ flag, revision }) => say({ event: "change", flag, revision }));
    return {};
  },
  watchStatus() {
    client.onStatus(({ state, revision }) => say({ event: "status", state, revision: revision ?? null }));
    return {};
  },
  track({ metric, value, context }) {
    client.track(metric, value ?? undefined, context);
    return {};
  },
  reportHealth({ healthy }) {
    client.reportHealth(healthy);
    return {};
  },
  async flush() {
    await client.flush();
    return {};
  },
  bootstrap({ context }) {
    return client.bootstrap(context);
  },
  async close() {
    const began = performance.now();
    await client.close();
    return { ms: Math.round(performance.now() - began) };
  },
};

async function answer(line) {
  const request = JSON.parse(line);
  const { id } = request;
  try {
    const act = Object.hasOwn(acts, request.do) ? acts[request.do] : undefined;
    if (act === undefined) throw new Error(`there is no request ${request.do}`);
    say({ id, ok: await act(request) });
  } catch (error) {
    say({ id, error: error.message });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(line));
// Nothing else may keep the process alive: when the client does, it never exits, and the suite says so.
lines.on("close", () => void client?.close());
