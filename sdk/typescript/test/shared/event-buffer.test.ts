// What is kept for the server, how it is cut into batches, and what is lost.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventBuffer, outcomeOf, type Batch } from "../../src/shared/event-buffer.js";

const START = Date.parse("2026-11-25T13:00:00.000Z");
const heartbeat = { kind: "instance" };

interface Body {
  instanceId: string;
  session: string;
  sequence: number;
  events: { kind: string; evaluations?: { flag: string; count: number }[]; unit?: string }[];
}

const buffer = () => new EventBuffer("i", "8f1c0a4be27d6395", START);

function parsed(batch: Batch | undefined): Body {
  assert.ok(batch);
  return JSON.parse(batch.body) as Body;
}

/** Takes every batch, as a server would that accepts all. */
function drain(kept: EventBuffer): Body[] {
  const bodies: Body[] = [];
  for (let batch = kept.next(START); batch !== undefined; batch = kept.next(START)) {
    bodies.push(parsed(batch));
    kept.settle("accepted");
  }
  return bodies;
}

function exposures(kept: EventBuffer, number: number, unit = (n: number) => `u-${n}`): void {
  for (let n = 0; n < number; n += 1) kept.exposure(START, "f", "on", { run: "r", arm: "a", unit: unit(n) });
}

describe("a batch", () => {
  it("has the form that the server reads", () => {
    const kept = buffer();
    kept.count("f", "on", "SPLIT", undefined);
    kept.count("f", "on", "SPLIT", undefined);
    kept.count("gone", undefined, "ERROR", "FLAG_NOT_FOUND");
    kept.exposure(START + 1, "f", "on", { run: "r", arm: "candidate", unit: "u" });
    kept.track(START + 2, "checkout_error", "u", 1);
    assert.deepEqual(parsed(kept.next(START + 30_000, heartbeat)), {
      instanceId: "i",
      session: "8f1c0a4be27d6395",
      sequence: 1,
      events: [
        { kind: "instance" },
        {
          kind: "summary",
          from: "2026-11-25T13:00:00.000Z",
          to: "2026-11-25T13:00:30.000Z",
          evaluations: [
            { flag: "f", variant: "on", reason: "SPLIT", count: 2 },
            { flag: "gone", reason: "ERROR", errorCode: "FLAG_NOT_FOUND", count: 1 },
          ],
        },
        {
          kind: "exposure",
          at: "2026-11-25T13:00:00.001Z",
          flag: "f",
          variant: "on",
          run: "r",
          arm: "candidate",
          unit: "u",
        },
        { kind: "track", at: "2026-11-25T13:00:00.002Z", metric: "checkout_error", unit: "u", value: 1 },
      ],
    });
  });

  it("is the same until it is settled, whatever comes meanwhile, and the next one has the next number", () => {
    const kept = buffer();
    kept.count("f", "on", "STATIC", undefined);
    const first = kept.next(START, heartbeat);
    kept.count("f", "on", "STATIC", undefined);
    assert.equal(kept.next(START + 1, heartbeat), first);
    kept.settle("accepted");
    assert.equal(kept.next(START + 2, heartbeat)?.sequence, 2);
  });

  it("is a heartbeat when there is nothing else, and is none without one", () => {
    const kept = buffer();
    assert.equal(kept.next(START), undefined);
    assert.equal(kept.pending, false);
    assert.deepEqual(parsed(kept.next(START, heartbeat)).events, [heartbeat]);
  });

  it("holds at most 1 000 events, its heartbeat among them", () => {
    const kept = buffer();
    exposures(kept, 1_500);
    assert.equal(parsed(kept.next(START, heartbeat)).events.length, 1_000);
    kept.settle("accepted");
    assert.equal(parsed(kept.next(START, heartbeat)).events.length, 502);
  });

  it("holds at most 256 KiB, counted in bytes", () => {
    const kept = buffer();
    exposures(kept, 1_000, (n) => `${"日".repeat(300)}${n}`);
    const sizes: number[] = [];
    while (kept.pending) {
      sizes.push(Buffer.byteLength(kept.next(START, heartbeat)?.body ?? ""));
      kept.settle("accepted");
    }
    assert.ok(sizes.length > 3 && Math.max(...sizes) <= 256 * 1024, String(sizes));
  });

  it("is cut in two with new numbers when the server finds it too large", () => {
    const kept = buffer();
    exposures(kept, 5);
    kept.next(START, heartbeat);
    kept.settle("split");
    const bodies = drain(kept);
    assert.deepEqual(
      bodies.map(({ sequence, events }) => [sequence, events.map((event) => event.unit ?? event.kind)]),
      [
        [2, ["instance", "u-0", "u-1"]],
        [3, ["instance", "u-2", "u-3", "u-4"]],
      ],
    );
    assert.equal(kept.dropped.exposures, 0);
  });

  it("is counted as lost when the server will never take it, or when it cannot be cut any more", () => {
    const kept = buffer();
    kept.count("f", "on", "STATIC", undefined);
    kept.count("f", "on", "STATIC", undefined);
    kept.track(START, "m", "u", 1);
    kept.next(START, heartbeat);
    kept.settle("dropped");
    exposures(kept, 1);
    kept.next(START, heartbeat);
    kept.settle("split");
    assert.deepEqual(kept.dropped, { exposures: 1, tracks: 1, evaluations: 2 });
    assert.equal(kept.pending, false);
  });
});

