/** OpenFeature's server SDK with our provider in it: values, contexts, events, measurements. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ErrorCode, OpenFeature, ProviderEvents, ProviderStatus } from "@openfeature/server-sdk";
import { PennonProvider } from "../../src/openfeature/index.js";
import { createClient, flags, OptionError, type Options } from "../../src/server/index.js";
import { createTestClient, overrideFlags } from "../../src/testing/index.js";
import { flag, keeper, snapshot } from "../server/documents.js";
import { begin, event, FakeServer, put, status } from "../server/fake-server.js";
import { until, within } from "../server/until.js";

const STREAM = "/api/v1/sdk/stream";
const DOCUMENT = snapshot([
  flag("on", { metadata: { owner: "shop", list: [1] } }),
  flag("pro", {
    rules: [{ id: "r", when: { attribute: "plan", op: "in", values: ["pro"] }, serve: { variant: "on" } }],
    fallthrough: { variant: "off" },
  }),
  flag("me", { targets: [{ values: ["u"], variant: "on" }], fallthrough: { variant: "off" } }),
  flag("since", {
    rules: [
      {
        id: "r",
        when: { attribute: "joined", op: "before", values: ["2026-01-01T00:00:00Z"] },
        serve: { variant: "on" },
      },
    ],
    fallthrough: { variant: "off" },
  }),
  flag("text", { type: "string", variants: { a: "grün" }, offVariant: null, fallthrough: { variant: "a" } }),
  flag("number", { type: "number", variants: { a: 2.5 }, offVariant: null, fallthrough: { variant: "a" } }),
  flag("object", { type: "object", variants: { a: { list: [1] } }, offVariant: null, fallthrough: { variant: "a" } }),
  flag("none", { enabled: false, offVariant: null }),
]);

let server: FakeServer;
beforeEach(async () => {
  server = await FakeServer.start();
  server.on(STREAM, put(DOCUMENT));
});
afterEach(async () => {
  await OpenFeature.close();
  OpenFeature.clearHandlers();
  await server.close();
});

const options = (more: Options = {}): Options => ({
  url: server.url,
  key: "k",
  logger: keeper().logger,
  backoffMinMs: 5,
  backoffMaxMs: 20,
  ...more,
});

async function ready(more: Options = {}) {
  await within("the provider", OpenFeature.setProviderAndWait(new PennonProvider(options(more))));
  return OpenFeature.getClient();
}

describe("the provider", () => {
  it("serves each type, with the variant, the reason and the metadata", async () => {
    const client = await ready();
    assert.deepEqual(await client.getBooleanDetails("on", false), {
      flagKey: "on",
      value: true,
      variant: "on",
      reason: "STATIC",
      flagMetadata: { owner: "shop", version: 1 },
    });
    assert.equal(await client.getStringValue("text", ""), "grün");
    assert.equal(await client.getNumberValue("number", 0), 2.5);
    assert.deepEqual(await client.getObjectValue("object", {}), { list: [1] });
    const { reason, flagMetadata } = await client.getBooleanDetails("pro", false, { plan: "pro" });
    assert.deepEqual([reason, flagMetadata], ["TARGETING_MATCH", { ruleId: "r", version: 1 }]);
  });

  it("evaluates for whom OpenFeature says, dates and all", async () => {
    const client = await ready();
    assert.equal(await client.getBooleanValue("me", false, { targetingKey: "u" }), true);
    assert.equal(await client.getBooleanValue("since", false, { joined: new Date("2025-06-01") }), true);
    assert.equal(await client.getBooleanValue("since", false, { joined: new Date("2026-06-01") }), false);
  });

  it("serves the default and tells the code where something is wrong", async () => {
    const client = await ready();
    const wrong = [
      [await client.getBooleanDetails("gone", true), true, ErrorCode.FLAG_NOT_FOUND],
      [await client.getStringDetails("on", "x"), "x", ErrorCode.TYPE_MISMATCH],
      [await client.getObjectDetails("on", [1]), [1], ErrorCode.TYPE_MISMATCH],
      [
        await client.getBooleanDetails("on", false, { targetingKey: 1.5 as unknown as string }),
        false,
        ErrorCode.INVALID_CONTEXT,
      ],
    ] as const;
    for (const [details, value, code] of wrong) {
      assert.deepEqual([details.value, details.reason, details.errorCode], [value, "ERROR", code]);
      assert.ok(details.errorMessage);
    }
    const { value, reason, variant, errorCode } = await client.getBooleanDetails("none", true);
    assert.deepEqual([value, reason, variant, errorCode], [true, "DISABLED", undefined, undefined]);
  });

  it("tells what changed, what is stale and what is ready again", async () => {
    let send = (_: string): unknown => undefined;
    server.on(
      STREAM,
      (response) => {
        begin(response).write(event("put", DOCUMENT));
        send = (text) => (text === "" ? response.destroy() : response.write(text));
      },
      status(500),
      (response) => begin(response),
    );
    const client = await ready();
    const told: unknown[] = [];
    for (const type of [ProviderEvents.Ready, ProviderEvents.Stale])
      client.addHandler(type, () => told.push([type, client.providerStatus]));
    client.addHandler(ProviderEvents.ConfigurationChanged, (details) => told.push(details?.flagsChanged));
    send(event("patch", { epoch: 1, from: 1, revision: 2, flags: { on: null } }));
    await until("the change", () => told.length === 2);
    send("");
    await until("ready again", () => told.length === 4);
    assert.deepEqual(told, [
      [ProviderEvents.Ready, ProviderStatus.READY],
      ["on"],
      [ProviderEvents.Stale, ProviderStatus.STALE],
      [ProviderEvents.Ready, ProviderStatus.READY],
    ]);
  });

  it("is in error while there is no snapshot, and ready when one comes late", async () => {
    let late = (): unknown => undefined;
    server.on(STREAM, (response) => {
      late = () => begin(response).write(event("put", DOCUMENT));
    });
    const provider = new PennonProvider(options({ startWaitMs: 20 }));
    await assert.rejects(OpenFeature.setProviderAndWait(provider), /no snapshot yet/);
    const client = OpenFeature.getClient();
    assert.equal(client.providerStatus, ProviderStatus.ERROR);
    const { value, errorCode } = await client.getBooleanDetails("on", true);
    assert.deepEqual([value, errorCode], [true, ErrorCode.PROVIDER_NOT_READY]);
    await server.wait(STREAM, 1);
    late();
    await until("ready", () => client.providerStatus === ProviderStatus.READY);
    assert.equal(await client.getBooleanValue("on", false), true);
  });

  it("begins stale with what it was given, while the server is away", async () => {
    server.on(STREAM, status(503));
    const client = await ready({ bootstrap: DOCUMENT });
    await until("stale", () => client.providerStatus === ProviderStatus.STALE);
    assert.equal(await client.getBooleanValue("on", false), true);
  });

  it("is fatal without an address or a key", async () => {
    const bare = createClient({ logger: keeper().logger });
    await assert.rejects(OpenFeature.setProviderAndWait(new PennonProvider(bare)), /no url or no key/);
    assert.equal(OpenFeature.getClient().providerStatus, ProviderStatus.FATAL);
  });

  it("without an address or a key serves what it was given, as long as it likes", async () => {
    const bare = createClient({ logger: keeper().logger, bootstrap: DOCUMENT });
    await OpenFeature.setProviderAndWait(new PennonProvider(bare));
    await new Promise(setImmediate);
    const client = OpenFeature.getClient();
    assert.deepEqual([client.providerStatus, await client.getBooleanValue("on", false)], [ProviderStatus.READY, true]);
  });

  it("refuses options that cannot be used when it is made", () => {
    assert.throws(() => new PennonProvider({ url: "nowhere" }), OptionError);
  });

  it("notes measurements", async () => {
    const client = createTestClient();
    await OpenFeature.setProviderAndWait(new PennonProvider(client));
    OpenFeature.getClient().track("checkout", { targetingKey: "u" });
    OpenFeature.getClient().track("latency", { targetingKey: "u" }, { value: 2.5, unit: "ms" });
    assert.deepEqual(
      client.tracked.map(({ metric, value, context }) => [metric, value, context.targetingKey]),
      [
        ["checkout", 1, "u"],
        ["latency", 2.5, "u"],
      ],
    );
  });

  it("ends with OpenFeature, its stream too, and sends the rest", async () => {
    let ended = false;
    server.on(STREAM, (response) => {
      response.on("close", () => (ended = true));
      begin(response).write(event("put", DOCUMENT));
    });
    const client = await ready();
    await client.getBooleanValue("on", false);
    await OpenFeature.close();
    assert.match(server.at("/api/v1/sdk/events")[0]?.body ?? "", /"flag":"on"/);
    await until("the end of the stream", () => ended);
  });

  it("closes no client that it was given: what that one keeps is sent, and it follows on", async () => {
    const given = createClient(options());
    try {
      for (const provider of [new PennonProvider(given), new PennonProvider(given)]) {
        await within("the provider", OpenFeature.setProviderAndWait(provider));
      }
      await OpenFeature.getClient().getBooleanValue("on", false);
      await OpenFeature.close();
      assert.equal(given.status().state, "ready");
      assert.ok(server.at("/api/v1/sdk/events").some(({ body }) => body.includes('"flag":"on"')));
    } finally {
      await given.close();
    }
  });

  it("leaves the process's own client open, which it takes when it is given none", async () => {
    const overrides = overrideFlags({ on: true });
    try {
      await OpenFeature.setProviderAndWait(new PennonProvider());
      await OpenFeature.close();
      assert.equal(flags.status().state, "ready");
    } finally {
      overrides.restore();
    }
  });
});
