// How results keep coming: streams that end, break, fall silent or are held back; polls meanwhile; pauses in between.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../src/web/index.js";
import { BULK, off, on, put, Scene, START, STREAM } from "./scene.js";

const MINUTE = 60_000;

/** A client that has results of revision 1, and its stream. */
async function streaming(options: Parameters<Scene["client"]>[0] = {}) {
  const scene = new Scene();
  const client = scene.client(options);
  const pipe = await scene.streaming();
  const states: string[] = [];
  client.onStatus(({ state }) => states.push(state));
  return { scene, client, pipe, states };
}

describe("a stream that ends", () => {
  it("with a goodbye is opened again when the server said, and nothing counts as stale", async () => {
    const { scene, client, pipe, states } = await streaming();
    await pipe.send('event: goodbye\nretry: 1242\ndata: {"reconnectAfterMs":1242,"reason":"draining"}\n\n');
    await scene.clock.pass(1_241);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    await scene.streaming(put(2, { flip: on }));
    assert.deepEqual([client.isEnabled("flip"), states, scene.log], [true, [], []]);
  });

  it("without a word is opened again after its retry, and not sooner than is sensible", async () => {
    const { scene, pipe } = await streaming();
    await pipe.end();
    await scene.clock.pass(699);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    const next = await scene.network.next(STREAM).stream();
    await next.send("retry: 0\n\n");
    await next.event("put", put(1));
    await next.end();
    await scene.clock.pass(99);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    assert.deepEqual(scene.network.unseen, [STREAM]);
  });

  it("before it said anything is a failure", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.network.next(STREAM).stream();
    await pipe.send(": hello\nretry: 1\n\n");
    await pipe.end();
    assert.equal(client.status().lastError, "the stream ended at once");
    await scene.clock.pass(499);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    assert.deepEqual(scene.network.unseen, [STREAM]);
  });
});

describe("a stream that breaks", () => {
  it("makes what is served stale since the last byte, is said once, and is opened again with growing pauses", async () => {
    const { scene, client, pipe, states } = await streaming();
    await scene.clock.pass(10_000);
    await pipe.send(": heartbeat\n\n");
    await scene.clock.pass(5_000);
    await pipe.break();
    const { state, staleSince, lastError } = client.status();
    assert.deepEqual([state, staleSince?.getTime(), lastError], ["stale", START + 10_000, "the connection broke"]);
    // Full jitter: half of 1, 2, 4 … 30 seconds, since chance is a half.
    for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      await scene.clock.pass(pause - 1);
      const before = scene.network.to(STREAM).length;
      await scene.clock.pass(1);
      assert.equal(scene.network.to(STREAM).length, before + 1, `after ${pause} ms`);
      const sent = scene.network.sent.findLast(({ url }) => url.pathname === STREAM);
      for (const poll of scene.network.to(BULK)) await poll.fail();
      await sent?.fail();
    }
    assert.equal(client.status().lastError, "no connection");
    assert.deepEqual(states, ["stale"]);
    assert.deepEqual(scene.log, ["warn pennon: the server is not heard: the connection broke"]);
  });

  it("after a minute of health begins with a short pause again, and its recovery is said once", async () => {
    const { scene, client, pipe, states } = await streaming();
    await pipe.break();
    await scene.clock.pass(500);
    const again = await scene.streaming(put(2));
    assert.deepEqual(states, ["stale", "ready"]);
    assert.deepEqual(scene.log.slice(1), ["info pennon: the server is heard again"]);
    assert.equal(client.status().lastError, undefined);
    await again.break();
    await scene.clock.pass(999);
    assert.deepEqual(scene.network.unseen, [], "the second failure in a minute");
    await scene.clock.pass(1);
    const third = await scene.streaming(put(2));
    for (let beat = 0; beat < 4; beat += 1) {
      await scene.clock.pass(15_000);
      await third.send(": heartbeat\n\n");
    }
    await third.break();
    await scene.clock.pass(500);
    assert.deepEqual(scene.network.unseen, [STREAM]);
  });

  it("is dead after 45 seconds of silence, and a heartbeat is no silence", async () => {
    const { scene, client, pipe } = await streaming();
    await scene.clock.pass(44_000);
    await pipe.send(": heartbeat\n\n");
    await scene.clock.pass(44_999);
    assert.deepEqual([pipe.isAborted, client.status().state], [false, "ready"]);
    await scene.clock.pass(1);
    assert.deepEqual([pipe.isAborted, client.status().lastError], [true, "the stream fell silent"]);
    await scene.clock.pass(500);
    assert.deepEqual(scene.network.unseen, [STREAM]);
  });

  it("is given up when the machine slept for longer than it may be silent, and not otherwise", async () => {
    const { scene, pipe } = await streaming();
    scene.clock.jump(45_000);
    await scene.page.show();
    assert.deepEqual([pipe.isAborted, scene.network.unseen], [false, []]);
    scene.clock.jump(1);
    await scene.page.show();
    assert.deepEqual([pipe.isAborted, scene.network.unseen], [true, [STREAM]]);
  });
});

