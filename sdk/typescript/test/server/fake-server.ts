/**
 * A server that answers as a test says, for what a true one cannot be made to do. Without an answer of the test's it
 * holds the stream open with a heartbeat, has no snapshot, and takes every batch.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SnapshotDocument } from "./documents.js";
import { until } from "./until.js";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Reply = (response: ServerResponse, request: IncomingMessage, body: string) => unknown;

/** Begins a stream. */
export function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": hello\nretry: 5\n\n");
  return response;
}

export const event = (type: string, data: unknown): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

/** A stream that begins with a snapshot and stays open. */
export const put =
  (document: SnapshotDocument): Reply =>
  (response) =>
    begin(response).write(event("put", document));

/** An answer with a status. */
export const status =
  (code: number, headers: Record<string, string> = {}, text = ""): Reply =>
  (response) =>
    response.writeHead(code, headers).end(text);

const DEFAULTS: Readonly<Record<string, Reply>> = {
  "/api/v1/sdk/stream": begin,
  "/api/v1/sdk/snapshot": status(503),
  "/api/v1/sdk/events": status(200, { "content-type": "application/json" }, '{"accepted":1,"refused":[]}'),
};

export class FakeServer {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #replies = new Map<string, Reply[]>();
  url = "";

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeServer> {
    const fake = new FakeServer();
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    fake.url = `http://127.0.0.1:${(fake.#server.address() as AddressInfo).port}`;
    return fake;
  }

  /** Replies for a path, one after the other; the last one stays. */
  on(path: string, ...replies: Reply[]): void {
    this.#replies.set(path, replies);
  }

  at(path: string): Seen[] {
    return this.seen.filter((one) => one.path.startsWith(path));
  }

  /** Waits until there were so many requests of a path; them. */
  wait(path: string, count: number): Promise<Seen[]> {
    return until(`${count} requests of ${path}`, () => this.at(path).length >= count && this.at(path));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const { method = "", url: path = "", headers } = request;
    this.seen.push({ method, path, headers, body });
    const name = path.split("?")[0] ?? "";
    const replies = this.#replies.get(name) ?? [];
    const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? DEFAULTS[name] ?? status(404);
    reply(response, request, body);
  }
}
