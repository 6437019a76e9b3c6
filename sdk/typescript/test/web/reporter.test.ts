// What a page tells the server of its evaluations, and what becomes of it on a bad network.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unitOf } from "../../src/web/reporter.js";
import type { Context } from "../../src/web/index.js";
import { EVENTS, on, put, Scene, STREAM, type Sent } from "./scene.js";

interface Event {
  readonly kind: string;
  readonly evaluations?: readonly object[];
  readonly [member: string]: unknown;
}

const eventsOf = (sent: Sent): Event[] => sent.body["events"] as Event[];

const tracked = { ...on, track: { run: "r-1", by: ["/org/id", "targetingKey"], arm: "candidate" } };

/** A client that sends events, its results there. */
async function reporting(context: Context = { targetingKey: "u-1" }, options: Parameters<Scene["client"]>[0] = {}) {
  const scene = new Scene();
  const client = scene.client({ events: true, context, ...options });
  const pipe = await scene.streaming(put(1, { flip: tracked }));
  return { scene, client, pipe };
}

describe("a batch", () => {
  it("counts evaluations, exposures and measurements, and names nobody and nothing else", async () => {
    const { scene, client } = await reporting();
    client.isEnabled("flip");
    client.isEnabled("flip");
    client.value("gone", 1);
    client.track("checkout_error");
    client.track("latency_ms", 12.5);
    const done = client.flush();
    const sent = scene.network.next(EVENTS);
    assert.deepEqual([sent.init.keepalive, sent.headers.get("authorization")], [true, "Bearer pnn_cli_key"]);
    const { instanceId, session, sequence, ...rest } = sent.body;
    assert.match(String(instanceId), /^web-[0-9a-f]{16}$/);
    assert.match(String(session), /^[0-9a-f]{16}$/);
    assert.deepEqual([sequence, Object.keys(rest)], [1, ["events"]]);
    const at = new Date(scene.clock.now()).toISOString();
    assert.deepEqual(eventsOf(sent), [
      {
        kind: "summary",
        from: at,
        to: at,
        evaluations: [
          { flag: "flip", variant: "on", reason: "STATIC", count: 2 },
          { flag: "gone", reason: "ERROR", errorCode: "FLAG_NOT_FOUND", count: 1 },
        ],
      },
      { kind: "exposure", at, flag: "flip", variant: "on", run: "r-1", arm: "candidate", unit: "u-1" },
      { kind: "track", at, metric: "checkout_error", unit: "u-1", value: 1 },
      { kind: "track", at, metric: "latency_ms", unit: "u-1", value: 12.5 },
    ]);
    await sent.answer(200, { accepted: 4, refused: [] });
    await done;
  });

  it("leaves after its interval, and none leaves when there is nothing to tell", async () => {
    const { scene, client } = await reporting();
    await scene.clock.pass(30_000);
    assert.deepEqual(scene.network.to(EVENTS), []);
    client.isEnabled("flip");
    await scene.clock.pass(29_999);
    assert.deepEqual(scene.network.to(EVENTS), []);
    await scene.clock.pass(1);
    await scene.network.to(EVENTS)[0]?.answer(200);
    await scene.clock.pass(300_000);
    assert.equal(scene.network.to(EVENTS).length, 1);
  });

  it("leaves when the page is hidden, and what came meanwhile leaves after it", async () => {
    const { scene, client } = await reporting();
    client.isEnabled("flip");
    await scene.page.hide();
    const first = scene.network.next(EVENTS);
    assert.equal(first.init.keepalive, true);
    client.track("late");
    const done = client.flush();
    assert.deepEqual(scene.network.unseen, [], "one is under way at a time");
    await first.answer(200);
    const second = scene.network.next(EVENTS);
    assert.deepEqual([second.body["sequence"], eventsOf(second).map(({ kind }) => kind)], [2, ["track"]]);
    await second.answer(200);
    await done;
  });

  it("is small enough to outlive its page, and several leave one after another", async () => {
    const { scene, client } = await reporting();
    for (let n = 0; n < 1_500; n += 1) client.track(`metric-${n}`, n);
    const done = client.flush();
    let seen = 0;
    while (scene.network.unseen.length > 0) {
      const sent = scene.network.next(EVENTS);
      assert.ok((sent.init.body as string).length <= 48 * 1024);
      seen += eventsOf(sent).length;
      await sent.answer(200);
    }
    await done;
    assert.equal(seen, 1_500);
  });

  it("is sent again as it was until it is answered, with growing pauses", async () => {
    const { scene, client } = await reporting();
    client.track("a");
    void client.flush();
    const first = scene.network.next(EVENTS);
    await first.fail();
    client.track("b");
    await scene.clock.pass(500);
    const second = scene.network.next(EVENTS);
    assert.equal(second.init.body, first.init.body);
    assert.equal(second.init.keepalive, false, "what browsers carry beyond a page's end may be taken by others");
    await second.answer(500);
    await scene.clock.pass(999);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    const third = scene.network.next(EVENTS);
    await third.answer(200);
    assert.equal(third.init.body, first.init.body);
    await scene.clock.pass(30_000);
    const fourth = scene.network.next(EVENTS);
    assert.deepEqual([fourth.body["sequence"], eventsOf(fourth).length], [2, 1]);
  });

  it("waits for what Retry-After asks, whoever wants it sent", async () => {
    const { scene, client, pipe } = await reporting();
    client.track("a");
    void client.flush();
    await scene.network.next(EVENTS).answer(429, {}, { "retry-after": "20" });
    await client.flush();
    await scene.page.hide();
    await pipe.send(": heartbeat\n\n");
    await scene.clock.pass(19_999);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    assert.deepEqual(scene.network.unseen, [EVENTS]);
  });

  it("that the server will never take is dropped, and one that is too large is split", async () => {
    const { scene, client } = await reporting();
    client.track("a");
    client.track("b");
    void client.flush();
    await scene.network.next(EVENTS).answer(413);
    const halves = [scene.network.next(EVENTS)];
    await halves[0]?.answer(200);
    halves.push(scene.network.next(EVENTS));
    assert.deepEqual(
      halves.map((half) => [half.body["sequence"], eventsOf(half).length]),
      [
        [2, 1],
        [3, 1],
      ],
    );
    await halves[1]?.answer(401);
    await scene.clock.pass(60_000);
    assert.equal(scene.network.to(EVENTS).length, 3);
  });

  it("is waited for at the end, but for less than a second", async () => {
    const { scene, client } = await reporting();
    client.track("a");
    const closed = client.close();
    const sent = scene.network.next(EVENTS);
    let isOver = false;
    void closed.then(() => (isOver = true));
    await scene.clock.pass(799);
    assert.equal(isOver, false);
    await scene.clock.pass(1);
    assert.equal(isOver, true);
    await sent.fail();
    await scene.clock.pass(60_000);
    assert.equal(scene.network.to(EVENTS).length, 1);
  });

  it("is not made where events are not wanted", async () => {
    const { scene, client } = await reporting({}, { events: false });
    client.isEnabled("flip");
    client.track("a");
    await client.flush();
    await client.close();
    assert.deepEqual(scene.network.to(EVENTS), []);
  });
});

