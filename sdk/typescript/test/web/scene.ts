// A page without a browser: a clock that tests turn, a network on which each request waits for its answer, a page that is
// hidden and shown, and a store that can be full.
import assert from "node:assert/strict";
import {
  createClient,
  type Bootstrap,
  type Client,
  type Clock,
  type Options,
  type PageEvents,
} from "../../src/web/index.js";

export const START = Date.parse("2026-11-25T13:00:00.000Z");
export const STREAM = "/api/v1/sdk/client-stream";
export const BULK = "/ofrep/v1/evaluate/flags";
export const EVENTS = "/api/v1/sdk/events";

/** Lets everything happen that needs no time to pass. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeClock implements Clock {
  /** What `random` gives. */
  chance = 0.5;
  #now = START;
  #timers = new Set<{ at: number; act: () => void }>();

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass; timers fire one after another, each at its time. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].sort((one, other) => one.at - other.at)[0];
      if (due === undefined || due.at > until) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.act();
      await settle();
    }
    this.#now = until;
  }

  /** As when a machine sleeps: time has passed, and no timer has seen it. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) timer.at += ms;
  }

  get waiting(): number {
    return this.#timers.size;
  }
}

/** A request that was sent, and waits for its answer. */
export class Sent {
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  #resolve: (answer: Response) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  readonly answered: Promise<Response>;

  constructor(
    url: string,
    readonly init: RequestInit,
  ) {
    this.url = new URL(url);
    this.headers = new Headers(init.headers);
    this.body = JSON.parse(init.body as string) as Record<string, unknown>;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      init.signal?.addEventListener("abort", () => {
        reject(new DOMException("aborted", "AbortError"));
      });
    });
  }

  get isAborted(): boolean {
    return this.init.signal?.aborted ?? false;
  }

  /** No answer: the network is down. */
  async fail(): Promise<void> {
    this.#reject(new TypeError("failed to fetch"));
    await settle();
  }

  async answer(status: number, body: unknown = {}, headers: Record<string, string> = {}): Promise<void> {
    const text = status === 304 ? null : JSON.stringify(body);
    this.#resolve(new Response(text, { status, headers: { "content-type": "application/json", ...headers } }));
    await settle();
  }

  /** Answers with an event stream. */
  async stream(): Promise<Pipe> {
    const pipe = new Pipe(this.init.signal);
    this.#resolve(new Response(pipe.bytes, { headers: { "content-type": "text/event-stream" } }));
    await settle();
    return pipe;
  }
}

/** The server's end of a stream. */
export class Pipe {
  readonly bytes: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  isAborted = false;

  constructor(signal: AbortSignal | null | undefined) {
    this.bytes = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    signal?.addEventListener("abort", () => {
      this.isAborted = true;
      try {
        this.#controller?.error(new DOMException("aborted", "AbortError"));
      } catch {
        // It has ended already.
      }
    });
  }

  async send(text: string): Promise<void> {
    await this.#push(new TextEncoder().encode(text));
  }

  async byte(byte: number): Promise<void> {
    await this.#push(Uint8Array.of(byte));
  }

  async #push(bytes: Uint8Array): Promise<void> {
    if (!this.isAborted) this.#controller?.enqueue(bytes);
    await settle();
  }

  async event(type: string, data: unknown): Promise<void> {
    await this.send(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async end(): Promise<void> {
    this.#controller?.close();
    await settle();
  }

  async break(): Promise<void> {
    this.#controller?.error(new TypeError("network error"));
    await settle();
  }
}

export class FakeNetwork {
  readonly sent: Sent[] = [];
  #seen = 0;

  readonly fetch = ((url: string, init: RequestInit) => {
    const sent = new Sent(url, init);
    this.sent.push(sent);
    return sent.answered;
  }) as typeof fetch;

  to(path: string): Sent[] {
    return this.sent.filter(({ url }) => url.pathname === path);
  }

  /** The next request that nobody has looked at, which must go to this path. */
  next(path: string): Sent {
    const sent = this.sent[this.#seen];
    assert.equal(sent?.url.pathname, path);
    this.#seen += 1;
    return sent;
  }

  get unseen(): string[] {
    return this.sent.slice(this.#seen).map(({ url }) => url.pathname);
  }
}

/** A page that a test covers and shows. */
export class FakePage {
  hidden = false;
  #on: PageEvents | undefined;

  isHidden(): boolean {
    return this.hidden;
  }

  watch(on: PageEvents): () => void {
    this.#on = on;
    return () => {
      this.#on = undefined;
    };
  }

  async hide(): Promise<void> {
    this.hidden = true;
    this.#on?.hidden();
    await settle();
  }

  async leave(): Promise<void> {
    this.hidden = true;
    this.#on?.left();
    await settle();
  }

  async show(): Promise<void> {
    this.hidden = false;
    this.#on?.shown();
    await settle();
  }

  get isWatched(): boolean {
    return this.#on !== undefined;
  }
}

/** A store of so many characters. */
export class FakeStore {
  readonly items = new Map<string, string>();

  constructor(public room = Infinity) {}

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, text: string): void {
    const others = [...this.items].reduce((sum, [key, value]) => (key === name ? sum : sum + value.length), 0);
    if (others + text.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.items.set(name, text);
  }

  removeItem(name: string): void {
    this.items.delete(name);
  }
}

type Entries = Bootstrap["flags"];

export const on = { key: "flip", value: true, variant: "on", reason: "STATIC", metadata: {} } as const;
export const off = { key: "flip", value: false, variant: "off", reason: "DISABLED", metadata: {} } as const;

export const put = (revision: number, flags: Entries = { flip: off }): Bootstrap => ({ epoch: 7, revision, flags });

/** Everything a client needs, held by the test. */
export class Scene {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly page = new FakePage();
  readonly log: string[] = [];

  /** Options of a client that lives in this scene. */
  options(options: Options = {}): Options {
    const line =
      (level: string) =>
      (message: string): void => {
        this.log.push(`${level} ${message}`);
      };
    return {
      url: "https://flags.example",
      key: "pnn_cli_key",
      cache: false,
      events: false,
      clock: this.clock,
      page: this.page,
      fetch: this.network.fetch,
      logger: { error: line("error"), warn: line("warn"), info: line("info") },
      ...options,
    };
  }

  client(options: Options = {}): Client {
    return createClient(this.options({ context: { targetingKey: "u-1" }, ...options }));
  }

  /** The stream that was asked for last, opened, with its first results. */
  async streaming(results: Bootstrap = put(1)): Promise<Pipe> {
    const pipe = await this.network.next(STREAM).stream();
    await pipe.send(": default/development\nretry: 700\n\n");
    await pipe.event("put", results);
    return pipe;
  }
}
