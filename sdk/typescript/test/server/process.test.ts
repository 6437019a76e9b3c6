/** What a process of its own sees: nothing keeps it alive, nothing begins before its time, and sleep does no harm. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { build } from "esbuild";
import { flag, snapshot } from "./documents.js";
import { begin, event, FakeServer, put, status } from "./fake-server.js";
import { within } from "./until.js";

/** The package as the programs load it: below this folder, where its dependencies are found. */
const FOLDER = resolve(`.test-build/process-${process.pid}`);
const PACKAGE = `${FOLDER}/server.mjs`;
const STREAM = "/api/v1/sdk/stream";
/** A process that ends by itself is gone by then, on a busy machine too; one that waits for a timer of ours is not. */
const SOON_MS = 5_000;
const on = (enabled: boolean, revision: number) => snapshot([flag("f", { enabled })], { revision });

before(() =>
  build({
    entryPoints: ["src/server/index.ts"],
    outfile: PACKAGE,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    logLevel: "warning",
  }),
);
after(() => {
  rmSync(FOLDER, { recursive: true, force: true });
});

let server: FakeServer;
let children: ChildProcess[] = [];
beforeEach(async () => {
  server = await FakeServer.start();
  server.on(STREAM, put(on(true, 1)));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await server.close();
});

interface Program {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  readonly line: () => Promise<string>;
  /** Its exit code, and what it has printed and not been asked for. */
  readonly end: () => Promise<{ code: number | null; rest: string[]; ms: number }>;
}

/** Runs a program that has `flags` and `createClient`; PENNON_URL is the server's. */
function run(code: string, environment: Record<string, string> = {}): Program {
  const source = `import { flags, createClient } from ${JSON.stringify(PACKAGE)};\n${code}`;
  const env = {
    PATH: process.env["PATH"],
    PENNON_URL: server.url,
    PENNON_SDK_KEY: "k",
    PENNON_EVENTS: "false",
    ...environment,
  };
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const began = performance.now();
  const exit = once(child, "close") as Promise<[number | null]>;
  assert.ok(child.stdout);
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await within("a line of the program", lines.next());
    assert.ok(next.done !== true, "the program ended");
    return next.value;
  };
  const end = async () => {
    const rest: string[] = [];
    for (let next = await within("the end", lines.next()); next.done !== true; next = await lines.next())
      rest.push(next.value);
    const [code] = await exit;
    return { code, rest, ms: performance.now() - began };
  };
  return { child, line, end };
}

describe("importing the package", () => {
  it("asks for nothing and keeps nothing", async () => {
    const { end } = run(`
      const handles = process.getActiveResourcesInfo().filter((name) => /Time|Immediate|TCP|TLS|Addr|Worker|Event/.test(name));
      console.log(JSON.stringify(handles));`);
    const { code, rest } = await end();
    assert.deepEqual([code, rest, server.seen], [0, ["[]"], []]);
  });
});

