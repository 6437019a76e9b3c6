/** How the client follows a server that does not do what it should. The suite of all SDKs (tests/sdk) asks for more. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Follower } from "../../src/server/follower.js";
import { Held } from "../../src/server/held.js";
import { createClient, type Client, type Options } from "../../src/server/index.js";
import { readSettings } from "../../src/server/settings.js";
import { StatusBoard } from "../../src/server/status.js";
import { flag, keeper, snapshot } from "./documents.js";
import { begin, event, FakeServer, put, status } from "./fake-server.js";
import { FakeWorld } from "./fake-world.js";
import { until } from "./until.js";

const STREAM = "/api/v1/sdk/stream";
const SNAPSHOT = "/api/v1/sdk/snapshot";
const at = (revision: number, enabled = true) => snapshot([flag("f", { enabled })], { revision });
const patch = (from: number, revision: number, enabled: boolean) =>
  event("patch", { epoch: 1, from, revision, flags: { f: flag("f", { enabled }) }, segments: {}, layers: {} });

let server: FakeServer;
let made: Client[] = [];
beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(async () => {
  await Promise.all(made.map((client) => client.close()));
  made = [];
  await server.close();
});

const QUICK = { events: false, streamWaitMs: 5_000, pollIntervalMs: 20, backoffMinMs: 5, backoffMaxMs: 20 };

function client(options: Options = {}) {
  const { lines, logger } = keeper();
  const one = createClient({ url: server.url, key: "k", logger, ...QUICK, ...options });
  made.push(one);
  return { one, lines };
}

const state = (one: Client, wanted: string, revision?: string) =>
  until(`${wanted} ${revision ?? ""}`, () => {
    const now = one.status();
    return now.state === wanted && (revision === undefined || now.revision === revision) && now;
  });
const lastEventIds = () => server.at(STREAM).map(({ headers }) => headers["last-event-id"]);

/** Follows the server in a world of its own, until there were so many pauses between streams; how long they were. */
async function paused(count: number) {
  const world = new FakeWorld();
  const pauses: number[] = [];
  const after = (ms: number, act: () => void): (() => void) => {
    // What is longer is no pause: it is how long a stream may be silent.
    if (ms < QUICK.streamWaitMs) pauses.push(ms);
    return world.after(ms, act);
  };
  const held = new Held(() => undefined);
  const { lines, logger } = keeper();
  const { nowMs, elapsedMs, random, soon } = world;
  const recording = { nowMs, elapsedMs, random, soon, after };
  const wire = { base: server.url, key: "k", connectTimeoutMs: 10_000, agent: undefined, world: recording };
  const status = new StatusBoard(held, world, logger, true);
  const settings = readSettings({ ...QUICK, backoffMinMs: 100, backoffMaxMs: 60_000 }, {}, []);
  const follower = new Follower(wire, settings, held, status, logger);
  follower.start();
  let passed = 0;
  await until(`${count} pauses`, () => {
    for (; passed < pauses.length; passed += 1) world.pass(pauses[passed] ?? 0);
    return passed >= count;
  });
  follower.close();
  return { pauses: pauses.slice(0, count), status, lines };
}

