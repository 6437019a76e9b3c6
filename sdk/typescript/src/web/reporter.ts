/**
 * Sends what the server counts: evaluations, exposures, measurements. Must not say who or where the user is beyond the
 * unit that an exposure or a measurement counts, and must not keep a page from closing.
 */
import { isObject, own } from "../engine/context.js";
import type { JsonObject, Track } from "../engine/evaluation.js";
import { retryAfterMs, type Backoff } from "../shared/backoff.js";
import { EventBuffer, outcomeOf, type Outcome } from "../shared/event-buffer.js";
import { around, backoffOf, sleep, type BackoffLimits, type Clock } from "./clock.js";
import type { Details } from "./details.js";
import { inTime, post, type Wire } from "./http.js";

/** What sending is held to. */
export interface ReporterLimits extends BackoffLimits {
  readonly flushIntervalMs: number;
}

const PATH = "/api/v1/sdk/events";
/** Bytes of a batch: what outlives its page may have 64 KiB, headers and other senders of the page included. */
const BATCH_BYTES = 48 * 1024;
/** How long a flush or the end may wait for an answer, so that all of it takes less than a second. */
const END_MS = 800;

/** What a name or a JSON pointer leads to. */
function attribute(context: JsonObject, reference: string): unknown {
  if (!reference.startsWith("/")) return reference.startsWith("$") ? undefined : own(context, reference);
  let value: unknown = context;
  for (const token of reference.slice(1).split("/")) {
    value = isObject(value) ? own(value, token.replaceAll("~1", "/").replaceAll("~0", "~")) : undefined;
  }
  return value;
}

/**
 * Whom an exposure or a measurement counts: the first attribute that yields a unit, of a context that `plain` has read.
 * The server evaluates without the attributes that begin with `$`.
 */
export function unitOf(by: readonly string[], context: JsonObject): string | undefined {
  for (const reference of by) {
    const value = attribute(context, reference);
    if ((typeof value === "string" && value !== "") || Number.isSafeInteger(value)) return String(value);
  }
  return undefined;
}

/** 16 random hex digits. */
export function randomId(clock: Clock): string {
  const digit = (): string => Math.floor(clock.random() * 16).toString(16);
  return Array.from({ length: 16 }, digit).join("");
}

/** What is kept of one tab, and its way to the server. */
export class Reporter {
  readonly #wire: Wire;
  readonly #limits: ReporterLimits;
  readonly #buffer: EventBuffer;
  readonly #backoff: Backoff;
  #cancel: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  /** The last batch waits to be sent again. */
  #isLater = false;
  /** The server wants to be left alone until then. */
  #quietUntil = 0;
  #isClosed = false;

  constructor(wire: Wire, limits: ReporterLimits) {
    this.#wire = wire;
    this.#limits = limits;
    const { clock } = limits;
    this.#buffer = new EventBuffer(`web-${randomId(clock)}`, randomId(clock), clock.now(), BATCH_BYTES);
    this.#backoff = backoffOf(limits);
  }

  /** Counts an evaluation, and notes whom it exposed to a run. */
  evaluated(details: Details<unknown>, track: Track | undefined, context: JsonObject): void {
    const { flagKey, variant, reason, errorCode } = details;
    // Whatever a caller asks for: what is no key is counted by nobody.
    if (typeof (flagKey as unknown) !== "string") return;
    this.#buffer.count(flagKey, variant, reason, errorCode);
    const unit = track && variant !== undefined ? unitOf(track.by, context) : undefined;
    if (track && unit !== undefined) {
      this.#buffer.exposure(this.#limits.clock.now(), flagKey, variant, { ...track, unit });
    }
    this.#soon();
  }

  /** Notes a measurement of a unit. */
  measured(metric: string, unit: string, value: number): void {
    this.#buffer.track(this.#limits.clock.now(), metric, unit, value);
    this.#soon();
  }

  /** Sends what is kept now; ends when it has been sent, or could not be, within a second. What is under way goes first. */
  async flush(): Promise<void> {
    const done = new AbortController();
    const send = async (): Promise<void> => {
      if (this.#sending) await this.#sending;
      await this.#send();
      done.abort();
    };
    void send();
    await sleep(this.#limits.clock, END_MS, done.signal);
  }

  /** As `flush`, for the last time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#stopWaiting();
  }

  /** What is kept leaves after the interval, or at once when there is much of it. */
  #soon(): void {
    if (this.#buffer.halfFull && !this.#isLater) void this.#send();
    if (!this.#cancel) this.#wait(around(this.#limits.flushIntervalMs, this.#limits.clock));
  }

  #wait(forMs: number): void {
    this.#stopWaiting();
    if (this.#isClosed) return;
    this.#cancel = this.#limits.clock.after(forMs, () => {
      this.#cancel = undefined;
      void this.#send();
    });
  }

  #stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#buffer.pending) this.#soon();
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { clock } = this.#limits;
    // What is counted meanwhile waits for its turn: a busy page must not send all the time.
    do {
      const isDue = this.#buffer.pending && clock.now() >= this.#quietUntil;
      const batch = isDue ? this.#buffer.next(clock.now()) : undefined;
      if (!batch) return;
      this.#stopWaiting();
      const outcome = await this.#post(batch.body);
      if (outcome === "later") return;
      this.#buffer.settle(outcome);
    } while (this.#buffer.more);
  }

  async #post(body: string): Promise<Outcome> {
    const { clock } = this.#limits;
    // Other senders of the page may have taken what browsers carry beyond its end: then without.
    const extra = { keepalive: !this.#isLater };
    const answer = await inTime(clock, undefined, (end) => post(this.#wire, PATH, body, end, extra));
    const [outcome, now] = [outcomeOf(answer?.status), clock.now()];
    this.#isLater = outcome === "later";
    if (this.#isLater) {
      const after = retryAfterMs(answer?.headers.get("retry-after"), now);
      this.#quietUntil = now + after;
      this.#wait(this.#backoff.failed(now, after));
    } else this.#backoff.worked(now);
    return outcome;
  }
}