describe("an event", () => {
  for (const [what, text] of [
    ["that is no JSON", "event: patch\ndata: {\n\n"],
    ["that is no change", 'event: patch\ndata: {"epoch":7,"revision":2,"flags":{}}\n\n'],
    ["with entries that are none", 'event: patch\ndata: {"epoch":7,"from":1,"revision":2,"flags":{"flip":3}}\n\n'],
    ["that begins elsewhere", 'event: patch\ndata: {"epoch":7,"from":2,"revision":3,"flags":{}}\n\n'],
    ["of another epoch", 'event: patch\ndata: {"epoch":8,"from":1,"revision":2,"flags":{}}\n\n'],
  ] as const) {
    it(`${what} is dropped, what is held serves on, and the stream is opened again`, async () => {
      const { scene, client, pipe } = await streaming();
      await pipe.send(text);
      const { revision, state, lastError } = client.status();
      assert.deepEqual([revision, state, lastError], ["7-1", "stale", "an event that cannot be used"]);
      assert.deepEqual([client.isEnabled("flip", true), pipe.isAborted], [false, true]);
      await scene.clock.pass(500);
      await scene.streaming(put(3, { flip: on }));
      assert.equal(client.isEnabled("flip"), true);
    });
  }

  it("that is older than what is held changes nothing, and one by time changes what it holds", async () => {
    const { client, pipe } = await streaming();
    await pipe.event("patch", { epoch: 7, from: 0, revision: 1, flags: { flip: on } });
    await pipe.event("patch", { epoch: 6, from: 1, revision: 9, flags: { flip: on } });
    assert.equal(client.isEnabled("flip"), false);
    await pipe.event("patch", { epoch: 7, from: 1, revision: 1, flags: { flip: on } });
    assert.deepEqual([client.isEnabled("flip"), client.status().revision], [true, "7-1"]);
  });

  it("of a kind that nobody knows is ignored; one in many pieces is read", async () => {
    const { client, pipe } = await streaming();
    await pipe.event("news", { from: "the future" });
    const text = `event: put\ndata: ${JSON.stringify(put(2, { flip: { ...on, metadata: { owner: "é日本" } } }))}\n\n`;
    for (const byte of new TextEncoder().encode(text)) await pipe.byte(byte);
    assert.deepEqual(client.details("flip", false).metadata, { owner: "é日本" });
  });

  it("of a new epoch comes as a put and counts, though its revision is lower", async () => {
    const { client, pipe } = await streaming(); // revision 1 of epoch 7
    await pipe.event("put", { epoch: 8, revision: 0, flags: { flip: on } });
    assert.deepEqual([client.isEnabled("flip"), client.status().revision], [true, "8-0"]);
  });
});

describe("who is told that the server is lost", () => {
  /** Until a client that listens is told that what is served is stale, because a stream is refused. */
  async function lost(then: (client: Client) => unknown) {
    const { scene, client, pipe } = await streaming();
    client.onStatus(({ state }) => {
      if (state === "stale") then(client);
    });
    await pipe.end();
    await scene.clock.pass(700);
    await scene.network.next(STREAM).fail();
    return { scene, client };
  }

  it("may close the client, and nothing is asked for any more", async () => {
    const { scene, client } = await lost((one) => one.close());
    await scene.clock.pass(MINUTE);
    assert.deepEqual([client.status().state, scene.network.unseen, scene.clock.waiting], ["closed", [], 0]);
  });

  it("may set another context, and its stream alone is opened", async () => {
    const { scene, client } = await lost((one) => one.setContext({ targetingKey: "u-2" }));
    await scene.streaming(put(2, { flip: on }));
    await scene.clock.pass(MINUTE / 2);
    assert.deepEqual([client.isEnabled("flip"), scene.network.unseen], [true, []]);
  });
});

describe("a key that is refused", () => {
  it("is one error in the log; what is held serves on, and attempts go on slowly", async () => {
    for (const status of [401, 403]) {
      const { scene, client, pipe, states } = await streaming();
      await pipe.send('event: goodbye\ndata: {"reconnectAfterMs":100,"reason":"key"}\n\n');
      await scene.clock.pass(100);
      await scene.network.next(STREAM).answer(status);
      assert.deepEqual([client.isEnabled("flip", true), states], [false, ["stale"]]);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        await scene.clock.pass(29_999);
        assert.deepEqual(scene.network.unseen, []);
        await scene.page.show();
        assert.deepEqual(scene.network.unseen, [], "nor does a look at the page hurry it");
        await scene.clock.pass(1);
        await scene.network.next(STREAM).answer(status);
      }
      const line = `error pennon: the key is refused: the stream was answered with ${status}`;
      assert.deepEqual(scene.log, [line]);
      await scene.clock.pass(30_000);
      await scene.streaming(put(2));
      assert.deepEqual(states, ["stale", "ready"]);
    }
  });
});