describe("the stream", () => {
  it("says who listens, and begins with the snapshot", async () => {
    server.on(STREAM, put(at(1)));
    const { one } = client({ instanceId: "shop 1", labels: { region: "eu" } });
    assert.equal(await one.ready(), true);
    assert.deepEqual([one.status().state, one.isEnabled("f")], ["ready", true]);
    const [request] = server.at(STREAM);
    const query = new URL(request?.path ?? "", server.url).searchParams;
    assert.deepEqual(
      [query.get("instanceId"), query.get("sdk"), query.get("sdkVersion"), query.get("label.region")],
      ["shop 1", "pennon-node", "0.1.0", "eu"],
    );
    assert.equal(request?.headers.authorization, "Bearer k");
  });

  it("is opened again with the id of what is held, and is current when it says no more", async () => {
    server.on(STREAM, (response) => begin(response).end(event("put", at(1))), begin);
    const { one } = client();
    await server.wait(STREAM, 2);
    await state(one, "ready", "1-1");
    assert.deepEqual(lastEventIds(), [undefined, "1-1"]);
  });

  for (const [what, bytes, error] of [
    ["a gap", patch(5, 6, false), "a change does not follow what is held"],
    ["bytes that are no text", Buffer.from([0x64, 0xff, 0x0a]), "the stream cannot be read"],
  ] as const) {
    it(`is opened again without an id after ${what}; what is held stays, and is stale meanwhile`, async () => {
      let send = (): unknown => undefined;
      server.on(
        STREAM,
        (response) => {
          begin(response).write(event("put", at(1)));
          send = () => response.write(bytes);
        },
        put(at(6, false)),
      );
      const { one, lines } = client();
      const told: unknown[] = [];
      one.onStatus((now) => told.push([now.state, now.revision, now.lastError]));
      await state(one, "ready", "1-1");
      send();
      await state(one, "ready", "1-6");
      assert.deepEqual([lastEventIds(), one.isEnabled("f")], [[undefined, undefined], false]);
      assert.deepEqual(told, [
        ["ready", "1-1", undefined],
        ["stale", "1-1", error],
        ["ready", "1-6", undefined],
      ]);
      assert.deepEqual(lines, [
        `pennon: the server is not heard: ${error}; what is held is served meanwhile`,
        "pennon: the server is heard again",
      ]);
    });
  }

  it("is opened again without an id until there is an event that can be read", async () => {
    const broken = (response: Parameters<typeof begin>[0]) =>
      begin(response).write(event("put", at(2)).replace("{", "["));
    server.on(STREAM, put(at(1)), broken, broken, put(at(3)));
    server.on(STREAM, (response) => begin(response).end(event("put", at(1))), broken, broken, put(at(3)));
    const { one } = client();
    await state(one, "ready", "1-3");
    assert.deepEqual(lastEventIds(), [undefined, "1-1", undefined, undefined]);
  });

  it("that is cut within a character costs that event only", async () => {
    const text = Buffer.from(patch(1, 2, false).replace('"flags"', '"note":"ü","flags"'));
    const cut = text.subarray(0, text.indexOf("ü") + 1);
    server.on(
      STREAM,
      (response) =>
        begin(response).write(Buffer.concat([Buffer.from(event("put", at(1))), cut]), () => response.destroy()),
      (response) => begin(response).write(patch(1, 2, false)),
    );
    const { one } = client();
    await state(one, "ready", "1-2");
    assert.deepEqual([lastEventIds(), one.isEnabled("f")], [[undefined, "1-1"], false]);
  });

  it("that says goodbye is no outage, and is opened again when it said", async () => {
    server.on(
      STREAM,
      (response) => begin(response).write(event("put", at(1)) + event("goodbye", { reconnectAfterMs: 30 })),
      begin,
    );
    const { one, lines } = client();
    const states: string[] = [];
    one.onStatus((now) => states.push(now.state));
    await server.wait(STREAM, 2);
    assert.deepEqual([states, lines], [["ready"], []]);
  });

  for (const [what, end] of [
    ["retry: 0", "retry: 0\n\n"],
    ["a goodbye", event("goodbye", { reconnectAfterMs: 0 })],
  ] as const) {
    it(`that asks for a return at once by ${what}, again and again, is believed three times`, async () => {
      server.on(STREAM, (response) => begin(response).end(event("put", at(1)) + end));
      const { pauses, status, lines } = await paused(6);
      // Then they grow: half of 100, 200, 400 ms, as the dice fall.
      assert.deepEqual([pauses, status.get().state, lines], [[0, 0, 0, 50, 100, 200], "ready", []]);
    });
  }

  it("that falls silent is dead, and what is held is stale since the last byte", async () => {
    server.on(STREAM, put(at(1)), status(503));
    const { one, lines } = client({ readTimeoutMs: 100 });
    await one.ready();
    const { staleSince, lastError } = await state(one, "stale");
    assert.ok(staleSince instanceof Date);
    assert.ok(lastError);
    assert.deepEqual([one.isEnabled("f"), lines.length], [true, 1]);
  });
});

