// What a page is served, from its first moment to its last, and how current it is told that is.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { off, on, put, Scene, settle, STREAM } from "./scene.js";

describe("a client", () => {
  it("serves defaults until results come, and says that it is not ready", async () => {
    const scene = new Scene();
    const client = scene.client();
    assert.equal(client.isEnabled("flip", true), true);
    const details = client.details("flip", false);
    assert.deepEqual([details.reason, details.errorCode], ["ERROR", "PROVIDER_NOT_READY"]);
    assert.deepEqual(client.status(), {
      state: "starting",
      revision: undefined,
      staleSince: undefined,
      source: "none",
      lastError: undefined,
    });
    await scene.streaming(put(3, { flip: on }));
    assert.equal(client.isEnabled("flip"), true);
    const { state, revision, source } = client.status();
    assert.deepEqual([state, revision, source], ["ready", "7-3", "stream"]);
  });

  it("asks for the stream with its key and its context, once, and sends them nowhere else", async () => {
    const scene = new Scene();
    scene.client({ url: "https://flags.example/base/", context: { targetingKey: 4711, plan: "pro" } });
    await settle();
    const sent = scene.network.next("/base" + STREAM);
    assert.equal(sent.url.href, "https://flags.example/base/api/v1/sdk/client-stream");
    assert.equal(sent.headers.get("authorization"), "Bearer pnn_cli_key");
    assert.deepEqual(sent.body, { context: { plan: "pro", targetingKey: 4711 } });
    const { method, redirect, credentials, cache } = sent.init;
    assert.deepEqual([method, redirect, credentials, cache], ["POST", "error", "omit", "no-store"]);
    assert.deepEqual(scene.network.unseen, []);
  });

  it("tells who listens of what changed, and of nothing else", async () => {
    const scene = new Scene();
    const client = scene.client();
    const told: unknown[] = [];
    client.onChange("flip", (change) => told.push(change));
    const end = client.onAnyChange((changes) => told.push(changes));
    const other = { ...on, key: "other" };
    const pipe = await scene.streaming(put(1, { flip: off, other }));
    assert.deepEqual(told.splice(0), [
      { flag: "flip", revision: "7-1" },
      { flags: ["flip", "other"], revision: "7-1" },
    ]);
    await pipe.event("patch", { epoch: 7, from: 1, revision: 2, flags: { flip: on } });
    await pipe.event("patch", { epoch: 7, from: 2, revision: 3, flags: { other: null } });
    await pipe.event("patch", { epoch: 7, from: 3, revision: 4, flags: {} });
    assert.deepEqual(told.splice(0), [
      { flag: "flip", revision: "7-2" },
      { flags: ["flip"], revision: "7-2" },
      { flags: ["other"], revision: "7-3" },
    ]);
    assert.deepEqual([client.isEnabled("flip"), client.variant("other")], [true, undefined]);
    end();
    await pipe.event("patch", { epoch: 7, from: 4, revision: 5, flags: { flip: off } });
    assert.deepEqual(told, [{ flag: "flip", revision: "7-5" }]);
  });

  it("serves on when a listener throws, and tells the others", async () => {
    const scene = new Scene();
    const client = scene.client();
    const told: string[] = [];
    client.onAnyChange(() => {
      throw new Error("mine");
    });
    client.onAnyChange(() => told.push("second"));
    await scene.streaming();
    assert.deepEqual([told, client.status().state], [["second"], "ready"]);
    assert.deepEqual(scene.log, ["error pennon: a listener threw"]);
  });

  it("says so when a listener's promise is rejected, of a flag, of all or of the state", async () => {
    const scene = new Scene();
    const client = scene.client();
    const listener = () => Promise.reject(new Error("mine"));
    client.onChange("flip", listener);
    client.onAnyChange(listener);
    client.onStatus(listener);
    await scene.streaming();
    assert.deepEqual([client.status().state, scene.log], ["ready", Array(3).fill("error pennon: a listener threw")]);
  });

  it("hands out values that nobody can change", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.streaming(put(1, { theme: { ...on, key: "theme", value: { sizes: [1, 2] }, variant: "dark" } }));
    const theme = client.value("theme", { sizes: [0] });
    assert.throws(() => theme.sizes.push(3), TypeError);
    assert.deepEqual(client.value("theme", {}), { sizes: [1, 2] });
  });

  it("is ready when results are there, and waits no longer than it may", async () => {
    const scene = new Scene();
    const client = scene.client({ startWaitMs: 500 });
    const ready = Promise.race([client.ready().then(() => "over"), scene.clock.pass(499).then(() => "waiting")]);
    assert.equal(await ready, "waiting");
    const second = client.ready();
    await scene.streaming();
    await second;
    await client.ready();

    const late = new Scene();
    const lost = late.client({ startWaitMs: 500 });
    const waited = lost.ready();
    await late.clock.pass(500);
    await waited;
    assert.equal(lost.status().state, "starting");
  });

  it("without an address or a key serves defaults, says so once, and asks nobody", async () => {
    for (const options of [{ url: "" }, { key: undefined }]) {
      const scene = new Scene();
      const client = scene.client(options);
      await client.ready();
      assert.equal(client.value("flip", "mine"), "mine");
      assert.equal(client.status().state, "unconfigured");
      await client.setContext({ targetingKey: "other" });
      assert.deepEqual([scene.network.sent, scene.log.length], [[], 1]);
      await client.close();
    }
  });

  it("closes: hears nothing any more, and serves on what it holds", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.streaming(put(1, { flip: on }));
    const states: string[] = [];
    client.onStatus(({ state }) => states.push(state));
    await client.close();
    assert.deepEqual([pipe.isAborted, scene.page.isWatched, scene.clock.waiting], [true, false, 0]);
    assert.deepEqual([client.isEnabled("flip"), states], [true, ["closed"]]);
    await client.setContext({ targetingKey: "u-2" });
    await scene.clock.pass(600_000);
    assert.deepEqual(scene.network.unseen, []);
  });
});

