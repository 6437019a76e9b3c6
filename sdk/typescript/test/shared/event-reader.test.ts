// What a stream's bytes mean, however they are cut.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EventReader, type ServerEvent } from "../../src/shared/event-reader.js";

const bytes = (text: string) => new TextEncoder().encode(text);

function read(...chunks: (string | Uint8Array)[]): ServerEvent[] {
  const reader = new EventReader();
  return chunks.flatMap((chunk) => reader.push(typeof chunk === "string" ? bytes(chunk) : chunk));
}

describe("the reader of server-sent events", () => {
  it("reads what the server sends", () => {
    const text = ': default/development\nretry: 857\n\nid: 1-1\nevent: put\ndata: {"revision":1}\n\n: heartbeat\n\n';
    const reader = new EventReader();
    assert.deepEqual(reader.push(bytes(text)), [{ type: "put", data: '{"revision":1}' }]);
    assert.equal(reader.retryMs, 857);
  });

  it("takes LF, CR and CRLF for the end of a line, also when a chunk ends between CR and LF", () => {
    const expected = [{ type: "a", data: "1\n2" }];
    assert.deepEqual(read("event: a\r\ndata: 1\r\ndata: 2\r\n\r\n"), expected);
    assert.deepEqual(read("event: a\rdata: 1\rdata: 2\r\r"), expected);
    assert.deepEqual(read("event: a\r", "\ndata: 1\r", "\ndata: 2\r", "\n\r", "\n"), expected);
  });

  it("joins lines of data, takes one space after the colon away, and knows a field without a colon", () => {
    assert.deepEqual(read("data:  a\ndata\ndata:b\n\n"), [{ type: "message", data: " a\n\nb" }]);
  });

  it("gives no event without data, and forgets the type of such a one", () => {
    assert.deepEqual(read("event: put\n\ndata: x\n\n"), [{ type: "message", data: "x" }]);
  });

  it("gives no event that the end of the connection cut off", () => {
    assert.deepEqual(read("event: put\ndata: {}\n"), []);
  });

  it("ignores a retry that is no number", () => {
    const reader = new EventReader();
    reader.push(bytes("retry: 1e3\nretry: -1\nretry:\n\n"));
    assert.equal(reader.retryMs, undefined);
  });

  it("throws for bytes that are no UTF-8, and the next connection's reader knows nothing of a cut character", () => {
    const euro = bytes("data: €\n\n");
    const cut = new EventReader();
    assert.deepEqual(cut.push(euro.subarray(0, 8)), []);
    assert.throws(() => cut.push(bytes("data: x\n\n")), TypeError);
    assert.deepEqual(read(euro), [{ type: "message", data: "€" }]);
  });

  it("gives the same events wherever the bytes are cut", () => {
    const whole = bytes("event: put\r\ndata:日本 é\r\n\r\n: x\rdata: 2\r\rdata: 𝄞\ndata:\n\n");
    const expected = read(whole);
    assert.equal(expected.length, 3);
    const cuts = fc.array(fc.integer({ min: 0, max: whole.length }));
    fc.assert(
      fc.property(cuts, (places) => {
        const borders = [0, ...places.sort((a, b) => a - b), whole.length];
        const chunks = borders.slice(1).map((end, index) => whole.subarray(borders[index], end));
        assert.deepEqual(read(...chunks), expected);
      }),
    );
  });

  it("reads an event of some megabytes in small chunks without searching the old ones again", () => {
    const large = bytes(`data: ${"x".repeat(8_000_000)}\n\n`);
    const reader = new EventReader();
    const events: ServerEvent[] = [];
    for (let at = 0; at < large.length; at += 1_000) events.push(...reader.push(large.subarray(at, at + 1_000)));
    assert.equal(events[0]?.data.length, 8_000_000);
  });

  it("refuses an event beyond all measure, in one line or in many, and none after small ones", () => {
    for (const chunk of ["data: 23456789\n", "data: 23456789"]) {
      const reader = new EventReader(100);
      for (let n = 0; n < 100; n += 1) reader.push(bytes("data: 23456789\n\n"));
      assert.throws(() => {
        for (let n = 0; n < 15; n += 1) reader.push(bytes(chunk));
      }, RangeError);
    }
  });
});