describe("an exposure", () => {
  it("counts whom the results are for, though the context has changed already", async () => {
    const { scene, client } = await reporting({ targetingKey: "u-1", org: { id: 7 } });
    void client.setContext({ targetingKey: "u-2" });
    client.isEnabled("flip");
    await scene.network
      .next(STREAM)
      .stream()
      .then((pipe) => pipe.event("put", put(1, { flip: tracked })));
    client.isEnabled("flip");
    client.isEnabled("flip");
    void client.flush();
    const units = eventsOf(scene.network.next(EVENTS)).filter(({ kind }) => kind === "exposure");
    assert.deepEqual(
      units.map(({ unit }) => unit),
      ["7", "u-2"],
    );
  });

  it("needs a value that is served: none is made of another type, or of a default", async () => {
    const { scene, client } = await reporting();
    client.value("flip", "text");
    client.variant("gone");
    void client.flush();
    assert.deepEqual(
      eventsOf(scene.network.next(EVENTS)).map(({ kind }) => kind),
      ["summary"],
    );
  });
});

describe("a unit", () => {
  it("is the first attribute that is a text or an integral number", () => {
    const context = { a: "", b: 1.5, c: true, d: 4711, e: "x", deep: { "s/t~": { id: "d" } }, list: ["l"], $f: "f" };
    for (const [by, unit] of [
      [["a", "b", "c", "gone", "d", "e"], "4711"],
      [["e", "d"], "x"],
      [["/deep/s~1t~0/id"], "d"],
      [["/e"], "x"],
      [["/deep/gone/id", "/list/0", "$f", "$instance", "toString"], undefined],
    ] as const) {
      assert.equal(unitOf(by, context), unit, by.join());
    }
  });
});

describe("a measurement", () => {
  it("whose name the server does not read is dropped, and that is said once; others are sent", async () => {
    const { scene, client } = await reporting();
    for (const name of ["", "\ud800", "x".repeat(4_000), {}]) client.track(name as string);
    client.value("\ud800", 1);
    client.track("checkout");
    await scene.clock.pass(36_000);
    const { events } = scene.network.next(EVENTS).body as { events: { kind: string; metric?: string }[] };
    assert.deepEqual(
      events.map(({ kind, metric }) => metric ?? kind),
      ["checkout"],
    );
    assert.deepEqual(scene.log, ["warn pennon: track() needs a name, a targeting key and a number"]);
  });

  it("without a targeting key, or of no finite number, is dropped, and that is said once", async () => {
    const { scene, client } = await reporting({ plan: "pro" });
    client.track("a");
    client.track("a", Number.NaN);
    await client.flush();
    assert.deepEqual(scene.network.to(EVENTS), []);
    assert.deepEqual(scene.log, ["warn pennon: track() needs a name, a targeting key and a number"]);
  });
});
