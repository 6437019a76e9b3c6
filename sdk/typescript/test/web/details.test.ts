// What a caller is given of a result, and a context, and settings, as they are read.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plain } from "../../src/web/context.js";
import { createClient, type Context } from "../../src/web/index.js";
import { on, put, Scene } from "./scene.js";

const entry = (key: string, value: unknown): object => ({
  ...on,
  key,
  value,
  variant: "v",
  metadata: { owner: "web" },
});

const RESULTS = put(1, {
  boolean: entry("boolean", true),
  string: entry("string", "text"),
  number: entry("number", 3.5),
  object: entry("object", { deep: [1, null] }),
  own: { key: "own", variant: "", reason: "DISABLED", metadata: {} },
  split: { key: "split", errorCode: "TARGETING_KEY_MISSING", errorDetails: "no attribute to draw by" },
} as never);

async function ready() {
  const scene = new Scene();
  const client = scene.client({ events: true });
  await scene.streaming(RESULTS);
  return client;
}

describe("a value", () => {
  it("is of the type that the default has, or the default is served", async () => {
    const client = await ready();
    const defaults = { boolean: false, string: "mine", number: 1, object: { mine: true } };
    for (const [type, fallback] of Object.entries(defaults)) {
      for (const key of Object.keys(defaults)) {
        const { value, variant, reason, errorCode } = client.details(key, fallback);
        if (key === type) assert.deepEqual([variant, reason, errorCode], ["v", "STATIC", undefined]);
        else assert.deepEqual([value, variant, reason, errorCode], [fallback, undefined, "ERROR", "TYPE_MISMATCH"]);
      }
    }
    assert.equal(client.value("number", 1), 3.5);
    assert.deepEqual(client.value("object", {}), { deep: [1, null] });
    assert.deepEqual(client.value("object", []), [], "a list is no object");
  });

  it("is the default where the flag serves the caller's own, with the flag's reason", async () => {
    const client = await ready();
    for (const fallback of [true, "mine", 7, {}]) {
      const { value, variant, reason, errorCode } = client.details("own", fallback);
      assert.deepEqual([value, variant, reason, errorCode], [fallback, undefined, "DISABLED", undefined]);
    }
  });

  it("is the default where there is no such flag, or the flag errs, and the details tell which", async () => {
    const client = await ready();
    const { value, errorCode, errorMessage } = client.details("split", "mine");
    assert.deepEqual([value, errorCode, errorMessage], ["mine", "TARGETING_KEY_MISSING", "no attribute to draw by"]);
    for (const key of ["gone", "constructor", "__proto__", "toString"]) {
      assert.equal(client.details(key, 1).errorCode, "FLAG_NOT_FOUND", key);
    }
  });

  it("never throws, whatever it is asked", async () => {
    const client = await ready();
    for (const key of [undefined, null, 3, {}, Symbol("flip")] as unknown as string[]) {
      assert.equal(client.isEnabled(key, true), true);
      assert.equal(client.variant(key), undefined);
    }
    assert.equal(client.value("string", undefined as unknown as string), "text", "no default asks for no type");
    assert.equal(client.value("string", null as unknown as string), "text");
  });

  it("comes with the flag's own metadata, which nobody can change", async () => {
    const client = await ready();
    const { metadata } = client.details("string", "");
    assert.deepEqual(metadata, { owner: "web" });
    assert.throws(() => Object.assign(metadata, { owner: "me" }), TypeError);
  });

  it("of a named flag has the type that the map says", () => {
    const client = createClient<{ limit: number; theme: { name: string }; dark: boolean }>({});
    const limit: number = client.value("limit", 3);
    const theme: { name: string } = client.value("theme", { name: "light" });
    // @ts-expect-error no such flag
    client.value("gone", 1);
    // @ts-expect-error not boolean
    client.isEnabled("limit");
    // @ts-expect-error another type
    client.value("limit", "3");
    assert.deepEqual([limit, theme, client.isEnabled("dark")], [3, { name: "light" }, false]);
    void client.close();
  });
});

describe("a context", () => {
  it("is read as plain data in one order", () => {
    const context = {
      b: 1,
      a: { z: [new Date(0), undefined, null], y: Number.NaN },
      targetingKey: "u",
      skip: undefined,
    };
    assert.equal(
      JSON.stringify(plain(context)),
      '{"a":{"y":null,"z":["1970-01-01T00:00:00.000Z",null,null]},"b":1,"targetingKey":"u"}',
    );
  });

  it("counts as absent what JSON cannot hold, and half characters", () => {
    const context = { big: 1n, half: "a\ud800", whole: "😀", call: () => 1, symbol: Symbol("s") };
    assert.deepEqual(plain(context), { whole: "😀" });
  });

  it("takes userId for the targeting key, unless there is one", () => {
    assert.deepEqual(plain({ userId: 7 }), { targetingKey: 7, userId: 7 });
    assert.deepEqual(plain({ userId: "u", targetingKey: null }), { targetingKey: "u", userId: "u" });
    assert.deepEqual(plain({ userId: "u", targetingKey: "t" }), { targetingKey: "t", userId: "u" });
  });

  it("that is none is nobody in particular; one that is no object is refused, and so is one that leads into itself", () => {
    assert.deepEqual([plain(undefined), plain(null)], [{}, {}]);
    for (const context of ["u", 3, ["u"], true]) assert.throws(() => plain(context), /context must be an object/);
    const loop: Record<string, unknown> = {};
    loop["loop"] = loop;
    assert.throws(() => plain(loop), Error);
    const scene = new Scene();
    assert.throws(() => scene.client({ context: "u" as unknown as Context }), TypeError);
    assert.throws(() => scene.client().setContext([] as unknown as Context), TypeError);
  });
});

describe("a setting", () => {
  const wrong = (options: object): RegExpMatchArray | null => {
    try {
      new Scene().client(options);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return /^\w+/.exec(error.message);
    }
    return null;
  };

  it("that cannot be used is refused by its name", () => {
    for (const url of ["flags.example", "ftp://flags.example", "/flags"]) assert.equal(wrong({ url })?.[0], "url", url);
    assert.equal(wrong({ key: "pnn_srv_production_secret" })?.[0], "key", "everybody can read what a page holds");
    for (const bootstrap of [[], "results", { epoch: 1 }, { epoch: 1, revision: 1, flags: { a: 1 } }]) {
      assert.equal(wrong({ bootstrap })?.[0], "bootstrap");
    }
    for (const value of [-1, 0, Number.NaN, Infinity, "2000", 86_400_001, null]) {
      assert.equal(wrong({ pollIntervalMs: value })?.[0], value === null ? undefined : "pollIntervalMs", String(value));
    }
    assert.equal(wrong({ startWaitMs: 0 }), null);
    assert.equal(wrong({ startWaitMs: -1 })?.[0], "startWaitMs");
  });

  it("without a value is the default, and a server without a snapshot gives a bootstrap that is none", () => {
    assert.equal(wrong({ startWaitMs: undefined, bootstrap: null, cache: undefined, events: undefined }), null);
    const client = new Scene().client({ bootstrap: { epoch: 0, revision: 0, flags: {} } });
    assert.equal(client.status().source, "none");
  });
});