describe("polling", () => {
  const flags = (...entries: object[]) => ({ flags: entries, metadata: {} });

  it("begins when a stream gives no byte for ten seconds, and ends with its first byte", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.clock.pass(9_999);
    const held = scene.network.next(STREAM);
    assert.deepEqual(scene.network.unseen, []);
    await scene.clock.pass(1);
    const poll = scene.network.next(BULK);
    assert.deepEqual([poll.url.search, poll.headers.get("if-none-match")], ["", null]);
    assert.deepEqual(poll.body, { context: { targetingKey: "u-1" } });
    await poll.answer(200, flags(on), { etag: '"a"' });
    const { state, source, revision } = client.status();
    assert.deepEqual([client.isEnabled("flip"), state, source, revision], [true, "ready", "poll", undefined]);
    await scene.clock.pass(30_000);
    const second = scene.network.next(BULK);
    assert.equal(second.headers.get("if-none-match"), '"a"');
    await second.answer(304);
    assert.deepEqual([client.isEnabled("flip"), client.status().state], [true, "ready"]);
    const pipe = await held.stream();
    await pipe.send(": at last\n\n");
    await scene.clock.pass(30_000);
    assert.deepEqual(scene.network.unseen, [], "no poll beside a stream that speaks");
    await pipe.event("put", put(4, { flip: off }));
    assert.deepEqual([client.isEnabled("flip", true), client.status().source], [false, "stream"]);
  });

  it("goes on while streams are refused, after what Retry-After asks for, and tells where it stands", async () => {
    const { scene, client, pipe, states } = await streaming();
    await pipe.end();
    await scene.clock.pass(700);
    await scene.network.next(STREAM).answer(503, {}, { "retry-after": "4" });
    assert.deepEqual(states, ["stale"]);
    await scene.clock.pass(500); // half of the shortest pause: who serves something need not hurry
    const poll = scene.network.next(BULK);
    assert.equal(poll.url.search, "?flagConfigEtag=7-1");
    await poll.answer(200, flags(on), { etag: '"a"' });
    assert.deepEqual([client.isEnabled("flip"), states], [true, ["stale", "ready"]]);
    await scene.clock.pass(3_499);
    assert.deepEqual(scene.network.unseen, [], "never before Retry-After");
    await scene.clock.pass(1);
    await scene.network.next(STREAM).answer(503, {}, { "retry-after": "2" });
    assert.equal(client.status().state, "ready", "the last poll succeeded");
    await scene.clock.pass(2_000);
    await scene.streaming(put(1));
    assert.deepEqual([client.isEnabled("flip", true), client.status().source], [false, "stream"]);
    await scene.clock.pass(MINUTE / 2);
    assert.deepEqual(scene.network.unseen, []);
  });

  it("that fails makes what is served stale, and waits for what the server asks", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.clock.pass(10_000);
    assert.equal(scene.network.next(STREAM).isAborted, false);
    await scene.network.next(BULK).answer(200, flags(on));
    await scene.clock.pass(30_000);
    await scene.network.next(BULK).answer(429, {}, { "retry-after": "60" });
    const { state, lastError } = client.status();
    assert.deepEqual([state, lastError], ["stale", "polling was answered with 429"]);
    await scene.clock.pass(59_999);
    assert.equal(scene.network.to(BULK).length, 2);
    await scene.clock.pass(1);
    const third = scene.network.to(BULK)[2];
    assert.ok(third);
    await third.answer(200, { flags: "none" });
    assert.equal(client.status().lastError, "polling got no answer");
    await scene.clock.pass(30_000);
    await scene.network.to(BULK)[3]?.answer(200, flags(off));
    assert.deepEqual([client.isEnabled("flip", true), client.status().state], [false, "ready"]);
  });

  it("gives an answer up that takes too long", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.clock.pass(10_000);
    const [, poll] = scene.network.sent;
    await scene.clock.pass(30_000);
    assert.deepEqual([poll?.isAborted, client.status().lastError], [true, "polling got no answer"]);
  });

  it("begins when there is no connection, too: a proxy may let answers through that end", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.network.next(STREAM).fail();
    await scene.network.next(BULK).answer(200, flags(on));
    assert.deepEqual([client.isEnabled("flip"), client.status().source], [true, "poll"]);
  });
});
