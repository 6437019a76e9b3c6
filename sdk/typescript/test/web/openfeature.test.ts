// The provider, under OpenFeature's own web SDK.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { OpenFeature, ProviderEvents, StandardResolutionReasons } from "@openfeature/web-sdk";
import { PennonWebProvider, type ProviderOptions } from "../../src/openfeature-web/index.js";
import { EVENTS, off, on, put, Scene, settle, STREAM, type Sent } from "./scene.js";

const DOMAIN = "page";

afterEach(async () => {
  await OpenFeature.clearProviders();
  await OpenFeature.clearContexts();
});

/** A provider that is being set, for `u-1`, and the events that OpenFeature tells of it. */
async function provided(options: ProviderOptions = {}) {
  const scene = new Scene();
  await OpenFeature.setContext(DOMAIN, { targetingKey: "u-1" });
  const client = OpenFeature.getClient(DOMAIN);
  const told: string[] = [];
  const changed: unknown[] = [];
  for (const event of Object.values(ProviderEvents)) {
    client.addHandler(event, (details) => {
      told.push(event.replace("PROVIDER_", ""));
      if (event === ProviderEvents.ConfigurationChanged) changed.push(details?.flagsChanged);
    });
  }
  told.length = 0; // of no provider
  const provider = new PennonWebProvider(scene.options(options));
  const set = OpenFeature.setProviderAndWait(DOMAIN, provider);
  await settle();
  return { scene, client, told, changed, set };
}

/** As `provided`, when its results have come. */
async function ready(options: ProviderOptions = {}, results = put(1, { flip: off })) {
  const it = await provided(options);
  const pipe = await it.scene.streaming(results);
  await it.set;
  it.told.length = it.changed.length = 0;
  return { ...it, pipe };
}

