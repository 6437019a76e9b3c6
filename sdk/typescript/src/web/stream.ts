/**
 * One connection of the client stream, from its opening to its end: reads events, notices silence, tells how it ended.
 * Must not open another one, and never rejects.
 */
import { retryAfterMs } from "../shared/backoff.js";
import { EventReader } from "../shared/event-reader.js";
import type { JsonObject } from "../engine/evaluation.js";
import type { Clock } from "./clock.js";
import { endWith, post, type Wire } from "./http.js";
import { readResults, type Bootstrap, type Patch } from "./results.js";

/** How a connection ended. */
export interface End {
  /** What went wrong; absent when the server said when to come back, or just ended it. */
  readonly error?: string;
  /** The answer's status, when there was one. */
  readonly status?: number;
  /** Milliseconds to wait, as the server asked: at least, after an error. */
  readonly after?: number | undefined;
}

/** What is told while it lives. */
export interface StreamEvents {
  /** Bytes came. */
  heard(): void;
  /** No byte for `streamWaitMs`: a proxy may hold them back. */
  heldBack(): void;
  put(put: Bootstrap): void;
  /** Throws when there is a gap. */
  patch(patch: Patch): void;
}

/** What a connection is held to. */
export interface StreamLimits {
  readonly clock: Clock;
  readonly streamWaitMs: number;
  readonly readTimeoutMs: number;
}

const PATH = "/api/v1/sdk/client-stream";

const nothing = (): void => undefined;

class Connection {
  readonly #limits: StreamLimits;
  readonly #on: StreamEvents;
  readonly #reader = new EventReader();
  readonly #end: AbortController;
  /** Takes back what happens to a stream that is held back, and to one that is silent. */
  #gotThrough = nothing;
  #speaks = nothing;
  #error = "no connection";
  #after: number | undefined;
  #hasBegun = false;
  #isOver = false;

  constructor(limits: StreamLimits, on: StreamEvents, signal: AbortSignal) {
    this.#limits = limits;
    this.#on = on;
    this.#end = endWith(signal);
  }

  async run(wire: Wire, context: JsonObject): Promise<End> {
    const { clock, streamWaitMs } = this.#limits;
    this.#gotThrough = clock.after(streamWaitMs, () => {
      this.#on.heldBack();
    });
    this.#listenOn();
    try {
      const { status, headers, body } = await post(wire, PATH, JSON.stringify({ context }), this.#end.signal);
      if (status === 200 && body && headers.get("content-type")?.startsWith("text/event-stream")) {
        return await this.#read(body.getReader());
      }
      const after = retryAfterMs(headers.get("retry-after"), clock.now());
      return { error: `the stream was answered with ${status}`, status, after };
    } catch {
      return { error: this.#error };
    } finally {
      this.#gotThrough();
      this.#speaks();
      this.#end.abort();
    }
  }

  async #read(bytes: ReadableStreamDefaultReader<Uint8Array>): Promise<End> {
    while (!this.#isOver) {
      const { value, done } = await bytes.read();
      if (done) break;
      this.#gotThrough();
      this.#listenOn();
      this.#on.heard();
      this.#error = "an event that cannot be used";
      for (const { type, data } of this.#reader.push(value)) {
        // Whoever is told of an event may end the connection, and is told of no further one.
        if (!this.#end.signal.aborted) this.#take(type, data);
      }
      this.#error = "the connection broke";
    }
    const after = this.#after ?? this.#reader.retryMs;
    // A server that has nothing to say would be asked again and again.
    return this.#hasBegun || this.#isOver ? { after } : { error: "the stream ended at once", after };
  }

  /** Words that are not known are passed over, whatever they say. */
  #take(type: string, data: string): void {
    const read = (): Bootstrap => readResults(JSON.parse(data), type);
    if (type === "put") {
      this.#hasBegun = true;
      this.#on.put(read());
    } else if (type === "patch") this.#on.patch(read() as Patch);
    else if (type === "goodbye") {
      this.#isOver = true;
      const after = Number((JSON.parse(data) as { reconnectAfterMs?: unknown } | null)?.reconnectAfterMs);
      if (after >= 0) this.#after = after;
    }
  }

  /** A connection that is silent for too long is dead, however open it looks. */
  #listenOn(): void {
    const { clock, readTimeoutMs } = this.#limits;
    this.#speaks();
    this.#speaks = clock.after(readTimeoutMs, () => {
      this.#error = "the stream fell silent";
      this.#end.abort();
    });
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
  return new Connection(limits, on, signal).run(wire, context);
}
