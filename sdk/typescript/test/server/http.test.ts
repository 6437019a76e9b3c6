/** One request: what is followed, what is waited for, and what is read. */
import assert from "node:assert/strict";
import { createServer, Agent as SecureAgent } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { NoAnswer, readText, send, type Call } from "../../src/server/http.js";
import { WORLD } from "../../src/server/world.js";
import { FakeServer, status } from "./fake-server.js";

let server: FakeServer;
beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(() => server.close());

function call(path: string, more: Partial<Call> = {}): Call {
  return {
    method: "GET",
    url: new URL(path, server.url),
    headers: { authorization: "Bearer k" },
    connectTimeoutMs: 5_000,
    answerTimeoutMs: 5_000,
    signal: new AbortController().signal,
    agent: undefined,
    ...more,
  };
}

const get = (path: string, more: Partial<Call> = {}) => send(call(path, more), WORLD);
const text = async (path: string, maxBytes = 1_000_000, silenceMs = 5_000) =>
  readText(await get(path), maxBytes, silenceMs, WORLD);
const because = (message: string | RegExp) => (error: unknown) =>
  error instanceof NoAnswer && (typeof message === "string" ? error.message === message : message.test(error.message));

describe("a request", () => {
  it("carries its headers and gives the answer's head", async () => {
    server.on("/a", status(201, { "x-y": "z" }));
    const answer = await get("/a");
    answer.body.destroy();
    assert.deepEqual([answer.status, answer.headers["x-y"]], [201, "z"]);
    assert.equal(server.seen[0]?.headers.authorization, "Bearer k");
  });

  it("follows a redirect to the same origin, by path or by address, with its key", async () => {
    server.on("/a", status(302, { location: "/b?x=1" }));
    server.on("/b", status(308, { location: `${server.url}/c` }));
    server.on("/c", status(200, {}, "here"));
    assert.equal(await text("/a"), "here");
    assert.deepEqual(
      server.seen.map(({ path, headers }) => [path, headers.authorization]),
      ["/a", "/b?x=1", "/c"].map((path) => [path, "Bearer k"]),
    );
  });

  it("never follows one to another origin, be it another port, another scheme or another name", async () => {
    const other = await FakeServer.start();
    for (const location of [
      `${other.url}/b`,
      server.url.replace("http:", "https:"),
      server.url.replace("127.0.0.1", "localhost"),
    ]) {
      server.on("/a", status(307, { location }));
      await assert.rejects(get("/a"), because(/^a redirect to another origin \(\S+\) is not followed$/));
    }
    assert.deepEqual(other.seen, []);
    await other.close();
  });

  it("gives up a circle of redirects", async () => {
    server.on("/a", status(301, { location: "/a" }));
    await assert.rejects(get("/a"), because("too many redirects"));
    assert.equal(server.seen.length, 6);
  });

  it("follows with a body only where the method is kept", async () => {
    server.on("/a", status(303, { location: "/b" }));
    const answer = await get("/a", { method: "POST", body: "x" });
    answer.body.destroy();
    assert.equal(answer.status, 303);
    server.on("/a", status(307, { location: "/b" }));
    server.on("/b", status(200));
    (await get("/a", { method: "POST", body: "x" })).body.destroy();
    assert.deepEqual(
      server.at("/b").map(({ method, body }) => [method, body]),
      [["POST", "x"]],
    );
  });

  it("gives a redirect that leads nowhere as it is", async () => {
    server.on("/a", status(302));
    server.on("/b", status(302, { location: "http://[" }));
    for (const path of ["/a", "/b"]) {
      const answer = await get(path);
      answer.body.destroy();
      assert.equal(answer.status, 302);
    }
  });

  it("tells the system's reason when there is no server", async () => {
    await assert.rejects(get("/", { url: new URL("http://127.0.0.1:1/") }), because("ECONNREFUSED"));
  });

  it("waits for the answer no longer than it may, counted from when the request is on its way", async () => {
    let sent = 0;
    server.on("/a", () => undefined);
    await assert.rejects(
      get("/a", { answerTimeoutMs: 50, sent: () => (sent += 1) }),
      because("the answer took longer than 50 ms"),
    );
    assert.equal(sent, 1);
  });

  it("ends when it is told to", async () => {
    const stop = new AbortController();
    server.on("/a", () => {
      stop.abort();
    });
    await assert.rejects(get("/a", { signal: stop.signal }), NoAnswer);
  });
});

describe("a body", () => {
  it("is read whole, also compressed", async () => {
    server.on("/a", status(200, {}, "grün"));
    server.on("/b", (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("grün")));
    assert.deepEqual([await text("/a"), await text("/b")], ["grün", "grün"]);
  });

  it("is refused when it is larger than it may be, also once it is decompressed", async () => {
    server.on("/a", status(200, {}, "x".repeat(2_000)));
    server.on("/b", (response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(2_000))),
    );
    for (const path of ["/a", "/b"])
      await assert.rejects(text(path, 1_999), because("the answer is larger than 1999 bytes"));
  });

  it("is refused when it is cut, damaged or no UTF-8", async () => {
    server.on("/cut", (response) => {
      response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
    });
    server.on("/cut-gzip", (response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(2_000)).subarray(0, 20)),
    );
    server.on("/no-gzip", status(200, { "content-encoding": "gzip" }, "text"));
    server.on("/no-text", (response) => response.writeHead(200).end(Buffer.from([0xff, 0xfe])));
    for (const path of ["/cut", "/cut-gzip", "/no-gzip", "/no-text"]) await assert.rejects(text(path), NoAnswer, path);
  });

  it("is given up when it falls silent", async () => {
    server.on("/a", (response) => response.writeHead(200).write("half"));
    await assert.rejects(text("/a", 1_000, 50), because("the answer fell silent"));
  });
});

describe("an agent that is passed in", () => {
  it("makes the connection, here one with TLS", async () => {
    // A key that both sides know takes the place of certificates.
    const psk = Buffer.alloc(32, 7);
    const secure = createServer({ ciphers: "PSK", maxVersion: "TLSv1.2", pskCallback: () => psk }, (_, response) =>
      response.end("secret"),
    );
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    const agent = new SecureAgent({
      ciphers: "PSK",
      maxVersion: "TLSv1.2",
      pskCallback: () => ({ psk, identity: "test" }),
      checkServerIdentity: () => undefined,
    });
    try {
      const url = new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/`);
      assert.equal(await readText(await get("/", { url, agent }), 1_000, 5_000, WORLD), "secret");
    } finally {
      secure.closeAllConnections();
      secure.close();
    }
  });
});
