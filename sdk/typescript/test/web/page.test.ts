// A page that is hidden, shown, left and come back to.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { thisPage } from "../../src/web/page.js";
import { off, on, put, Scene, STREAM } from "./scene.js";

const HIDDEN_MS = 120_000;

/** Lets time pass on a page whose stream lives. */
async function beat(scene: Scene, pipe: { send(text: string): Promise<void> }, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 15_000) {
    await scene.clock.pass(Math.min(left, 15_000));
    await pipe.send(": heartbeat\n\n");
  }
}

describe("a page that is hidden", () => {
  it("keeps its stream for two minutes, gives it up then, and opens another one when it is shown", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.streaming(put(1, { flip: off }));
    await scene.page.hide();
    await beat(scene, pipe, HIDDEN_MS - 1);
    await pipe.event("patch", { epoch: 7, from: 1, revision: 2, flags: { flip: on } });
    assert.deepEqual([pipe.isAborted, client.isEnabled("flip")], [false, true]);
    await scene.clock.pass(1);
    assert.equal(pipe.isAborted, true);
    const { state, staleSince } = client.status();
    assert.deepEqual([state, staleSince?.getTime()], ["stale", scene.clock.now()]);
    await scene.clock.pass(3_600_000);
    assert.deepEqual(scene.network.unseen, [], "nothing is asked of the server meanwhile");
    await scene.page.show();
    await scene.streaming(put(9, { flip: off }));
    assert.deepEqual([client.isEnabled("flip"), client.status().state, scene.log], [false, "ready", []]);
  });

  it("for less than that keeps its stream, and the next time counts anew", async () => {
    const scene = new Scene();
    scene.client();
    const pipe = await scene.streaming();
    await scene.page.hide();
    await beat(scene, pipe, HIDDEN_MS - 1_000);
    await scene.page.show();
    await scene.page.hide();
    await beat(scene, pipe, HIDDEN_MS - 1_000);
    assert.deepEqual([pipe.isAborted, scene.network.unseen], [false, []]);
  });

  it("from the beginning listens for two minutes", async () => {
    const scene = new Scene();
    scene.page.hidden = true;
    scene.client();
    const pipe = await scene.streaming();
    await beat(scene, pipe, HIDDEN_MS);
    assert.equal(pipe.isAborted, true);
  });

  it("and turns to another context listens when it is shown, for that one", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.streaming();
    await scene.page.hide();
    await beat(scene, pipe, HIDDEN_MS);
    void client.setContext({ targetingKey: "u-2" });
    assert.deepEqual(scene.network.unseen, []);
    await scene.page.show();
    assert.deepEqual(scene.network.next(STREAM).body, { context: { targetingKey: "u-2" } });
    assert.deepEqual(scene.network.unseen, []);
  });
});

describe("a page that is left", () => {
  it("holds no connection, and listens again when somebody comes back to it", async () => {
    const scene = new Scene();
    const client = scene.client();
    const pipe = await scene.streaming();
    await scene.page.leave();
    assert.deepEqual([pipe.isAborted, client.status().state], [true, "stale"]);
    await scene.clock.pass(600_000);
    assert.deepEqual(scene.network.unseen, []);
    await scene.page.show();
    await scene.streaming(put(2, { flip: on }));
    assert.equal(client.isEnabled("flip"), true);
  });
});

describe("a page that is shown", () => {
  it("does not wait for the next attempt, and opens no second stream beside one that lives", async () => {
    const scene = new Scene();
    scene.client();
    const pipe = await scene.streaming();
    await scene.page.show();
    assert.deepEqual(scene.network.unseen, []);
    await pipe.break();
    await scene.page.show();
    assert.deepEqual(scene.network.unseen, [STREAM]);
  });
});

describe("where there is no page", () => {
  it("nothing is hidden, and nothing is told", () => {
    assert.equal(thisPage.isHidden(), false);
    assert.doesNotThrow(thisPage.watch({ hidden() {}, left() {}, shown() {} }));
  });
});
