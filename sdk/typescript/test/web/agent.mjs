// The agent of tests/sdk for the web SDK: a program that holds one client and does what it is told by lines of JSON
// (tests/sdk/README.md). Node has fetch, and no page: nothing is ever hidden. Runs the built package: `npm run build` first.
import { createInterface } from "node:readline";
import { createClient } from "../../dist/esm/web/index.js";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const line = (message, ...more) => console.error([message, ...more].join(" "));

// A default of the type that is asked for, where the request has none of it.
const STAND_IN = { boolean: false, string: "", integer: 0, float: 0, object: {} };
const typeOf = (type) => (type === "integer" || type === "float" ? "number" : type);

let client;

const acts = {
  start({ options }) {
    client = createClient({ logger: { error: line, warn: line, info: line }, ...options });
    return {};
  },
  /** A web client has one context at a time: this one, from now on. */
  async evaluate({ flag, type, default: given, context }) {
    await client.setContext(context);
    const fits = given !== null && typeof given === typeOf(type);
    const { value, variant, reason, errorCode } = client.details(flag, fits ? given : STAND_IN[type]);
    return { value: variant === undefined && !fits ? given : value, variant, reason, errorCode };
  },
  status() {
    const { state, revision, staleSince, source, lastError } = client.status();
    const since = staleSince?.getTime() ?? null;
    return { state, revision: revision ?? null, staleSince: since, source, lastError: lastError ?? null };
  },
  watch({ flag }) {
    client.onChange(flag, ({ revision }) => say({ event: "change", flag, revision: revision ?? null }));
    return {};
  },
  watchStatus() {
    client.onStatus(({ state, revision }) => say({ event: "status", state, revision: revision ?? null }));
    return {};
  },
  async track({ metric, value, context }) {
    await client.setContext(context);
    client.track(metric, value ?? undefined);
    return {};
  },
  async flush() {
    await client.flush();
    return {};
  },
  async close() {
    const began = performance.now();
    await client.close();
    return { ms: Math.round(performance.now() - began) };
  },
};

async function answer(text) {
  const request = JSON.parse(text);
  const { id } = request;
  try {
    if (!Object.hasOwn(acts, request.do)) throw new Error(`the web SDK does not do this: ${request.do}`);
    say({ id, ok: await acts[request.do](request) });
  } catch (error) {
    say({ id, error: error.message });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (text) => void answer(text));
// A page is gone at once; Node's fetch keeps its sockets, and the process, for seconds.
lines.on("close", () => void Promise.resolve(client?.close()).then(() => process.exit(0)));
