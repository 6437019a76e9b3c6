/** Where settings come from, and what is said of one that cannot be used. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OptionError, readSettings, type Options, type Settings } from "../../src/server/settings.js";

function read(
  options: Options = {},
  environment: Record<string, string> = {},
): { settings: Settings; warnings: string[] } {
  const warnings: string[] = [];
  return { settings: readSettings(options, environment, warnings), warnings };
}

describe("settings", () => {
  it("are the defaults of the contract when nothing is said", () => {
    const { settings, warnings } = read();
    assert.deepEqual(warnings, []);
    const { instanceId, ...rest } = settings;
    assert.match(instanceId, new RegExp(`-${process.pid}-\\d{13}$`));
    assert.deepEqual(rest, {
      url: undefined,
      key: undefined,
      cacheDir: undefined,
      labels: {},
      events: true,
      startWaitMs: 2_000,
      flushIntervalMs: 30_000,
      streamWaitMs: 10_000,
      pollIntervalMs: 30_000,
      readTimeoutMs: 45_000,
      backoffMinMs: 1_000,
      backoffMaxMs: 30_000,
      healthyAfterMs: 60_000,
      connectTimeoutMs: 10_000,
    });
  });

  it("come from variables", () => {
    const { settings, warnings } = read(
      {},
      {
        PENNON_URL: "https://flags.example/base/",
        PENNON_SDK_KEY: "pnn_srv_x",
        PENNON_INSTANCE_ID: "shop-1",
        PENNON_CACHE_DIR: "/var/cache/shop",
        PENNON_START_WAIT: "0.5",
        PENNON_LABELS: "region=eu, team = a=b",
        PENNON_EVENTS: "false",
      },
    );
    assert.deepEqual(warnings, []);
    assert.equal(settings.url, "https://flags.example/base");
    assert.deepEqual(
      [settings.key, settings.instanceId, settings.cacheDir],
      ["pnn_srv_x", "shop-1", "/var/cache/shop"],
    );
    assert.deepEqual([settings.startWaitMs, settings.events], [500, false]);
    assert.deepEqual(settings.labels, { region: "eu", team: "a=b" });
  });

  it("come from options before variables, and an empty variable is none", () => {
    const { settings } = read(
      { key: "option", startWaitMs: 7 },
      { PENNON_SDK_KEY: "variable", PENNON_START_WAIT: "1", PENNON_URL: "" },
    );
    assert.deepEqual([settings.key, settings.startWaitMs, settings.url], ["option", 7, undefined]);
  });

  it("come from variables without the space around them, and true and false in any case", () => {
    const { settings, warnings } = read(
      {},
      {
        PENNON_URL: " https://flags.example\n",
        PENNON_SDK_KEY: "pnn_srv_x\n",
        PENNON_INSTANCE_ID: "shop-1\r\n",
        PENNON_CACHE_DIR: " \n",
        PENNON_LABELS: " region=eu , ,empty=,\n",
        PENNON_EVENTS: " FALSE\n",
      },
    );
    assert.deepEqual(warnings, []);
    assert.deepEqual([settings.url, settings.key], ["https://flags.example", "pnn_srv_x"]);
    assert.deepEqual([settings.instanceId, settings.cacheDir], ["shop-1", undefined]);
    assert.deepEqual([settings.labels, settings.events], [{ region: "eu", empty: "" }, false]);
    assert.equal(read({}, { PENNON_EVENTS: "True" }).settings.events, true);
    assert.deepEqual(read({}, { PENNON_EVENTS: "True" }).warnings, []);
  });

  it("have an instance's id of 200 characters, as the server counts them", () => {
    const instanceId = "💩".repeat(200);
    assert.equal(read({ instanceId }).settings.instanceId, instanceId);
  });

  it("that are options and cannot be used are an error that names them and what is allowed", () => {
    const wrong: [Options, RegExp][] = [
      [{ url: "flags.example" }, /^url must be an http or https address/],
      [{ url: "https://user:secret@flags.example" }, /^url must be/],
      [{ url: "https://flags.example?x=1" }, /^url must be/],
      [{ url: "file:///etc" }, /^url must be/],
      [{ key: "" }, /^key must be/],
      [{ key: "two words" }, /^key must be/],
      [{ key: "line\nbreak" }, /^key must be/],
      ...["", "x".repeat(201), "a\nb", "a\u0085", "\ud800"].map((instanceId): [Options, RegExp] => [
        { instanceId },
        /^instanceId must be a text of 1 to 200 characters, none of them a control character/,
      ]),
      [{ cacheDir: "" }, /^cacheDir must be/],
      [{ startWaitMs: -1 }, /^startWaitMs must be a number of milliseconds from 0 to 86400000/],
      [{ flushIntervalMs: 0 }, /^flushIntervalMs must be a number of milliseconds from 1/],
      [{ pollIntervalMs: NaN }, /^pollIntervalMs must be/],
      [{ readTimeoutMs: Infinity }, /^readTimeoutMs must be/],
      [{ backoffMaxMs: "1" as unknown as number }, /^backoffMaxMs must be/],
      [{ labels: { "": "x" } }, /^labels must be at most 16 labels/],
      [{ labels: { a: "x".repeat(129) } }, /^labels must be/],
      [{ labels: { a: "x\n" } }, /^labels must be/],
      [{ labels: { "\ud800": "x" } }, /^labels must be/],
      [{ labels: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, "x"])) }, /^labels must be/],
      [{ events: "yes" as unknown as boolean }, /^events must be true or false/],
      [{ keey: "x" } as Options, /^there is no option keey; there are url, key/],
    ];
    for (const [options, message] of wrong) {
      assert.throws(
        () => read(options),
        (error) => error instanceof OptionError && message.test(error.message),
        String(message),
      );
    }
  });

  it("that are variables and cannot be used are one warning each, and the default", () => {
    const { settings, warnings } = read(
      {},
      { PENNON_URL: "nowhere", PENNON_START_WAIT: "soon", PENNON_EVENTS: "1", PENNON_LABELS: "region" },
    );
    assert.deepEqual(
      warnings.map((warning) => warning.split(" ")[0]),
      ["PENNON_URL", "PENNON_START_WAIT", "PENNON_LABELS", "PENNON_EVENTS"],
    );
    assert.deepEqual(
      [settings.url, settings.startWaitMs, settings.labels, settings.events],
      [undefined, 2_000, {}, true],
    );
  });

  it("never tell a key", () => {
    const secret = "pnn_srv_secret with a space";
    assert.throws(
      () => read({ key: secret }),
      (error) => error instanceof OptionError && !error.message.includes("secret"),
    );
    assert.ok(!read({}, { PENNON_SDK_KEY: secret }).warnings.join().includes("secret"));
  });
});