describe("a process that does not close its client", () => {
  const programs: [string, string][] = [
    ["listens to a stream", `await flags.ready(); console.log(flags.isEnabled("f"));`],
    ["has only asked", `console.log(flags.isEnabled("f", null, true));`],
    [
      "waits for changes and dates",
      `await flags.ready(); flags.onChange("f", () => {}); console.log(flags.isEnabled("f"));`,
    ],
    [
      "has a context around it",
      `await flags.ready(); flags.withContext({ userId: "u" }, () => console.log(flags.isEnabled("f")));`,
    ],
  ];
  for (const [what, code] of programs) {
    it(`ends by itself when it ${what}`, async () => {
      const { code: exit, rest, ms } = await run(code).end();
      assert.deepEqual([exit, rest], [0, ["true"]]);
      assert.ok(ms < SOON_MS, String(ms));
    });
  }

  it("ends by itself while it waits for a server that does not answer, backs off, polls or sends", async () => {
    const longest = `startWaitMs: 1, streamWaitMs: 30, backoffMinMs: 60_000, backoffMaxMs: 60_000, pollIntervalMs: 60_000, events: true, flushIntervalMs: 20`;
    const deaf = `createClient({ url: ${JSON.stringify(server.url)}, key: "k", ${longest} });
      setTimeout(() => console.log("done"), 300);`;
    server.on("/api/v1/sdk/events", () => undefined);
    server.on("/api/v1/sdk/snapshot", () => undefined);
    for (const reply of [() => undefined, status(503, { "retry-after": "3600" }), begin]) {
      server.on(STREAM, reply);
      const { code, rest, ms } = await run(deaf).end();
      assert.deepEqual([code, rest], [0, ["done"]]);
      assert.ok(ms < SOON_MS, String(ms));
    }
  });

  it("ends by itself while it makes a connection that nobody accepts", async () => {
    // TLS that is never spoken: the connection is made, and what comes next never comes.
    const silent = createServer(() => undefined);
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const { code, ms } = await run(`createClient({ url: ${JSON.stringify(url)}, key: "k" });`).end();
      assert.equal(code, 0);
      assert.ok(ms < SOON_MS, String(ms));
    } finally {
      silent.close();
    }
  });
});

describe("a process that waits", () => {
  it("for the first snapshot is kept alive until it is there, or the wait is over", async () => {
    server.on(STREAM, (response) => {
      begin(response);
      setTimeout(() => response.write(event("put", on(true, 1))), 200);
    });
    assert.deepEqual((await run(`console.log(await flags.ready());`).end()).rest, ["true"]);
    server.on(STREAM, () => undefined);
    const { code, rest } = await run(`console.log(await flags.ready());`, { PENNON_START_WAIT: "0.1" }).end();
    assert.deepEqual([code, rest], [0, ["false"]]);
  });

  it("for the end has sent what was kept, and ends", async () => {
    const { code, rest, ms } = await run(
      `await flags.ready(); flags.isEnabled("f"); flags.track("m", { userId: "u" }); await flags.close(); console.log(flags.status().state);`,
      { PENNON_EVENTS: "true" },
    ).end();
    assert.deepEqual([code, rest], [0, ["closed"]]);
    assert.ok(ms < SOON_MS, String(ms));
    const { events } = JSON.parse(server.at("/api/v1/sdk/events")[0]?.body ?? "") as { events: { kind: string }[] };
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["instance", "summary", "track"],
    );
  });
});

describe("a process that sleeps", () => {
  it("goes on with the stream it had, and what came meanwhile, however long it slept", async () => {
    let send = (_: string): unknown => undefined;
    server.on(STREAM, (response) => {
      begin(response).write(event("put", on(true, 1)));
      send = (text) => response.write(text);
    });
    const heart = setInterval(() => send(": heartbeat\n\n"), 50);
    try {
      const { child, line } = run(`
        const client = createClient({ readTimeoutMs: 1_000, backoffMinMs: 10 });
        client.onStatus(({ state }) => console.log(state));
        client.onChange("f", () => console.log(client.isEnabled("f")));
        setInterval(() => {}, 1_000);`);
      assert.deepEqual([await line(), await line()], ["true", "ready"]);
      child.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      send(event("patch", { epoch: 1, from: 1, revision: 2, flags: { f: flag("f", { enabled: false }) } }));
      child.kill("SIGCONT");
      assert.equal(await line(), "false");
      assert.equal(server.at(STREAM).length, 1);
    } finally {
      clearInterval(heart);
    }
  });

  it("finds a server again that slept itself, and has what changed", async () => {
    const { line } = run(`
      const client = createClient({ readTimeoutMs: 300, backoffMinMs: 10, backoffMaxMs: 50, pollIntervalMs: 50 });
      client.onStatus(({ state }) => console.log(state));
      setInterval(() => {}, 1_000);`);
    assert.equal(await line(), "ready");
    // It sends no heartbeat, which is what a server that sleeps does.
    assert.equal(await line(), "stale");
    server.on(STREAM, put(on(false, 2)));
    assert.equal(await line(), "ready");
  });
});