describe("the provider", () => {
  it("is ready when results are there, for OpenFeature's context", async () => {
    const { scene, client, told, set } = await provided();
    assert.equal(client.providerStatus, "NOT_READY");
    const sent = scene.network.next(STREAM);
    assert.deepEqual(sent.body, { context: { targetingKey: "u-1" } });
    await sent.stream().then((pipe) => pipe.event("put", put(1, { flip: on })));
    await set;
    assert.deepEqual([client.providerStatus, told], ["READY", ["READY"]]);
    assert.equal(client.getBooleanValue("flip", false), true);
    assert.equal(client.metadata.providerMetadata.name, "pennon");
  });

  it("is ready at once with results from a server, and is told of no readiness twice", async () => {
    const { scene, client, told, set } = await provided({ bootstrap: put(1, { flip: on }) });
    await set;
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", false)], ["READY", true]);
    await scene.streaming(put(2, { flip: off }));
    assert.deepEqual(told, ["READY", "CONFIGURATION_CHANGED"]);
  });

  it("errs when no results come in time, and is ready when they come later", async () => {
    const { scene, client, told, set } = await provided();
    const failed = assert.rejects(set, /no results yet: the server is slow/);
    await scene.clock.pass(2_000);
    await failed;
    assert.equal(client.providerStatus, "ERROR");
    const { reason, errorCode, value } = client.getBooleanDetails("flip", true);
    assert.deepEqual([reason, errorCode, value], ["ERROR", "PROVIDER_NOT_READY", true]);
    await scene.streaming(put(1, { flip: off }));
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", true)], ["READY", false]);
    assert.deepEqual(told, ["ERROR", "READY", "CONFIGURATION_CHANGED"]);
  });

  it("resolves every type, with variant, reason and metadata, or an error in OpenFeature's words", async () => {
    const entry = { ...on, metadata: { owner: "web", wave: 2 } };
    const { client } = await ready(
      {},
      put(1, {
        boolean: { ...entry, key: "boolean", value: true },
        string: { ...entry, key: "string", value: "text" },
        number: { ...entry, key: "number", value: 0.5 },
        object: { ...entry, key: "object", value: { deep: [1] } },
        own: { key: "own", variant: "", reason: "DISABLED", metadata: {} },
        split: { key: "split", errorCode: "TARGETING_KEY_MISSING", errorDetails: "no attribute to draw by" },
      }),
    );
    assert.deepEqual(client.getBooleanDetails("boolean", false), {
      flagKey: "boolean",
      value: true,
      variant: "on",
      reason: StandardResolutionReasons.STATIC,
      flagMetadata: { owner: "web", wave: 2 },
    });
    assert.equal(client.getStringValue("string", ""), "text");
    assert.equal(client.getNumberValue("number", 0), 0.5);
    assert.deepEqual(client.getObjectValue("object", null), { deep: [1] });
    assert.deepEqual(client.getObjectValue("boolean", ["mine"]), ["mine"]);
    assert.deepEqual(client.getObjectDetails("own", "mine").value, "mine");
    assert.equal(client.getStringDetails("own", "mine").reason, "DISABLED");
    assert.equal(client.getStringDetails("boolean", "").errorCode, "TYPE_MISMATCH");
    assert.equal(client.getStringDetails("gone", "").errorCode, "FLAG_NOT_FOUND");
    const { errorCode, errorMessage } = client.getStringDetails("split", "");
    assert.deepEqual([errorCode, errorMessage], ["TARGETING_KEY_MISSING", "no attribute to draw by"]);
  });

  it("tells which flags changed, that what it serves is stale, and that it is not any more", async () => {
    const { scene, client, told, changed, pipe } = await ready();
    await pipe.event("patch", { epoch: 7, from: 1, revision: 2, flags: { flip: on, other: { ...on, key: "other" } } });
    assert.deepEqual([told.splice(0), changed], [["CONFIGURATION_CHANGED"], [["flip", "other"]]]);
    await pipe.break();
    assert.deepEqual([told.splice(0), client.providerStatus], [["STALE"], "STALE"]);
    assert.equal(client.getBooleanValue("flip", false), true);
    await scene.clock.pass(500);
    await scene.streaming(put(2, { flip: on, other: { ...on, key: "other" } }));
    assert.deepEqual([told, client.providerStatus], [["READY"], "READY"]);
  });

  it("reconciles with another context, and serves the old results until the new ones are there", async () => {
    const { scene, client, told } = await ready({}, put(1, { flip: on }));
    const set = OpenFeature.setContext(DOMAIN, { targetingKey: "u-2" });
    await settle();
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", false)], ["RECONCILING", true]);
    await scene.streaming(put(1, { flip: off }));
    await set;
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", true)], ["READY", false]);
    assert.deepEqual(told, ["RECONCILING", "CONTEXT_CHANGED"]);
  });

  it("errs when the results of another context do not come in time, and recovers when they come", async () => {
    const { scene, client, told } = await ready({}, put(1, { flip: on }));
    const set = OpenFeature.setContext(DOMAIN, { targetingKey: "u-2" });
    await scene.clock.pass(2_000);
    await set;
    assert.deepEqual([client.providerStatus, told], ["ERROR", ["RECONCILING", "ERROR"]]);
    await scene.streaming(put(1, { flip: off }));
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", true)], ["READY", false]);
  });

  it("goes by the last of several contexts", async () => {
    const { scene, client, told } = await ready({}, put(1, { flip: on }));
    const set = [2, 3].map((n) => OpenFeature.setContext(DOMAIN, { targetingKey: `u-${n}` }));
    await settle();
    assert.equal(scene.network.next(STREAM).isAborted, true);
    const sent = scene.network.next(STREAM);
    assert.deepEqual(sent.body, { context: { targetingKey: "u-3" } });
    await sent.stream().then((pipe) => pipe.event("put", put(1, { flip: off })));
    await Promise.all(set);
    assert.deepEqual([client.providerStatus, client.getBooleanValue("flip", true)], ["READY", false]);
    assert.ok(!told.includes("ERROR"), told.join());
  });

  it("sends what is tracked, and the rest when it is closed", async () => {
    const { scene, client } = await ready({ events: true });
    client.track("checkout_error");
    client.track("latency_ms", { value: 12.5, page: "cart" });
    client.getBooleanValue("flip", false);
    const closed = OpenFeature.clearProviders();
    await settle();
    const events = (sent: Sent): { kind: string; value?: number }[] => sent.body["events"] as never;
    const sent = scene.network.next(EVENTS);
    assert.deepEqual(
      events(sent).map(({ kind, value }) => [kind, value]),
      [
        ["summary", undefined],
        ["track", 1],
        ["track", 12.5],
      ],
    );
    await sent.answer(200);
    await closed;
  });

  it("refuses an option that cannot be used when it is made", () => {
    assert.throws(() => new PennonWebProvider({ url: "nowhere", key: "pnn_cli_key" }), /url must be/);
  });
});