describe("a logger", () => {
  it("that throws stops nothing", async () => {
    const scene = new Scene();
    const line = (): never => {
      throw new Error("no disk");
    };
    const client = scene.client({ logger: { error: line, warn: line, info: line } });
    const pipe = await scene.streaming(put(1, { flip: off }));
    await pipe.break();
    await scene.clock.pass(500);
    await scene.streaming(put(2, { flip: on }));
    assert.deepEqual([client.isEnabled("flip"), client.status().state], [true, "ready"]);
    client.track("a", Number.NaN);
  });
});

describe("bootstrap", () => {
  it("without an address and a key is served alone: where a server renders, and in tests", async () => {
    const scene = new Scene();
    const client = scene.client({ url: undefined, key: undefined, bootstrap: put(1, { flip: on }) });
    await client.ready();
    assert.deepEqual([client.isEnabled("flip"), client.status().state], [true, "unconfigured"]);
    await scene.page.hide();
    assert.deepEqual([client.status().state, scene.log, scene.network.sent], ["unconfigured", [], []]);
  });

  it("is served at once, without a look at the cache, until newer results come", async () => {
    const scene = new Scene();
    const read: string[] = [];
    const store = { getItem: (name: string) => (read.push(name), null), setItem() {}, removeItem() {} };
    const client = scene.client({ bootstrap: put(5, { flip: on }), cache: store });
    assert.equal(client.isEnabled("flip"), true);
    const { state, source, revision } = client.status();
    assert.deepEqual([state, source, revision, read], ["stale", "bootstrap", "7-5", []]);
    await client.ready();
    const pipe = await scene.streaming(put(4, { flip: off }));
    assert.deepEqual([client.isEnabled("flip"), client.status().state], [true, "ready"], "the older put was not taken");
    await pipe.event("patch", { epoch: 7, from: 5, revision: 6, flags: { flip: off } });
    assert.deepEqual([client.isEnabled("flip"), client.status().source], [false, "stream"]);
  });

  it("of the same revision as the stream's gives way to it: a date may have passed", async () => {
    const scene = new Scene();
    const client = scene.client({ bootstrap: put(5, { flip: on }) });
    await scene.streaming(put(5, { flip: off }));
    assert.equal(client.isEnabled("flip"), false);
  });
});

describe("another context", () => {
  it("ends the stream and opens another; until its results come, the old ones serve", async () => {
    const scene = new Scene();
    const client = scene.client();
    const first = await scene.streaming(put(9, { flip: on }));
    const changed = client.setContext({ targetingKey: "u-2" });
    await settle();
    assert.deepEqual([first.isAborted, client.isEnabled("flip"), client.status().state], [true, true, "stale"]);
    const sent = scene.network.next(STREAM);
    assert.deepEqual(sent.body, { context: { targetingKey: "u-2" } });
    const second = await sent.stream();
    // A node that is behind: for another context there is nothing to be older than.
    await second.event("put", put(8, { flip: off }));
    await changed;
    const { state, revision } = client.status();
    assert.deepEqual([client.isEnabled("flip"), state, revision], [false, "ready", "7-8"]);
  });

  it("with reset serves defaults until its results come", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.streaming(put(9, { flip: on }));
    const told: unknown[] = [];
    client.onAnyChange((changes) => told.push(changes));
    void client.setContext({ targetingKey: "u-2" }, { reset: true });
    const { state, source } = client.status();
    assert.deepEqual([client.isEnabled("flip"), state, source], [false, "starting", "none"]);
    assert.deepEqual(told, [{ flags: ["flip"], revision: undefined }]);
    assert.equal(client.details("flip", false).errorCode, "PROVIDER_NOT_READY");
  });

  it("that is the same one, in another order, changes nothing", async () => {
    const scene = new Scene();
    const client = scene.client({ context: { targetingKey: "u", plan: "pro", seats: undefined } });
    const pipe = await scene.streaming();
    await client.setContext({ plan: "pro", targetingKey: "u" });
    assert.deepEqual([pipe.isAborted, scene.network.unseen], [false, []]);
  });

  it("waits for what the server asked, as the one before did", async () => {
    const scene = new Scene();
    const client = scene.client();
    await scene.network.next(STREAM).answer(429, {}, { "retry-after": "5" });
    for (const targetingKey of ["u-2", "u-3"]) void client.setContext({ targetingKey });
    await scene.page.leave();
    await scene.page.show();
    await scene.clock.pass(4_999);
    assert.equal(scene.network.to(STREAM).length, 1);
    await scene.clock.pass(1);
    assert.deepEqual(scene.network.to(STREAM)[1]?.body, { context: { targetingKey: "u-3" } });
    assert.equal(scene.network.to(STREAM).length, 2);
  });

  it("that never comes does not keep anybody waiting when the client closes", async () => {
    const scene = new Scene();
    const client = scene.client();
    const ready = client.ready();
    await client.close();
    assert.deepEqual([await ready, scene.clock.waiting], [false, 0]);
  });

  it("set by a listener, in the middle of a chunk, gets nothing of what the chunk holds besides", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.network.next(STREAM).stream();
    client.onAnyChange(() => void client.setContext({ targetingKey: "u-2" }, { reset: true }));
    const event = (results: object): string => `event: put\ndata: ${JSON.stringify(results)}\n\n`;
    await pipe.send(event(put(1, { flip: off })) + event({ ...put(1, { flip: on }), epoch: 8 }));
    assert.equal(client.isEnabled("flip"), false);
    assert.equal(client.status().state, "starting");
  });
});
