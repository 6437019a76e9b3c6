/** What code asks of flags, and what it is told. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Client, createClient, flags, OptionError, type Context, type Options } from "../../src/server/index.js";
import { flag, keeper, snapshot } from "./documents.js";

const DOCUMENT = snapshot(
  [
    flag("on"),
    flag("off", { enabled: false }),
    flag("none", { enabled: false, offVariant: null }),
    flag("pro", {
      rules: [{ id: "r-pro", when: { attribute: "plan", op: "in", values: ["pro"] }, serve: { variant: "on" } }],
      fallthrough: { variant: "off" },
    }),
    flag("split", { fallthrough: { split: [{ variant: "on", weight: 100_000 }] } }),
    flag("text", {
      type: "string",
      variants: { a: "grün" },
      offVariant: null,
      fallthrough: { variant: "a" },
      metadata: { owner: "shop", list: [1] },
    }),
    flag("number", { type: "number", variants: { a: 2.5 }, offVariant: null, fallthrough: { variant: "a" } }),
    flag("object", {
      type: "object",
      variants: { a: { list: [1, { x: null }] } },
      offVariant: null,
      fallthrough: { variant: "a" },
    }),
    flag("me", { targets: [{ values: ["u"], variant: "on" }], fallthrough: { variant: "off" } }),
    flag("hidden", { clientVisible: false }),
    flag("broken", { fallthrough: { variant: "gone" } }),
    flag("needs", { prerequisites: [{ flag: "off", variants: ["on"] }] }),
  ].map((one) => ({ clientVisible: true, ...one })),
  { epoch: 7, revision: 3 },
);

let made: Client[] = [];
afterEach(async () => {
  await Promise.all(made.map((client) => client.close()));
  made = [];
});

function client(options: Options = {}): Client {
  const one = createClient({ bootstrap: DOCUMENT, logger: keeper().logger, ...options });
  made.push(one);
  return one;
}

const throwing = (): Context => ({
  get userId(): string {
    throw new Error("theirs");
  },
});

describe("isEnabled", () => {
  it("is what a boolean flag serves to somebody", () => {
    const one = client();
    assert.deepEqual([one.isEnabled("on"), one.isEnabled("off"), one.isEnabled("pro")], [true, false, false]);
    assert.equal(one.isEnabled("pro", { userId: "u", plan: "pro" }), true);
    assert.deepEqual([one.isEnabled("me", { userId: "u" }), one.isEnabled("me", { targetingKey: "u" })], [true, true]);
  });

  it("is the default, else false, where nothing is served", () => {
    const one = client();
    for (const key of ["gone", "none", "broken", "text", "split"]) {
      assert.deepEqual([one.isEnabled(key), one.isEnabled(key, null, true)], [false, true], key);
    }
  });

  it("is a boolean whatever a caller without types passes", () => {
    const one = client() as unknown as { isEnabled(...given: unknown[]): unknown };
    for (const given of [
      ["gone", {}, "yes"],
      ["on", true],
      ["on", "u", {}],
      [undefined],
      [Symbol("x")],
      [{}],
      [["on"]],
    ]) {
      assert.equal(one.isEnabled(...given), false);
    }
  });
});

describe("value", () => {
  it("is of the default's type", () => {
    const one = client();
    assert.equal(one.value("text", ""), "grün");
    assert.equal(one.value("number", 0), 2.5);
    assert.equal(one.value("on", false), true);
    assert.deepEqual(one.value("object", {}), { list: [1, { x: null }] });
  });

  it("is the default where the flag is of another type, or there is nothing to serve", () => {
    const one = client();
    assert.equal(one.value("number", "7"), "7");
    assert.equal(one.value("text", 7), 7);
    assert.equal(one.value("gone", 7), 7);
    const fallback = { a: 1 };
    assert.equal(one.value("text", fallback), fallback);
  });

  it("cannot be changed by who asked", () => {
    const one = client();
    const value = one.value("object", { list: [] as unknown[] });
    assert.throws(() => value.list.push(2), TypeError);
    assert.deepEqual(one.value("object", {}), { list: [1, { x: null }] });
  });
});

describe("variant and details", () => {
  it("tell the name of what is served, and nothing where the default is", () => {
    const one = client();
    assert.deepEqual(
      [one.variant("on"), one.variant("text"), one.variant("none"), one.variant("gone")],
      ["on", "a", undefined, undefined],
    );
  });

  it("tell how a value came about", () => {
    const one = client();
    const details = one.details("text", "");
    assert.deepEqual(details, {
      flagKey: "text",
      value: "grün",
      variant: "a",
      reason: "STATIC",
      errorCode: undefined,
      errorMessage: undefined,
      ruleId: undefined,
      version: 1,
      cause: undefined,
      prerequisite: undefined,
      metadata: { owner: "shop", list: [1] },
    });
    assert.equal(one.details("pro", false, { plan: "pro" }).ruleId, "r-pro");
    assert.deepEqual([one.details("needs", true).prerequisite, one.details("needs", true).reason], ["off", "DEFAULT"]);
  });

  it("tell what went wrong, and then serve the default", () => {
    const one = client();
    const codes = [
      ["gone", true, {}, "FLAG_NOT_FOUND"],
      ["broken", true, {}, "PARSE_ERROR"],
      ["text", true, {}, "TYPE_MISMATCH"],
      ["split", true, {}, "TARGETING_KEY_MISSING"],
      ["on", true, { targetingKey: 1.5 }, "INVALID_CONTEXT"],
      ["on", true, { userId: {} as unknown as string }, "INVALID_CONTEXT"],
      ["on", true, [] as unknown as Context, "INVALID_CONTEXT"],
      ["on", true, "u" as unknown as Context, "INVALID_CONTEXT"],
      ["on", true, throwing(), "GENERAL"],
    ] as const;
    for (const [key, fallback, context, code] of codes) {
      const { value, variant, reason, errorCode, errorMessage } = one.details(key, fallback, context);
      assert.deepEqual([value, variant, reason, errorCode], [fallback, undefined, "ERROR", code], key);
      assert.ok(errorMessage);
    }
  });
});

describe("a client without a snapshot", () => {
  it("serves defaults, says why, and waits for nothing that cannot come", async () => {
    const { lines, logger } = keeper();
    const one = client({ bootstrap: undefined, logger });
    assert.equal(await one.ready(), false);
    assert.deepEqual([one.isEnabled("on", null, true), one.value("text", "x")], [true, "x"]);
    assert.equal(one.details("on", true).errorCode, "PROVIDER_NOT_READY");
    assert.deepEqual(one.status(), {
      state: "unconfigured",
      revision: undefined,
      source: "none",
      staleSince: undefined,
      lastError: undefined,
    });
    assert.deepEqual(lines, [
      "pennon: no url or no key (PENNON_URL, PENNON_SDK_KEY): the defaults of the code are served",
    ]);
    assert.deepEqual(one.bootstrap({ userId: "u" }), { epoch: 0, revision: 0, flags: {} });
  });

  it("serves what it was given to start from, as an object or as text, which the caller may change later", async () => {
    const given = structuredClone(DOCUMENT) as { flags: Record<string, { enabled?: boolean }> };
    const one = client({ bootstrap: given });
    (given.flags["on"] ?? {}).enabled = false;
    assert.equal(one.isEnabled("on"), true);
    assert.equal(await one.ready(), true);
    assert.equal(client({ bootstrap: JSON.stringify(DOCUMENT) }).isEnabled("on"), true);
    const { state, source, revision } = one.status();
    assert.deepEqual([state, source, revision], ["unconfigured", "bootstrap", "7-3"]);
  });

  it("refuses options that it cannot use, a bootstrap that is none among them", () => {
    assert.throws(() => client({ url: "nowhere" }), OptionError);
    assert.throws(() => client({ bootstrap: { flags: [] } }), /^OptionError: bootstrap must be a snapshot/);
  });
});

describe("what a page starts from", () => {
  it("is the results of flags that clients may see, and nothing that they may not", () => {
    const { epoch, revision, flags: found } = client().bootstrap({ userId: "u", plan: "pro" });
    assert.deepEqual([epoch, revision], [7, 3]);
    assert.deepEqual(Object.keys(found), [
      "broken",
      "me",
      "needs",
      "none",
      "number",
      "object",
      "off",
      "on",
      "pro",
      "split",
      "text",
    ]);
    assert.deepEqual(found["pro"], { key: "pro", value: true, variant: "on", reason: "TARGETING_MATCH", metadata: {} });
    assert.deepEqual(found["none"], { key: "none", variant: "", reason: "DISABLED", metadata: {} });
    assert.deepEqual(found["text"]?.metadata, { owner: "shop" });
    assert.deepEqual(Object.keys(found["broken"] ?? {}), ["key", "errorCode", "errorDetails"]);
    assert.deepEqual(found["needs"], { key: "needs", value: false, variant: "off", reason: "DEFAULT", metadata: {} });
  });

  it("carries what counts an exposure", () => {
    const track = { run: "r-1", arm: "candidate" };
    const tracked = flag("t", { clientVisible: true, rules: [{ id: "r", serve: { variant: "on" }, track }] });
    const one = client({ bootstrap: snapshot([tracked]) });
    assert.deepEqual(one.bootstrap().flags["t"]?.track, { ...track, by: ["targetingKey"] });
  });
});

describe("the code around a call", () => {
  it("says for whom, in everything that it starts", async () => {
    const one = client();
    const inside = await one.withContext({ userId: "u" }, async () => {
      await new Promise(setImmediate);
      return [one.isEnabled("me"), one.isEnabled("me", { userId: "v" }), one.value("me", false), one.variant("me")];
    });
    assert.deepEqual(inside, [true, false, true, "on"]);
    assert.equal(one.isEnabled("me"), false);
    assert.equal(
      one.withContext({ userId: "u" }, () => one.bootstrap().flags["me"]?.value),
      true,
    );
  });
});

describe("the process's own client", () => {
  it("is one, whatever way and how often the package is loaded", () => {
    const place = Symbol.for("@pennon/sdk: flags of version 0");
    assert.equal((globalThis as Record<symbol, unknown>)[place], flags);
  });

  it("stays as it was when options are refused", () => {
    const one = new Client({ bootstrap: DOCUMENT, logger: keeper().logger });
    assert.throws(() => {
      one.configure({ url: "nowhere" });
    }, OptionError);
    assert.equal(one.isEnabled("on"), true);
    assert.throws(() => {
      one.configure({ bootstrap: DOCUMENT });
    }, /before the first use/);
  });

  it("takes options before its first use, and not after it", async () => {
    flags.configure({ bootstrap: DOCUMENT, logger: keeper().logger });
    assert.equal(flags.isEnabled("on"), true);
    assert.throws(() => {
      flags.configure({});
    }, /before the first use/);
    await flags.close();
    assert.deepEqual([flags.status().state, flags.isEnabled("on")], ["closed", true]);
  });
});
