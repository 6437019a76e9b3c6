/** How what is kept is sent: when, again, and no more. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createClient, type Client, type Options } from "../../src/server/index.js";
import { flag, keeper, snapshot } from "./documents.js";
import { FakeServer, put, status, type Reply, type Seen } from "./fake-server.js";
import { until } from "./until.js";

const EVENTS = "/api/v1/sdk/events";
const TRACKED = flag("f", {
  rules: [
    { id: "r", serve: { variant: "on" }, track: { run: "r-1", arm: "candidate", by: ["/org/id", "targetingKey"] } },
  ],
});

let server: FakeServer;
let clients: Client[] = [];
beforeEach(async () => {
  server = await FakeServer.start();
  server.on("/api/v1/sdk/stream", put(snapshot([TRACKED, flag("g")])));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await server.close();
});

interface Body {
  session: string;
  sequence: number;
  events: Record<string, unknown>[];
}

const bodies = (seen: readonly Seen[] = server.at(EVENTS)) => seen.map(({ body }) => JSON.parse(body) as Body);
const of = (kind: string, body: Body | undefined) => body?.events.filter((event) => event["kind"] === kind) ?? [];

async function client(options: Options = {}): Promise<{ client: Client; lines: string[] }> {
  const { lines, logger } = keeper();
  const one = createClient({
    url: server.url,
    key: "k",
    logger,
    flushIntervalMs: 60_000,
    backoffMinMs: 1,
    backoffMaxMs: 20,
    ...options,
  });
  clients.push(one);
  await one.ready();
  return { client: one, lines };
}

describe("a batch", () => {
  it("tells of the instance, of evaluations, exposures and measurements", async () => {
    const { client: one } = await client({ instanceId: "i", labels: { region: "eu" } });
    one.reportHealth(false);
    one.isEnabled("f", { userId: "u", org: { id: 7 } });
    one.isEnabled("f", { userId: "u", org: { id: 7 } });
    one.isEnabled("f");
    one.track("checkout", { userId: 4711 });
    one.track("latency", 1.5, { targetingKey: "u" });
    await one.flush();
    const [body] = bodies();
    const [instance] = of("instance", body);
    assert.deepEqual(Object.keys(instance ?? {}), [
      "kind",
      "at",
      "sdk",
      "sdkVersion",
      "startedAt",
      "state",
      "revision",
      "healthy",
      "labels",
      "dropped",
    ]);
    assert.deepEqual([instance?.["state"], instance?.["revision"], instance?.["healthy"]], ["ready", "1-1", false]);
    assert.deepEqual(
      [instance?.["labels"], instance?.["dropped"]],
      [{ region: "eu" }, { exposures: 0, tracks: 0, evaluations: 0 }],
    );
    assert.deepEqual(of("summary", body)[0]?.["evaluations"], [
      { flag: "f", variant: "on", reason: "TARGETING_MATCH", count: 3 },
    ]);
    assert.deepEqual(
      of("exposure", body).map(({ at, ...rest }) => [typeof at, rest]),
      [["string", { kind: "exposure", flag: "f", variant: "on", run: "r-1", arm: "candidate", unit: "7" }]],
    );
    assert.deepEqual(
      of("track", body).map(({ metric, unit, value }) => [metric, unit, value]),
      [
        ["checkout", "4711", 1],
        ["latency", "u", 1.5],
      ],
    );
    assert.equal(server.at(EVENTS)[0]?.headers["content-type"], "application/json");
  });

  it("is sent every interval, with nothing but the heartbeat too", async () => {
    await client({ flushIntervalMs: 30 });
    const [first, second] = bodies(await server.wait(EVENTS, 2));
    assert.deepEqual([first?.events.length, first?.sequence, second?.sequence], [1, 1, 2]);
    assert.equal(first?.session, second?.session);
  });

  it("is sent early when a buffer is half full", async () => {
    const { client: one } = await client();
    for (let n = 0; n < 5_000; n += 1) one.track("m", n, { userId: "u" });
    await server.wait(EVENTS, 6);
    await one.flush();
    assert.equal(bodies().flatMap((body) => of("track", body)).length, 5_000);
  });

  it("is sent again as it was until the server has taken it", async () => {
    const cut: Reply = (response) => response.destroy();
    const noAnswer: Reply = (response) =>
      response.writeHead(200, { "content-length": "9" }).write("{", () => response.destroy());
    const portal = status(200, { "content-type": "text/html" }, "<html>log in</html>");
    server.on(EVENTS, status(500), cut, noAnswer, portal, status(404), status(200, {}, "{}"));
    const { client: one } = await client({ flushIntervalMs: 5 });
    one.track("m", { userId: "u" });
    const seen = await server.wait(EVENTS, 7);
    assert.deepEqual(new Set(seen.slice(0, 6).map(({ body }) => body)).size, 1);
    assert.deepEqual(
      bodies(seen).map(({ sequence }) => sequence),
      [1, 1, 1, 1, 1, 1, 2],
    );
  });

  it("that failed is followed by what came meanwhile, when somebody asks to flush", async () => {
    server.on(EVENTS, status(500), status(200, {}, "{}"));
    const { client: one } = await client({ backoffMinMs: 60_000, backoffMaxMs: 60_000 });
    one.track("first", { userId: "u" });
    await one.flush();
    one.track("second", { userId: "u" });
    await one.flush();
    assert.deepEqual(
      bodies().map((body) => [body.sequence, of("track", body).map(({ metric }) => metric)]),
      [
        [1, ["first"]],
        [1, ["first"]],
        [2, ["second"]],
      ],
    );
  });

  it("waits as long as the server says, also when somebody asks to flush", async () => {
    server.on(EVENTS, status(429, { "retry-after": "3600" }));
    const { client: one } = await client();
    await one.flush();
    await one.flush();
    assert.equal(server.at(EVENTS).length, 1);
  });

  it("is lost, and counted, when the server will never take it", async () => {
    for (const code of [400, 401, 403, 422]) {
      server.on(EVENTS, status(code), status(200, {}, "{}"));
      const { client: one } = await client();
      one.isEnabled("g");
      one.track("m", { userId: "u" });
      await one.flush();
      await one.flush();
      assert.deepEqual(bodies().at(-1)?.events[0]?.["dropped"], { exposures: 0, tracks: 1, evaluations: 1 });
      assert.equal(bodies().at(-1)?.events.length, 1);
    }
  });

  it("is cut in two when it is too large, and all of it arrives", async () => {
    server.on(EVENTS, status(413), status(200, {}, "{}"));
    const { client: one } = await client();
    for (let n = 0; n < 4; n += 1) one.track("m", n, { userId: "u" });
    await one.flush();
    assert.deepEqual(
      bodies().map((body) => [body.sequence, of("track", body).length]),
      [
        [1, 4],
        [2, 2],
        [3, 2],
      ],
    );
  });

  it("is said to have been refused once, by the codes alone", async () => {
    server.on(
      EVENTS,
      status(200, {}, '{"accepted":0,"refused":[{"index":1,"code":"invalid_event","detail":"unit u@example.org"}]}'),
    );
    const { client: one, lines } = await client();
    one.track("m", { userId: "u" });
    await one.flush();
    await one.flush();
    assert.deepEqual(lines, ["pennon: the server refuses events: invalid_event"]);
    assert.deepEqual(bodies().at(-1)?.events[0]?.["dropped"], { exposures: 0, tracks: 1, evaluations: 0 });
  });
});

describe("a measurement", () => {
  it("that has no unit, no name or no finite value is said once and not sent", async () => {
    const { client: one, lines } = await client();
    for (let n = 0; n < 2; n += 1) {
      one.track("m");
      one.track("m", 2, { email: "u@example.org" });
      one.track("m", NaN, { userId: "u" });
      one.track("", { userId: "u" });
      one.track("x".repeat(101), { userId: "u" });
      one.track(undefined as unknown as string, { userId: "u" });
    }
    await one.flush();
    assert.deepEqual(of("track", bodies()[0]), []);
    assert.equal(lines.length, 3);
    assert.ok(!lines.join().includes("example.org"));
  });

  it("is that of whom the code around it is about", async () => {
    const { client: one } = await client();
    one.withContext({ userId: "u" }, () => {
      one.track("m");
    });
    await one.flush();
    assert.equal(of("track", bodies()[0])[0]?.["unit"], "u");
  });
});

describe("the end", () => {
  it("sends the rest within a second, and says that the instance leaves", async () => {
    const { client: one } = await client();
    one.isEnabled("g");
    await one.close();
    const [body] = bodies();
    assert.deepEqual([of("summary", body).length, of("instance", body)[0]?.["state"]], [1, "closed"]);
    one.track("m", { userId: "u" });
    await one.flush();
    assert.equal(server.at(EVENTS).length, 1);
  });

  it("waits for a server that does not answer no longer than a second", async () => {
    server.on(EVENTS, () => undefined);
    const { client: one } = await client();
    one.isEnabled("g");
    const began = performance.now();
    await one.close();
    assert.ok(performance.now() - began < 1_000);
  });

  it("leaves a connection that hangs, and sends the same batch by another", async () => {
    server.on(EVENTS, () => undefined, status(200, {}, "{}"));
    const { client: one } = await client({ flushIntervalMs: 10 });
    await server.wait(EVENTS, 1);
    const began = performance.now();
    await one.close();
    assert.ok(performance.now() - began < 1_000);
    assert.deepEqual(
      bodies().map(({ sequence }) => sequence),
      [1, 1],
    );
  });

  it("of a flush comes within a second, whatever the server does", async () => {
    server.on(EVENTS, () => undefined);
    const { client: one } = await client();
    const began = performance.now();
    await one.flush();
    assert.ok(performance.now() - began < 1_500);
  });

  it("comes to nothing where events are off", async () => {
    const { client: one } = await client({ events: false, flushIntervalMs: 1 });
    one.isEnabled("g");
    one.track("m", { userId: "u" });
    await one.flush();
    await one.close();
    assert.deepEqual(server.at(EVENTS), []);
  });

  it("lets one batch be under way at a time, whatever is asked for at once", async () => {
    let now = 0;
    let most = 0;
    server.on(EVENTS, (response) => {
      most = Math.max(most, (now += 1));
      setImmediate(() => {
        now -= 1;
        response.end("{}");
      });
    });
    const { client: one } = await client({ flushIntervalMs: 1 });
    await Promise.all(Array.from({ length: 10 }, () => one.flush()));
    await until("batches", () => server.at(EVENTS).length > 5);
    assert.equal(most, 1);
  });
});
