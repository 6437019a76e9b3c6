// What WEB.md shows, run.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTestClient } from "../../src/testing/index.js";
import { createClient, type Bootstrap } from "../../src/web/index.js";
import { off, on, put, Scene } from "./scene.js";

describe("the recipe", () => {
  it("for tests serves what a test says", () => {
    const serving = (values: Record<string, boolean | number | string | object>): Bootstrap => ({
      epoch: 1,
      revision: 1,
      flags: Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, { key, value, variant: "test", reason: "STATIC" }]),
      ),
    });
    const flags = createClient({ bootstrap: serving({ new_checkout_flow: true, limit: 3, theme: { dark: true } }) });
    assert.deepEqual([flags.isEnabled("new_checkout_flow"), flags.value("limit", 10)], [true, 3]);
    assert.deepEqual([flags.value("theme", {}), flags.value("gone", "mine")], [{ dark: true }, "mine"]);
  });

  it("for a server that renders serves the server SDK's results, and the page the same ones", () => {
    const server = createTestClient({ new_checkout_flow: true, banner: "<b>new</b>" });
    const context = { targetingKey: "user-1" };
    const start = { context, bootstrap: server.bootstrap(context) };
    const rendered = createClient(start);
    const json = JSON.stringify(start).replaceAll("<", "\\u003c");
    assert.ok(!json.includes("<"), "nothing ends the script that holds it");
    const page = new Scene().client(JSON.parse(json) as typeof start);
    for (const flags of [rendered, page]) {
      assert.deepEqual([flags.isEnabled("new_checkout_flow"), flags.value("banner", "")], [true, "<b>new</b>"]);
    }
  });

  it("for React reads the same value until it is told of another one", async () => {
    const scene = new Scene();
    const flags = scene.client();
    const theme = { key: "theme", value: { dark: false }, variant: "light", reason: "STATIC" } as const;
    const pipe = await scene.streaming(put(1, { flip: off, theme }));
    const fallback = {};
    const read = (): object => flags.value("theme", fallback);
    let told = 0;
    const unsubscribe = flags.onChange("theme", () => (told += 1));
    const before = read();
    assert.equal(read(), before);
    await pipe.event("patch", { epoch: 7, from: 1, revision: 2, flags: { flip: on } });
    assert.deepEqual([read() === before, told], [true, 0]);
    await pipe.event("patch", { epoch: 7, from: 2, revision: 3, flags: { theme: null } });
    assert.deepEqual([read() === fallback, told], [true, 1]);
    unsubscribe();
    await pipe.event("patch", { epoch: 7, from: 3, revision: 4, flags: { theme } });
    assert.equal(told, 1);
  });
});
