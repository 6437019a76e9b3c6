/** When silence counts as death. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Watchdog } from "../../src/server/watchdog.js";
import { FakeWorld } from "./fake-world.js";

function watch(patienceMs: number) {
  const world = new FakeWorld();
  const barks: number[] = [];
  const watchdog = new Watchdog(world, patienceMs, () => barks.push(world.elapsedMs()));
  return { world, barks, watchdog };
}

describe("the watchdog", () => {
  it("barks once when nothing was heard for as long as its patience", () => {
    const { world, barks } = watch(100);
    world.pass(99);
    assert.deepEqual(barks, []);
    world.pass(1_000);
    assert.deepEqual(barks, [100]);
  });

  it("waits anew whenever something is heard", () => {
    const { world, barks, watchdog } = watch(100);
    for (let n = 0; n < 10; n += 1) {
      world.pass(90);
      watchdog.feed();
    }
    assert.deepEqual(barks, []);
    world.pass(100);
    assert.deepEqual(barks, [1_000]);
  });

  it("does not bark when what has arrived while the process slept is read first", () => {
    const { world, barks, watchdog } = watch(100);
    world.sleep(10_000);
    world.wake();
    watchdog.feed();
    world.settle();
    assert.deepEqual(barks, []);
    world.pass(100);
    assert.deepEqual(barks, [10_100]);
  });

  it("leaves no timer behind, and is silent, once it has ended", () => {
    const { world, barks, watchdog } = watch(100);
    world.sleep(200);
    world.wake();
    watchdog.end();
    world.settle();
    world.pass(1_000);
    assert.deepEqual([barks, world.waiting], [[], 0]);
  });
});