describe("what the server refuses of a batch that it takes", () => {
  it("is counted as lost, by its place in the batch", () => {
    const kept = buffer();
    kept.count("f", "on", "STATIC", undefined);
    kept.count("f", "on", "STATIC", undefined);
    exposures(kept, 2);
    kept.track(START, "m", "u", 1);
    kept.next(START, heartbeat);
    const pieces = kept.settle("accepted");
    kept.lose(pieces.filter((_, place) => [0, 1, 3, 3, 9, -1].includes(place)));
    assert.deepEqual(kept.dropped, { exposures: 1, tracks: 0, evaluations: 2 });
    assert.equal(kept.pending, false);
  });
});

describe("the bounds", () => {
  it("are 2 000 different evaluations, and what is above is counted as lost", () => {
    const kept = buffer();
    for (let n = 0; n < 2_100; n += 1) kept.count(`f-${n}`, undefined, "ERROR", "FLAG_NOT_FOUND");
    kept.count("f-0", undefined, "ERROR", "FLAG_NOT_FOUND");
    kept.count("x".repeat(101), undefined, "ERROR", "FLAG_NOT_FOUND");
    assert.equal(kept.dropped.evaluations, 101);
    const counted = drain(kept).flatMap((body) => body.events.flatMap((event) => event.evaluations ?? []));
    assert.equal(counted.length, 2_000);
    assert.equal(counted[0]?.count, 2);
  });

  it("are 10 000 exposures and as many tracks, and half of either wants to be sent", () => {
    const kept = buffer();
    exposures(kept, 4_999);
    assert.equal(kept.halfFull, false);
    exposures(kept, 5_000);
    assert.equal(kept.halfFull, true);
    exposures(kept, 10_007);
    for (let n = 0; n < 10_003; n += 1) kept.track(START, "m", "u", n);
    assert.deepEqual(kept.dropped, { exposures: 7, tracks: 3, evaluations: 0 });
    const events = drain(kept).flatMap((body) => body.events);
    assert.equal(events.length, 20_000);
    assert.equal(kept.halfFull, false);
  });

  it("are 20 000 units that are remembered: each tells once, until it is forgotten", () => {
    const kept = buffer();
    exposures(kept, 2);
    exposures(kept, 2);
    assert.equal(drain(kept).flatMap((body) => body.events).length, 2);
    for (let n = 2; n <= 20_000; n += 1) {
      kept.exposure(START, "f", "on", { run: "r", arm: "a", unit: `u-${n}` });
      if (kept.halfFull) drain(kept);
    }
    drain(kept);
    exposures(kept, 1);
    assert.equal(drain(kept)[0]?.events[0]?.unit, "u-0");
  });

  it("are 4 096 characters an event", () => {
    const kept = buffer();
    kept.exposure(START, "f", "on", { run: "x".repeat(5_000), unit: "u" });
    assert.equal(kept.dropped.exposures, 1);
    assert.equal(kept.pending, false);
  });

  it("are what the server reads: of what it does not, nothing is in a batch, and it is counted as lost", () => {
    const kept = buffer();
    const wrong = ["", "\ud800", "a\udc00b", "a\nb", "\u0085", "x".repeat(101), "💩".repeat(101)];
    for (const text of wrong) {
      kept.count(text, undefined, "ERROR", "FLAG_NOT_FOUND");
      kept.track(START, text, "u", 1);
      kept.track(START, "m", text.repeat(10), 1);
      kept.exposure(START, "f", "on", { run: "r", unit: text.repeat(10) });
    }
    for (const metric of [undefined, null, 7, {}]) kept.track(START, metric as string, "u", 1);
    assert.equal(kept.pending, false);
    assert.deepEqual(kept.dropped, { exposures: 7, tracks: 18, evaluations: 7 });
  });

  it("are counted in characters, as the server counts them", () => {
    const kept = buffer();
    const name = "💩".repeat(100);
    kept.count(name, undefined, "ERROR", "FLAG_NOT_FOUND");
    kept.track(START, name, name.repeat(10), 1);
    kept.exposure(START, "f", "on", { run: "r", unit: name.repeat(10) });
    assert.deepEqual(kept.dropped, { exposures: 0, tracks: 0, evaluations: 0 });
    assert.equal(drain(kept)[0]?.events.length, 3);
  });

  it("tell arms and runs of one unit apart", () => {
    const kept = buffer();
    kept.exposure(START, "f", "on", { run: "r", arm: "a", unit: "u" });
    kept.exposure(START, "f", "on", { run: "r", arm: "b", unit: "u" });
    kept.exposure(START, "f", "on", { run: "s", unit: "u" });
    assert.equal(drain(kept)[0]?.events.length, 3);
  });
});

describe("an answer", () => {
  it("decides what becomes of the batch", () => {
    const statuses = [200, 413, 400, 401, 403, 422, 404, 429, 500, 503, undefined];
    assert.deepEqual(statuses.map(outcomeOf), [
      "accepted",
      "split",
      ...Array<string>(4).fill("dropped"),
      ...Array<string>(5).fill("later"),
    ]);
  });
});
