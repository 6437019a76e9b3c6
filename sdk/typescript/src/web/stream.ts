/**
 * One connection of the client stream, from its opening to its end: reads events, notices silence, tells how it ended.
 * Must not open another one, and never rejects.
 */
import { retryAfterMs } from "../shared/backoff.js";
import { EventReader } from "../shared/event-reader.js";
import type { JsonObject } from "../engine/evaluation.js";
import type { Clock } from "./clock.js";
import { post, type Wire } from "./http.js";
import { readPatch, readPut, Unreadable, type Bootstrap, type Patch } from "./results.js";

/** How a connection ended. */
export interface End {
  /** What went wrong; absent when the server said when to come back, or just ended it. */
  readonly error?: string;
  /** The answer's status, when there was one. */
  readonly status?: number;
  /** Milliseconds to wait, as the server asked: at least, after an error. */
  readonly after: number | undefined;
}

/** What is told while it lives. */
export interface StreamEvents {
  /** Bytes came. */
  readonly heard: () => void;
  /** No byte for `streamWaitMs`: a proxy may hold them back. */
  readonly heldBack: () => void;
  readonly put: (put: Bootstrap) => void;
  /** Throws `Unreadable` when there is a gap. */
  readonly patch: (patch: Patch) => void;
}

/** What a connection is held to. */
export interface StreamLimits {
  readonly clock: Clock;
  readonly streamWaitMs: number;
  readonly readTimeoutMs: number;
}

const PATH = "/api/v1/sdk/client-stream";

class Connection {
  readonly #reader = new EventReader();
  readonly #abort = new AbortController();
  #silence: unknown;
  #error = "no connection";
  #after: number | undefined;
  #hasBegun = false;
  #isOver = false;

  constructor(
    private readonly limits: StreamLimits,
    private readonly on: StreamEvents,
  ) {}

  async run(wire: Wire, context: JsonObject, signal: AbortSignal): Promise<End> {
    const { clock, streamWaitMs } = this.limits;
    const stop = (): void => {
      this.#abort.abort();
    };
    signal.addEventListener("abort", stop, { signal: this.#abort.signal });
    const held = clock.setTimeout(this.on.heldBack, streamWaitMs);
    this.#listenOn();
    try {
      const answer = await post(wire, PATH, JSON.stringify({ context }), this.#abort.signal);
      const { status, headers, body } = answer;
      if (status !== 200 || !body || !headers.get("content-type")?.startsWith("text/event-stream")) {
        const after = retryAfterMs(headers.get("retry-after"), clock.now());
        return { error: `no stream, but an answer with ${status}`, status, after };
      }
      return await this.#read(body.getReader(), held);
    } catch (error) {
      return { error: error instanceof Unreadable ? error.message : this.#error, after: undefined };
    } finally {
      clock.clearTimeout(held);
      clock.clearTimeout(this.#silence);
      stop();
    }
  }

  async #read(bytes: ReadableStreamDefaultReader<Uint8Array>, held: unknown): Promise<End> {
    while (!this.#isOver) {
      const { value, done } = await bytes.read();
      if (done) break;
      this.limits.clock.clearTimeout(held);
      this.#listenOn();
      this.on.heard();
      for (const { type, data } of this.#reader.push(value)) this.#take(type, data);
    }
    const after = this.#after ?? this.#reader.retryMs;
    // A server that has nothing to say would be asked again and again.
    return this.#hasBegun || this.#isOver ? { after } : { error: "the stream ended at once", after };
  }

  #take(type: string, data: string): void {
    const json = parse(data);
    if (type === "put") {
      this.on.put(readPut(json));
      this.#hasBegun = true;
    } else if (type === "patch") this.on.patch(readPatch(json));
    else if (type === "goodbye") {
      this.#isOver = true;
      const { reconnectAfterMs } = json as { reconnectAfterMs?: unknown };
      if (typeof reconnectAfterMs === "number") this.#after = reconnectAfterMs;
    }
  }

  /** A connection that is silent for too long is dead, however open it looks. */
  #listenOn(): void {
    const { clock, readTimeoutMs } = this.limits;
    clock.clearTimeout(this.#silence);
    this.#silence = clock.setTimeout(() => {
      this.#error = "the stream fell silent";
      this.#abort.abort();
    }, readTimeoutMs);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Unreadable("an event that cannot be read");
  }
}

/** Listens until the connection ends, or the signal ends it. */
export function listen(
  wire: Wire,
  context: JsonObject,
  limits: StreamLimits,
  on: StreamEvents,
  signal: AbortSignal,
): Promise<End> {
  return new Connection(limits, on).run(wire, context, signal);
}
