/**
 * One stream, from its opening to its end: reads events, notices silence, tells how it ended. Never rejects. Must not
 * open another one.
 */
import { retryAfterMs } from "../shared/backoff.js";
import { EventReader, type ServerEvent } from "../shared/event-reader.js";
import { reasonOf, send, type Answer } from "./http.js";
import { Watchdog } from "./watchdog.js";
import { callTo, type Wire } from "./wire.js";

/** What is told while the stream lives. */
export interface StreamEvents {
  /** There is no byte yet: a proxy may hold it back. */
  readonly heldBack: () => void;
  /** Bytes came. */
  readonly heard: () => void;
  /** An event came. What is wrong with it, when it cannot be used: then the stream is of no use any more. */
  readonly event: (event: ServerEvent) => string | undefined;
}

export interface StreamLimits {
  /** How long it may give no byte before it counts as held back. */
  readonly streamWaitMs: number;
  /** How long it may be silent before it counts as dead. */
  readonly readTimeoutMs: number;
}

export type Ending =
  /** The server said goodbye, or just ended it after it had said something; `afterMs` is when it wants us back. */
  | { readonly how: "planned"; readonly afterMs: number | undefined }
  /** An event could not be used: what is held may be behind. */
  | { readonly how: "unusable"; readonly reason: string }
  /** The key is bad. */
  | { readonly how: "denied"; readonly status: number }
  /** It broke after it had lived. */
  | { readonly how: "broken"; readonly reason: string }
  /** It never lived: there was no answer, no stream, or a proxy held it back to the end. */
  | { readonly how: "refused"; readonly reason: string; readonly atLeastMs: number };

/** Listens until the stream ends. */
export async function listen(
  wire: Wire,
  request: { path: string; lastEventId: string | undefined; signal: AbortSignal },
  limits: StreamLimits,
  events: StreamEvents,
): Promise<Ending> {
  let calm: () => void = () => undefined;
  const patient: StreamEvents = {
    heldBack: events.heldBack,
    heard() {
      calm();
      events.heard();
    },
    event: events.event,
  };
  const { path, lastEventId, signal } = request;
  const call = callTo(wire, path, {
    headers: { accept: "text/event-stream", ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
    answerTimeoutMs: limits.readTimeoutMs,
    signal,
    sent() {
      calm = wire.world.after(limits.streamWaitMs, events.heldBack);
    },
  });
  try {
    return await judge(await send(call, wire.world), wire, limits, patient);
  } catch (error) {
    return { how: "refused", reason: reasonOf(error), atLeastMs: 0 };
  } finally {
    calm();
  }
}

function judge(answer: Answer, wire: Wire, limits: StreamLimits, events: StreamEvents): Promise<Ending> | Ending {
  const { status } = answer;
  const isStream = answer.headers["content-type"]?.startsWith("text/event-stream") === true;
  if (status === 200 && isStream) return new Connection(answer, wire, limits, events).run();
  answer.body.destroy();
  if (status === 401 || status === 403) return { how: "denied", status };
  const atLeastMs = retryAfterMs(answer.headers["retry-after"], wire.world.nowMs());
  const reason = status === 200 ? "the answer is no stream" : `the stream is answered with ${status}`;
  return { how: "refused", reason, atLeastMs };
}

class Connection {
  readonly #reader = new EventReader();
  #lived = false;
  #settle: (ending: Ending) => void = () => undefined;

  constructor(
    private readonly answer: Answer,
    private readonly wire: Wire,
    private readonly limits: StreamLimits,
    private readonly events: StreamEvents,
  ) {}

  async run(): Promise<Ending> {
    const { body } = this.answer;
    const watchdog = new Watchdog(this.wire.world, this.limits.readTimeoutMs, () => {
      this.#fail(this.#lived ? "the stream fell silent" : "the stream gives nothing");
    });
    const ending = new Promise<Ending>((resolve) => (this.#settle = resolve));
    body.on("data", (chunk: Buffer) => {
      this.#lived = true;
      watchdog.feed();
      this.#read(chunk);
    });
    body.on("end", () => {
      if (this.#lived) this.#settle({ how: "planned", afterMs: this.#reader.retryMs });
      else this.#fail("the stream ended at once");
    });
    body.on("error", (error) => {
      this.#fail(reasonOf(error));
    });
    body.on("close", () => {
      this.#fail("the connection was closed");
    });
    try {
      return await ending;
    } finally {
      watchdog.end();
      body.destroy();
    }
  }

  #fail(reason: string): void {
    this.#settle(this.#lived ? { how: "broken", reason } : { how: "refused", reason, atLeastMs: 0 });
  }

  #read(chunk: Buffer): void {
    this.events.heard();
    let events: ServerEvent[];
    try {
      events = this.#reader.push(chunk);
    } catch {
      this.#settle({ how: "unusable", reason: "the stream cannot be read" });
      this.answer.body.destroy();
      return;
    }
    for (const event of events) {
      if (event.type === "goodbye") {
        this.#settle({ how: "planned", afterMs: pauseOf(event.data) ?? this.#reader.retryMs });
      } else {
        const reason = this.events.event(event);
        if (reason === undefined) continue;
        this.#settle({ how: "unusable", reason });
      }
      this.answer.body.destroy();
      return;
    }
  }
}

function pauseOf(goodbye: string): number | undefined {
  try {
    const { reconnectAfterMs } = JSON.parse(goodbye) as { reconnectAfterMs?: unknown };
    return typeof reconnectAfterMs === "number" && reconnectAfterMs >= 0 ? reconnectAfterMs : undefined;
  } catch {
    return undefined;
  }
}
