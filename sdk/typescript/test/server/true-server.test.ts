/** The client against a true server: what an admin does arrives, whatever becomes of the server meanwhile. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { createClient, type Client, type Options } from "../../src/server/index.js";
import { keeper } from "./documents.js";
import { TrueServer } from "./true-server.js";
import { until, within } from "./until.js";

let server: TrueServer;
let made: Client[] = [];
before(async () => {
  server = await TrueServer.start();
  await server.flag({ key: "flipped" }, { enabled: true });
});
after(() => server.close());
afterEach(async () => {
  await Promise.all(made.map((client) => client.close()));
  made = [];
});

function client(options: Options = {}): Client {
  const { logger } = keeper();
  const one = createClient({
    url: server.url,
    key: server.key,
    logger,
    backoffMinMs: 20,
    backoffMaxMs: 200,
    events: false,
    ...options,
  });
  made.push(one);
  return one;
}

const becomes = (one: Client, value: boolean) => until(`flipped is ${value}`, () => one.isEnabled("flipped") === value);

describe("the client of a true server", () => {
  it("has every flip, and calls who waits for it", async () => {
    const one = client();
    assert.equal(await one.ready(), true);
    const revisions: string[] = [];
    one.onChange("flipped", ({ revision }) => revisions.push(revision));
    for (const value of [false, true, false, true]) {
      await server.switch("flipped", value);
      await becomes(one, value);
    }
    assert.deepEqual([revisions.length, new Set(revisions).size, one.status().source], [4, 4, "stream"]);
  });

  it("comes back after the server was killed, and has what changed meanwhile", async () => {
    const one = client();
    await one.ready();
    await server.kill();
    await until("stale", () => one.status().state === "stale");
    assert.equal(one.isEnabled("flipped"), true);
    await server.again();
    await server.switch("flipped", false);
    await becomes(one, false);
    assert.equal(one.status().state, "ready");
    await server.switch("flipped", true);
  });

  it("starts from its cache while the server is away", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pennon-cache-"));
    try {
      const first = client({ cacheDir: folder });
      await first.ready();
      await first.close();
      await server.stop();
      const second = client({ cacheDir: folder });
      assert.equal(second.isEnabled("flipped"), true);
      assert.deepEqual([second.status().state, second.status().source], ["stale", "cache"]);
      await server.again();
      await until("ready", () => second.status().state === "ready");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("calls who waits when a date passes that the flag compares the time with", async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const rules = [{ id: "later", when: { attribute: "$now", op: "after", values: [soon] }, serve: { variant: "on" } }];
    await server.flag({ key: "later" }, { enabled: true, rules, fallthrough: { variant: "off" } });
    const one = client();
    await until("the flag", () => one.variant("later") !== undefined);
    const { revision } = one.status();
    assert.equal(one.isEnabled("later"), false);
    const passed = new Promise<string>((resolve) => {
      one.onChange("later", (change) => {
        resolve(change.revision);
      });
    });
    assert.equal(await within("the date", passed), revision);
    assert.equal(one.isEnabled("later"), true);
  });

  it("is given for a page what the server gives to the page itself", async () => {
    const one = client();
    await one.ready();
    const context = { targetingKey: "user-1", plan: "pro" };
    const answer = await fetch(`${server.url}/api/v1/sdk/client-stream`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.started.clientKey}`, "content-type": "application/json" },
      body: JSON.stringify({ context }),
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (/^data: .*\n\n/m.test(text)) break;
    }
    const told = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "") as { flags: object };
    assert.deepEqual(one.bootstrap(context), told);
    assert.ok(Object.keys(told.flags).length > 3);
  });
});
