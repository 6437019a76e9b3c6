/** Who is told that a flag changed, and when. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Snapshot } from "../../src/engine/index.js";
import { Watchers } from "../../src/server/watchers.js";
import { flag, keeper, snapshot, type SnapshotDocument } from "./documents.js";
import { FakeWorld } from "./fake-world.js";

const NOW = Date.parse("2026-11-25T13:00:00Z");
const after = (ms: number): object => ({
  id: "r",
  when: { attribute: "$now", op: "after", values: [new Date(NOW + ms).toISOString()] },
  serve: { variant: "on" },
});

function watchers() {
  const world = new FakeWorld(NOW);
  const { lines, logger } = keeper();
  const it = new Watchers(world, logger);
  const told: string[] = [];
  let held: Snapshot | undefined;
  const take = (document: SnapshotDocument): void => {
    const before = held;
    held = Snapshot.fromDocument(document);
    it.replaced(before, held);
  };
  return {
    world,
    it,
    told,
    lines,
    take,
    on: (key: string) => it.watch(key, ({ flag, revision }) => told.push(`${flag} ${revision}`)),
  };
}

describe("a listener of a flag", () => {
  it("is told when the flag comes, changes and goes, and not of others", () => {
    const { told, take, on } = watchers();
    on("a");
    take(snapshot([flag("a"), flag("b")]));
    take(snapshot([flag("a", { enabled: false }), flag("b")], { revision: 2 }));
    take(snapshot([flag("a", { enabled: false }), flag("b", { enabled: false })], { revision: 3 }));
    take(snapshot([flag("b", { enabled: false })], { revision: 4 }));
    assert.deepEqual(told, ["a 1-1", "a 1-2", "a 1-4"]);
  });

  it("is told when a prerequisite, a segment of it, or a layer has changed", () => {
    const { told, take, on } = watchers();
    on("a");
    const flags = [
      flag("a", {
        prerequisites: [{ flag: "b", variants: ["on"] }],
        rules: [{ id: "l", when: { percentage: 5, layer: "l" }, serve: { variant: "on" } }],
      }),
      flag("b", { rules: [{ id: "s", when: { segment: "s" }, serve: { variant: "on" } }] }),
    ];
    const segments = { s: { included: ["u"] } };
    const layers = { l: {} };
    take(snapshot(flags, { segments, layers }));
    take(snapshot(flags, { segments: { s: { included: ["v"] } }, layers, revision: 2 }));
    take(snapshot(flags, { segments: { s: { included: ["v"] } }, layers: { l: { salt: "x" } }, revision: 3 }));
    take(snapshot(flags, { segments: { s: { included: ["v"] } }, layers: { l: { salt: "x" } }, revision: 4 }));
    assert.deepEqual(told, ["a 1-1", "a 1-2", "a 1-3"]);
  });

  it("is told when a date passes, its own or that of a flag it depends on, and of each once", () => {
    const { world, told, take, on } = watchers();
    on("a");
    on("c");
    const asks = { prerequisites: [{ flag: "b", variants: ["on"] }] };
    take(snapshot([flag("a", { ...asks, rules: [after(60_000)] }), flag("b", { rules: [after(120_000)] }), flag("c")]));
    told.length = 0;
    world.pass(60_000);
    assert.deepEqual(told, []);
    world.pass(1);
    assert.deepEqual(told, ["a 1-1"]);
    world.pass(3_600_000);
    assert.deepEqual(told, ["a 1-1", "a 1-1"]);
    assert.equal(world.waiting, 0);
  });

  it("is told of a date that lies further away than a timer can wait", () => {
    const { world, told, take, on } = watchers();
    on("a");
    const days = 40 * 86_400_000;
    take(snapshot([flag("a", { rules: [after(days)] })]));
    told.length = 0;
    world.pass(days);
    assert.deepEqual(told, []);
    world.pass(10);
    assert.deepEqual(told, ["a 1-1"]);
  });

  it("is told of a date that passed while the machine slept", () => {
    const { world, told, take, on } = watchers();
    on("a");
    take(snapshot([flag("a", { rules: [after(60_000)] })]));
    told.length = 0;
    world.sleep(10_000_000);
    world.pass(0);
    assert.deepEqual(told, ["a 1-1"]);
  });

  it("is not told any more when it has ended, and leaves no timer behind", () => {
    const { world, told, take, on } = watchers();
    const end = on("a");
    take(snapshot([flag("a", { rules: [after(60_000)] })]));
    told.length = 0;
    end();
    end();
    world.pass(100_000);
    take(snapshot([], { revision: 2 }));
    assert.deepEqual([told, world.waiting], [[], 0]);
  });

  it("is not told of a date that passed before anybody listened", () => {
    const { world, told, take, on } = watchers();
    take(snapshot([flag("a", { rules: [after(60_000)] })]));
    world.pass(3_600_000);
    on("a");
    world.pass(3_600_000);
    assert.deepEqual(told, []);
  });

  it("is told within half a minute when the clock was set beyond a date", () => {
    const { world, told, take, on } = watchers();
    on("a");
    take(snapshot([flag("a", { rules: [after(86_400_000)] })]));
    told.length = 0;
    world.now += 2 * 86_400_000;
    world.pass(30_000);
    assert.deepEqual(told, ["a 1-1"]);
  });

  it("that is given twice is told twice, and each ends by itself", () => {
    const { it: all, told, take } = watchers();
    const listener = (): void => {
      told.push("told");
    };
    const end = all.watch("a", listener);
    all.watch("a", listener);
    take(snapshot([flag("a")]));
    end();
    end();
    take(snapshot([], { revision: 2 }));
    assert.equal(told.length, 3);
  });

  it("may throw, or reject, without harm to others", async () => {
    const { it: all, told, lines, take, on } = watchers();
    all.watch("a", () => {
      throw new Error("theirs");
    });
    all.watch("a", () => Promise.reject(new Error("theirs too")));
    on("a");
    take(snapshot([flag("a")]));
    await new Promise(setImmediate);
    assert.deepEqual([told, lines], [["a 1-1"], Array(2).fill("a listener of changes threw")]);
  });

  it("may end another one, or itself, while it is told", () => {
    const { it: all, told, take } = watchers();
    const end = all.watch("a", () => {
      end();
      told.push("once");
    });
    take(snapshot([flag("a")]));
    take(snapshot([], { revision: 2 }));
    assert.deepEqual(told, ["once"]);
  });
});

describe("a listener of all flags", () => {
  it("is told once of all that changed at once, and of dates", () => {
    const { world, it: all, take } = watchers();
    const told: string[] = [];
    all.watchAny(({ flags, revision }) => told.push(`${[...flags].sort().join()} ${revision}`));
    take(snapshot([flag("a"), flag("b", { rules: [after(60_000)] })]));
    take(
      snapshot(
        [flag("c", { prerequisites: [{ flag: "a", variants: ["on"] }] }), flag("b", { rules: [after(60_000)] })],
        { revision: 2 },
      ),
    );
    world.pass(60_001);
    assert.deepEqual(told, ["a,b 1-1", "a,c 1-2", "b 1-2"]);
  });

  it("is told no more after the end", () => {
    const { it: all, told, take } = watchers();
    all.watchAny(() => told.push("any"));
    all.close();
    take(snapshot([flag("a")]));
    assert.deepEqual(told, []);
  });
});
