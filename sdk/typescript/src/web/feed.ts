/**
 * Keeps the results of one context coming: by a stream, opened again whenever it ends, and by polling while a stream
 * gives nothing. Must not hold results, and must not hold more than one stream.
 */
import { Backoff, LONGEST_PAUSE_MS } from "../shared/backoff.js";
import type { JsonObject } from "../engine/evaluation.js";
import { sleep } from "./clock.js";
import type { Wire } from "./http.js";
import { poll, type PollLimits } from "./poll.js";
import type { Bootstrap, Entry, Patch } from "./results.js";
import { listen, type End, type StreamEvents, type StreamLimits } from "./stream.js";

/** What a feed tells. */
export interface FeedEvents {
  readonly put: (put: Bootstrap) => void;
  /** Throws `Unreadable` when the change does not begin where the results stand. */
  readonly patch: (patch: Patch) => void;
  /** All entries, from an answer that does not tell where it stands. */
  readonly polled: (entries: readonly Entry[]) => void;
  /** The server speaks: what it said last is in force. */
  readonly alive: () => void;
  readonly lost: (loss: Loss) => void;
  /** Where the results stand, for a node that is behind. */
  readonly position: () => string | null;
}

/** The server does not speak. */
export interface Loss {
  readonly error: string;
  /** The key is bad. */
  readonly isRefused: boolean;
  /** When it was heard last, in epoch milliseconds; 0 for never. */
  readonly heardAt: number;
}

/** What a feed is held to. */
export interface FeedLimits extends StreamLimits, PollLimits {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly healthyAfterMs: number;
}

/** A server that asks to come back at once, again and again, would be called all the time. */
const SHORTEST_PAUSE_MS = 100;

const isKeyBad = (status: number | undefined): boolean => status === 401 || status === 403;

/** One context's feed. */
export class Feed {
  readonly #backoff: Backoff;
  readonly #events: StreamEvents;
  #run: AbortController | undefined;
  #polls: AbortController | undefined;
  #nap: AbortController | undefined;
  /** Whether the last poll succeeded, and no stream has taken over. */
  #isPolled = false;
  /** When a connection was opened, or said something last; 0 while none is open. */
  #aliveAt = 0;
  #heardAt = 0;
  /** A pause is not cut short before. */
  #patientUntil = 0;

  constructor(
    private readonly wire: Wire,
    private readonly limits: FeedLimits,
    private readonly context: JsonObject,
    private readonly on: FeedEvents,
  ) {
    const { backoffMinMs: minMs, backoffMaxMs: maxMs, healthyAfterMs, random } = limits;
    this.#backoff = new Backoff({ minMs, maxMs, healthyAfterMs, random });
    this.#events = {
      heard: () => {
        this.#heard();
      },
      heldBack: () => {
        this.#startPolling();
      },
      put: (put) => {
        on.put(put);
        this.#isPolled = false;
        on.alive();
      },
      patch: on.patch,
    };
  }

  /**
   * Listens from now on. A pause between two attempts ends, unless the server asked for patience; a connection that was
   * silent for too long, because the machine slept, is given up.
   */
  start(): void {
    const now = this.limits.clock.now();
    if (this.#aliveAt && now - this.#aliveAt > this.limits.readTimeoutMs) this.stop();
    if (!this.#run) void this.#follow((this.#run = new AbortController()).signal);
    else if (now >= this.#patientUntil) this.#nap?.abort();
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

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock } = this.limits;
    const isOn = (): boolean => !signal.aborted;
    while (isOn()) {
      this.#aliveAt = clock.now();
      const end = await listen(this.wire, this.context, this.limits, this.#events, signal);
      if (!isOn()) return;
      this.#aliveAt = 0;
      this.#nap = new AbortController();
      await sleep(clock, this.#pauseAfter(end), this.#nap.signal);
    }
  }

  #heard(): void {
    this.#aliveAt = this.#heardAt = this.limits.clock.now();
    this.#backoff.worked(this.#heardAt);
    this.#stopPolling();
  }

  /** How long to wait before the next attempt. */
  #pauseAfter({ error, status, after }: End): number {
    const { clock, backoffMinMs, backoffMaxMs } = this.limits;
    const now = clock.now();
    this.#patientUntil = now;
    if (error === undefined) {
      this.#backoff.ended(now);
      return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, after ?? backoffMinMs));
    }
    const isRefused = isKeyBad(status);
    const asked = isRefused ? backoffMaxMs : (after ?? 0);
    this.#patientUntil += asked;
    if (isRefused) this.#stopPolling();
    else if (status !== undefined) this.#startPolling();
    if (!this.#polls) this.#isPolled = false;
    if (!this.#isPolled) this.#lost(error, status);
    return this.#backoff.failed(now, asked);
  }

  #startPolling(): void {
    if (this.#polls) return;
    const polls = (this.#polls = new AbortController());
    const { polled, alive, position } = this.on;
    const answered = (entries: readonly Entry[] | undefined): void => {
      this.#isPolled = true;
      this.#heardAt = this.limits.clock.now();
      if (entries) polled(entries);
      alive();
    };
    const failed = (error: string, status: number | undefined): void => {
      this.#isPolled = false;
      this.#lost(error, status);
    };
    void poll(this.wire, this.limits, this.context, { answered, failed, position }, polls.signal);
  }

  #lost(error: string, status: number | undefined): void {
    this.on.lost({ error, isRefused: isKeyBad(status), heardAt: this.#heardAt });
  }

  #stopPolling(): void {
    this.#polls?.abort();
    this.#polls = undefined;
  }
}
