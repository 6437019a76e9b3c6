// What the browser keeps for the next visit: for whom it is given back, and what becomes of a store that is full or broken.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digest } from "../../src/web/digest.js";
import { FakeStore, off, on, put, Scene, settle, START, STREAM } from "./scene.js";

/** Leaves the results of one visit in a store. */
async function visit(store: FakeStore, options: Parameters<Scene["client"]>[0] = {}, results = put(3, { flip: on })) {
  const scene = new Scene();
  const client = scene.client({ cache: store, ...options });
  await scene.network
    .next(STREAM)
    .stream()
    .then((pipe) => pipe.event("put", results));
  await client.close();
}

describe("the cache", () => {
  it("serves the last results at once, as stale since they were kept, and gives way to the stream", async () => {
    const store = new FakeStore();
    await visit(store);
    const scene = new Scene();
    scene.clock.jump(60_000);
    const client = scene.client({ cache: store });
    assert.equal(client.isEnabled("flip"), true);
    assert.equal(await client.ready(), true);
    assert.deepEqual(client.status(), {
      state: "stale",
      revision: "7-3",
      staleSince: new Date(START),
      source: "cache",
      lastError: undefined,
    });
    await scene.streaming(put(4, { flip: off }));
    assert.deepEqual([client.isEnabled("flip", true), client.status().source], [false, "stream"]);
  });

  it("is never given to another context, key or address", async () => {
    const store = new FakeStore();
    await visit(store);
    for (const options of [
      { context: { targetingKey: "u-2" } },
      { context: { targetingKey: "u-1", plan: "pro" } },
      { context: undefined },
      { key: "pnn_cli_other" },
      { url: "https://other.example" },
    ]) {
      const client = new Scene().client({ cache: store, ...options });
      assert.deepEqual([client.status().source, client.isEnabled("flip")], ["none", false], JSON.stringify(options));
    }
    assert.equal(new Scene().client({ cache: store, url: "https://flags.example/" }).isEnabled("flip"), true);
  });

  it("holds no context, no key and no address that could be read", async () => {
    const store = new FakeStore();
    await visit(store, { context: { targetingKey: "ann@shop.example", plan: "gold" }, key: "pnn_cli_secret" });
    const all = JSON.stringify([...store.items]);
    for (const word of ["ann", "gold", "secret", "flags.example"]) assert.ok(!all.includes(word), all);
    assert.match([...store.items.keys()].join(" "), /^pennon-index pennon-[0-9a-f]{32}$/);
  });

  it("is written at most once a second, with what is there then", async () => {
    const store = new FakeStore();
    const scene = new Scene();
    scene.client({ cache: store });
    const pipe = await scene.streaming(put(1));
    const kept = (): number[] =>
      [...store.items]
        .filter(([name]) => name !== "pennon-index")
        .map(([, text]) => (JSON.parse(text) as { results: { revision: number } }).results.revision);
    assert.deepEqual(kept(), []);
    for (let from = 1; from < 4; from += 1) {
      await pipe.event("patch", { epoch: 7, from, revision: from + 1, flags: {} });
    }
    await scene.clock.pass(999);
    assert.deepEqual(kept(), []);
    await scene.clock.pass(1);
    assert.deepEqual(kept(), [4]);
    await pipe.event("patch", { epoch: 7, from: 4, revision: 5, flags: {} });
    await scene.page.hide();
    assert.deepEqual(kept(), [5], "a page that is hidden may never be seen again");
  });

  it("keeps the four contexts that were used last", async () => {
    const store = new FakeStore();
    const contexts = ["a", "b", "c", "d", "e"].map((targetingKey) => ({ targetingKey }));
    for (const context of contexts) await visit(store, { context });
    assert.equal(store.items.size, 5);
    const isKept = contexts.map((context) => new Scene().client({ cache: store, context }).isEnabled("flip"));
    assert.deepEqual(isKept, [false, true, true, true, true]);
  });

  it("serves what was kept for the context that a page turns to, instead of the one it had", async () => {
    const store = new FakeStore();
    await visit(store, { context: { targetingKey: "u-2" } });
    const scene = new Scene();
    const client = scene.client({ cache: store });
    await scene.streaming(put(3, { flip: off }));
    assert.equal(await client.setContext({ targetingKey: "u-2" }), true);
    assert.deepEqual([client.isEnabled("flip"), client.status().source], [true, "cache"]);
    assert.equal(await client.setContext({ targetingKey: "u-1" }), true);
    assert.deepEqual([client.isEnabled("flip", true), client.status().source], [false, "cache"]);
  });
});

describe("a store", () => {
  it("that is full makes room by what was kept for others, and is given up when that is not enough", async () => {
    const store = new FakeStore();
    await visit(store, { context: { targetingKey: "other" } });
    const one = [...store.items.values()].reduce((sum, text) => sum + text.length, 0);
    store.room = one + 50;
    await visit(store);
    assert.equal(new Scene().client({ cache: store }).isEnabled("flip"), true);
    assert.equal(new Scene().client({ cache: store, context: { targetingKey: "other" } }).isEnabled("flip"), false);
    store.room = 10;
    await visit(store, { context: { targetingKey: "third" } });
    assert.equal(new Scene().client({ cache: store, context: { targetingKey: "third" } }).isEnabled("flip"), false);
  });

  it("with something else in it is as good as empty", async () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      '{"at":1}',
      '{"at":1,"results":{"epoch":7,"revision":"1","flags":{}}}',
    ]) {
      const store = new FakeStore();
      await visit(store);
      for (const name of store.items.keys()) store.items.set(name, text);
      const client = new Scene().client({ cache: store });
      assert.deepEqual([client.status().source, client.status().state], ["none", "starting"], text);
    }
  });

  it("that throws, or is none, is survived", async () => {
    const refuse = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    for (const cache of [{ getItem: refuse, setItem: refuse, removeItem: refuse }, true, false]) {
      const scene = new Scene();
      const client = scene.client({ cache });
      await scene.streaming(put(1, { flip: on }));
      await scene.clock.pass(1_000);
      await settle();
      assert.deepEqual([client.isEnabled("flip"), scene.log], [true, []]);
    }
  });
});

describe("a digest", () => {
  it("is FNV-1a of 128 bits", () => {
    // Known values of the function's authors.
    assert.equal(digest(""), "6c62272e07bb014262b821756295c58d");
    assert.equal(digest("a"), "d228cb696f1a8caf78912b704e4a8964");
    assert.equal(digest("foobar"), "343e1662793c64bf6f0d3597ba446f18");
  });
});
