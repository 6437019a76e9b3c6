/**
 * Sends what the server counts: evaluations, exposures, measurements. Must not say who or where the user is beyond the
 * unit that an exposure or a measurement counts, and must not keep a page from closing.
 */
import { isObject, own } from "../engine/context.js";
import type { JsonObject, Track } from "../engine/evaluation.js";
import { Backoff, retryAfterMs } from "../shared/backoff.js";
import { EventBuffer, outcomeOf, type Outcome } from "../shared/event-buffer.js";
import { sleep, type Clock } from "./clock.js";
import type { Details } from "./details.js";
import { ANSWER_MS, post, type Wire } from "./http.js";
import { spread } from "./poll.js";

/** What sending is held to. */
export interface ReporterLimits {
  readonly clock: Clock;
  readonly random: () => number;
  readonly flushIntervalMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly healthyAfterMs: number;
}

const PATH = "/api/v1/sdk/events";
/** Bytes of a batch: what outlives its page may have 64 KiB, headers and other senders of the page included. */
const BATCH_BYTES = 48 * 1024;
/** A batch that is larger may have left something behind: twice the largest event, a summary of 100 long names. */
const FULL_CHARS = BATCH_BYTES / 2;
/** How long the end may take. */
const CLOSE_MS = 1_000;

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
export function randomId(random: () => number): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return half() + half();
}

/** What is kept of one tab, and its way to the server. */
export class Reporter {
  readonly #buffer: EventBuffer;
  readonly #backoff: Backoff;
  #timer: unknown;
  #sending: Promise<void> | undefined;
  #isLater = false;
  #isClosed = false;

  constructor(
    private readonly wire: Wire,
    private readonly limits: ReporterLimits,
  ) {
    const { clock, random, backoffMinMs: minMs, backoffMaxMs: maxMs, healthyAfterMs } = limits;
    this.#buffer = new EventBuffer(`web-${randomId(random)}`, randomId(random), clock.now(), BATCH_BYTES);
    this.#backoff = new Backoff({ minMs, maxMs, healthyAfterMs, random });
  }

  /** Counts an evaluation, and notes whom it exposed to a run. */
  evaluated(details: Details<unknown>, track: Track | undefined, context: JsonObject): void {
    const { flagKey, variant, reason, errorCode } = details;
    this.#buffer.count(flagKey, variant, reason, errorCode);
    const unit = track && variant !== undefined ? unitOf(track.by, context) : undefined;
    if (track && unit !== undefined) {
      this.#buffer.exposure(this.limits.clock.now(), flagKey, variant, { ...track, unit });
    }
    this.#soon();
  }

  /** Notes a measurement of a unit. */
  measured(metric: string, unit: string, value: number): void {
    this.#buffer.track(this.limits.clock.now(), metric, unit, value);
    this.#soon();
  }

  /** Sends what is kept now; ends when it has been sent, or could not be. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (this.#buffer.pending) this.#soon();
    });
    return this.#sending;
  }

  /** As `flush`, for the last time, within a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const done = new AbortController();
    const sent = this.flush().then(() => {
      done.abort();
    });
    await Promise.race([sent, sleep(this.limits.clock, CLOSE_MS, done.signal)]);
    this.#stopWaiting();
  }

  /** What is kept leaves after the interval, or at once when there is much of it. */
  #soon(): void {
    if (this.#buffer.halfFull && !this.#isLater) void this.flush();
    this.#wait(spread(this.limits.flushIntervalMs, this.limits.random));
  }

  #wait(forMs: number): void {
    if (this.#isClosed) return;
    this.#timer ??= this.limits.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, forMs);
  }

  #stopWaiting(): void {
    this.limits.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #sendAll(): Promise<void> {
    this.#stopWaiting();
    const { clock } = this.limits;
    // What is counted meanwhile waits for its turn: a busy page must not send all the time.
    for (let rounds = 1; rounds > 0; rounds -= 1) {
      const batch = this.#buffer.pending ? this.#buffer.next(clock.now()) : undefined;
      if (!batch) return;
      const outcome = await this.#send(batch.body);
      if (outcome === "later") return;
      this.#buffer.settle(outcome);
      if (outcome === "split") rounds += 2;
      else if (batch.body.length > FULL_CHARS) rounds += 1;
    }
  }

  async #send(body: string): Promise<Outcome> {
    const { clock } = this.limits;
    const abort = new AbortController();
    const timer = clock.setTimeout(() => {
      abort.abort();
    }, ANSWER_MS);
    let [status, after] = [0, 0];
    try {
      // Other senders of the page may have taken what browsers carry beyond its end: then without.
      const answer = await post(this.wire, PATH, body, abort.signal, { keepalive: !this.#isLater });
      status = answer.status;
      after = retryAfterMs(answer.headers.get("retry-after"), clock.now());
    } catch {
      // No answer: later.
    }
    clock.clearTimeout(timer);
    const outcome = outcomeOf(status);
    this.#isLater = outcome === "later";
    if (this.#isLater) this.#wait(this.#backoff.failed(clock.now(), after));
    else this.#backoff.worked(clock.now());
    return outcome;
  }
}
