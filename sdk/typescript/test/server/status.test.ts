/** What the client says of itself, and the lines of an outage. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Held } from "../../src/server/held.js";
import { StatusBoard } from "../../src/server/status.js";
import { keeper, snapshot } from "./documents.js";
import { FakeWorld } from "./fake-world.js";

function board(configured = true) {
  const world = new FakeWorld(1_000);
  const held = new Held(() => undefined);
  const { lines, logger } = keeper();
  const status = new StatusBoard(held, world, logger, configured);
  const states: string[] = [];
  status.listen(({ state }) => states.push(state));
  const hold = (): void => {
    held.put(JSON.stringify(snapshot([])), "stream");
  };
  return { world, status, states, lines, hold };
}

describe("the status", () => {
  it("is unconfigured without an address or a key, else starting", () => {
    assert.equal(board(false).status.get().state, "unconfigured");
    assert.equal(board().status.get().state, "starting");
  });

  it("is unconfigured without an address or a key, whatever is held, since nothing will be heard", () => {
    const { status, states, hold } = board(false);
    hold();
    status.update();
    const { state, staleSince } = status.get();
    assert.deepEqual([state, staleSince, states], ["unconfigured", undefined, []]);
  });

  it("is ready when the server is heard and something is held, and stale since it was heard last", () => {
    const { world, status, states, hold } = board();
    hold();
    status.heard();
    assert.deepEqual(status.get(), {
      state: "ready",
      revision: "1-1",
      source: "stream",
      staleSince: undefined,
      lastError: undefined,
    });
    world.now = 5_000;
    status.heard();
    world.now = 9_000;
    status.lost("ECONNRESET");
    assert.deepEqual(status.get(), {
      state: "stale",
      revision: "1-1",
      source: "stream",
      staleSince: new Date(5_000),
      lastError: "ECONNRESET",
    });
    status.heard();
    assert.equal(status.get().lastError, undefined);
    assert.deepEqual(states, ["ready", "stale", "ready"]);
  });

  it("is stale since the start when what is held came from elsewhere", () => {
    const { status, hold } = board();
    hold();
    status.update();
    assert.deepEqual([status.get().state, status.get().staleSince], ["stale", new Date(1_000)]);
  });

  it("tells each change of the state once, also when a listener throws, until it is told to stop", () => {
    const { status, states, lines, hold } = board();
    const end = status.listen(() => {
      throw new Error("theirs");
    });
    hold();
    status.heard();
    status.heard();
    assert.deepEqual([states, lines.length], [["ready"], 1]);
    end();
    status.close();
    assert.deepEqual([states, lines.length], [["ready", "closed"], 1]);
  });

  it("says so when a listener's promise is rejected, and goes on", async () => {
    const { status, states, lines, hold } = board();
    status.listen(() => Promise.reject(new Error("theirs")));
    hold();
    status.heard();
    await new Promise(setImmediate);
    assert.deepEqual([states, lines], [["ready"], ["a listener of the status threw"]]);
  });

  it("is closed for ever once it is closed", () => {
    const { status, hold } = board();
    status.close();
    hold();
    status.heard();
    assert.equal(status.get().state, "closed");
  });

  it("makes two lines of an outage, however often it is told", () => {
    const { status, lines, hold } = board();
    hold();
    status.heard();
    for (let n = 0; n < 5; n += 1) status.lost("ECONNREFUSED");
    status.heard();
    status.heard();
    assert.deepEqual(lines, [
      "the server is not heard: ECONNREFUSED; what is held is served meanwhile",
      "the server is heard again",
    ]);
  });

  it("says nothing of what the log has been told already", () => {
    const { status, lines } = board();
    status.lost("the key is refused", { said: true });
    status.lost("ECONNREFUSED");
    assert.deepEqual([lines, status.get().lastError], [[], "ECONNREFUSED"]);
  });
});
