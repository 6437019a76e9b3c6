/**
 * Keeps the results of one context coming: by a stream, opened again whenever it ends, and by polling while a stream
 * gives nothing. Must not hold results, and must not hold more than one stream.
 */
import { LONGEST_PAUSE_MS, type Backoff } from "../shared/backoff.js";
import type { JsonObject } from "../engine/evaluation.js";
import { backoffOf, sleep, type BackoffLimits } from "./clock.js";
import type { Wire } from "./http.js";
import { poll, type PollLimits } from "./poll.js";
import type { Bootstrap, Entries, Patch } from "./results.js";
import { listen, type End, type StreamEvents, type StreamLimits } from "./stream.js";

/** The server does not speak. */
export interface Loss {
  readonly error: string;
  /** The key is bad. */
  readonly isRefused: boolean;
  /** When it was heard last, in epoch milliseconds; 0 for never. */
  readonly heardAt: number;
}

/** What a feed tells. */
export interface FeedEvents {
  put(put: Bootstrap): void;
  /** Throws when the change does not begin where the results stand. */
  patch(patch: Patch): void;
  /** All entries, from an answer that does not tell where it stands. */
  polled(entries: Entries): void;
  /** The server speaks: what it said last is in force. */
  alive(): void;
  lost(loss: Loss): void;
  /** Where the results stand, for a node that is behind. */
  position(): string | undefined;
}

/** What a feed is held to. */
export type FeedLimits = StreamLimits & PollLimits & BackoffLimits;

/** A server that asks to come back at once, again and again, would be called all the time. */
const SHORTEST_PAUSE_MS = 100;

/** Brings the results of one context at a time. */
export class Feed implements StreamEvents {
  readonly #wire: Wire;
  readonly #limits: FeedLimits;
  #context: JsonObject = {};
  readonly #on: FeedEvents;
  readonly #backoff: Backoff;
  #run: AbortController | undefined;
  #polls: AbortController | undefined;
  #nap: AbortController | undefined;
  /** Whether the last poll succeeded, and no stream has taken over. */
  #isPolled = false;
  /** When a connection was opened, or said something last; 0 while none is open. */
  #aliveAt = 0;
  #openedAt = 0;
  #heardAt = 0;
  /** The server asked to be left alone until then: no pause is cut short before, whoever wants to hear. */
  #patientUntil = 0;

  constructor(wire: Wire, limits: FeedLimits, on: FeedEvents) {
    this.#wire = wire;
    this.#limits = limits;
    this.#on = on;
    this.#backoff = backoffOf(limits);
  }

  /**
   * Listens from now on. A pause between two attempts ends, unless the server asked for patience; a connection that was
   * silent for too long, because the machine slept, is given up.
   */
  start(): void {
    const now = this.#limits.clock.now();
    if (this.#aliveAt && now - this.#aliveAt > this.#limits.readTimeoutMs) this.stop();
    if (!this.#run) void this.#follow((this.#run = new AbortController()).signal);
    else if (now >= this.#patientUntil) this.#nap?.abort();
  }

  /** Brings the results of another context, from the next start on. It must have been stopped. */
  turnTo(context: JsonObject): void {
    this.#context = context;
  }

  /** Ends every connection. Nothing is told until the next start. */
  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#nap?.abort();
    this.#aliveAt = 0;
    this.#stopPolling();
    this.#isPolled = false;
  }

  /** @internal */
  heard(): void {
    this.#aliveAt = this.#heardAt = this.#limits.clock.now();
    this.#backoff.worked(this.#heardAt);
    this.#stopPolling();
  }

  /** @internal */
  heldBack(): void {
    if (this.#polls) return;
    const [wire, limits, context, on] = [this.#wire, this.#limits, this.#context, this.#on];
    const answered = (entries: Entries | undefined): void => {
      this.#isPolled = true;
      this.#heardAt = limits.clock.now();
      this.#bring(() => {
        if (entries) on.polled(entries);
      });
    };
    const failed = (error: string, status?: number): void => {
      this.#isPolled = false;
      this.#lost(error, status);
    };
    this.#polls = new AbortController();
    void poll(wire, limits, context, { answered, failed, position: () => on.position() }, this.#polls.signal);
  }

  /** @internal */
  put(put: Bootstrap): void {
    this.#isPolled = false;
    this.#bring(() => {
      this.#on.put(put);
    });
  }

  /** @internal */
  patch(patch: Patch): void {
    this.#on.patch(patch);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const [wire, limits, context] = [this.#wire, this.#limits, this.#context];
    const isOn = (): boolean => !signal.aborted;
    const patience = this.#patientUntil - limits.clock.now();
    if (patience > 0) await this.#sleep(patience);
    while (isOn()) {
      this.#aliveAt = this.#openedAt = limits.clock.now();
      const end = await listen(wire, context, limits, this, signal);
      if (!isOn()) return;
      this.#aliveAt = 0;
      const pause = this.#pauseAfter(end, signal);
      if (isOn()) await this.#sleep(pause);
    }
  }

  async #sleep(ms: number): Promise<void> {
    this.#nap = new AbortController();
    await sleep(this.#limits.clock, ms, this.#nap.signal);
  }

  /** How long to wait before the next attempt. Whoever is told of the end may stop the run. */
  #pauseAfter({ error, status, after = 0 }: End, signal: AbortSignal): number {
    const { clock, backoffMaxMs, readTimeoutMs } = this.#limits;
    const now = (this.#patientUntil = clock.now());
    if (error === undefined) {
      this.#backoff.ended(now);
      const pause = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, after));
      if (pause > readTimeoutMs) this.#lost("sent away", status);
      return pause;
    }
    const asked = isRefusal(status) ? backoffMaxMs : after;
    this.#patientUntil += asked;
    if (isRefusal(status)) this.#stopPolling();
    if (!this.#polls) this.#isPolled = false;
    if (!this.#isPolled) this.#lost(error, status);
    // It never lived: a proxy may let answers through that end.
    if (this.#heardAt < this.#openedAt && !isRefusal(status) && !signal.aborted) this.heldBack();
    return this.#backoff.failed(now, asked);
  }

  /** Tells of news; and that the server speaks, unless whoever was told has had enough, or wants another context's. */
  #bring(news: () => void): void {
    const run = this.#run;
    news();
    if (this.#run === run) this.#on.alive();
  }

  #lost(error: string, status: number | undefined): void {
    this.#on.lost({ error, isRefused: isRefusal(status), heardAt: this.#heardAt });
  }

  #stopPolling(): void {
    this.#polls?.abort();
    this.#polls = undefined;
  }
}

/** The key is bad. */
const isRefusal = (status: number | undefined): boolean => status === 401 || status === 403;