describe("polls", () => {
  it("begin when a stream gives nothing, and end with its first byte, however late", async () => {
    let late = (): void => undefined;
    server.on(STREAM, (response) => {
      late = () => begin(response).write(event("put", at(2)));
    });
    server.on(SNAPSHOT, status(200, {}, JSON.stringify(at(1))));
    const { one } = client({ streamWaitMs: 20 });
    await one.ready();
    assert.deepEqual([one.status().state, one.status().source], ["ready", "poll"]);
    await server.wait(SNAPSHOT, 3);
    late();
    await state(one, "ready", "1-2");
    assert.equal(one.status().source, "stream");
    const polled = server.at(SNAPSHOT).length;
    one.onChange("f", () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 4 * QUICK.pollIntervalMs));
    assert.ok(server.at(SNAPSHOT).length <= polled + 1);
  });

  it("ask for what is newer than what is held, and are current when there is none", async () => {
    server.on(STREAM, status(503, { "retry-after": "3600" }));
    server.on(SNAPSHOT, status(200, {}, JSON.stringify(at(4))), status(304));
    const { one, lines } = client();
    await server.wait(SNAPSHOT, 3);
    assert.deepEqual([one.status().state, one.status().revision], ["ready", "1-4"]);
    assert.deepEqual(
      server
        .at(SNAPSHOT)
        .slice(0, 3)
        .map(({ headers }) => headers["if-none-match"]),
      [undefined, '"1-4"', '"1-4"'],
    );
    assert.equal(lines.length, 2);
  });

  it("that fail leave what is held, and make it stale", async () => {
    server.on(STREAM, status(503, { "retry-after": "3600" }));
    server.on(SNAPSHOT, status(200, {}, JSON.stringify(at(4))), status(200, {}, "{"), status(500), status(304));
    const { one } = client();
    const states: string[] = [];
    one.onStatus((now) => states.push(now.state));
    await server.wait(SNAPSHOT, 5);
    assert.deepEqual([states, one.isEnabled("f")], [["ready", "stale", "ready"], true]);
  });
});

describe("a close", () => {
  it("by who is told that the server is lost ends the polls before they begin", async () => {
    server.on(STREAM, (response) => begin(response).end(event("put", at(1))), status(503));
    server.on(SNAPSHOT, status(200, {}, JSON.stringify(at(2))));
    const { one } = client({ backoffMinMs: 1 });
    one.onStatus((now) => {
      if (now.state === "stale") void one.close();
    });
    await state(one, "closed");
    await new Promise((resolve) => setTimeout(resolve, 4 * QUICK.pollIntervalMs));
    assert.deepEqual([server.at(SNAPSHOT), server.at(STREAM).length, one.status().revision], [[], 2, "1-1"]);
  });
});

describe("a bad key", () => {
  it("is one error in the log, and what is held is served on", async () => {
    server.on(
      STREAM,
      (response) => begin(response).end(event("put", at(1))),
      status(401),
      status(401),
      status(403),
      begin,
    );
    const { one, lines } = client();
    await server.wait(STREAM, 4);
    assert.equal(one.isEnabled("f"), true);
    await state(one, "ready");
    assert.deepEqual(lines, [
      "pennon: the key is refused (401): what is held is served on",
      "pennon: the server is heard again",
    ]);
    assert.deepEqual(server.at(SNAPSHOT), []);
  });
});

describe("the start", () => {
  it("waits once, and no longer than it may", async () => {
    server.on(STREAM, () => undefined);
    const { one } = client({ startWaitMs: 60 });
    const began = performance.now();
    assert.equal(await one.ready(), false);
    const waited = performance.now() - began;
    assert.equal(await one.ready(), false);
    assert.ok(waited > 40 && performance.now() - began < waited + 40, String(waited));
  });

  it("ends its wait when the client is closed", async () => {
    server.on(STREAM, () => undefined);
    const { one } = client({ startWaitMs: 60_000 });
    const ready = one.ready();
    await one.close();
    assert.deepEqual([await ready, await one.ready(), one.status().state], [false, false, "closed"]);
  });
});
