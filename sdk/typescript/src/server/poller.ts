/**
 * Asks for the snapshot now and then, while no stream tells of changes.
 */
import { retryAfterMs } from "../shared/backoff.js";
import { readText, reasonOf, send, NoAnswer } from "./http.js";
import { callTo, type Wire } from "./wire.js";
import { around } from "./world.js";

/** Bytes of a snapshot: far above any, and below what a string can hold. */
const MAX_SNAPSHOT_BYTES = 2 ** 28;
const PATH = "/api/v1/sdk/snapshot";

export interface Polled {
  /** What we hold, as the server names it. */
  tag(): string | undefined;
  /** A snapshot came. Throws when it cannot be read. */
  put(text: string): void;
  /** The server answered, and what is held is current. */
  heard(): void;
  lost(reason: string): void;
  denied(status: number): void;
}

export interface PollLimits {
  readonly pollIntervalMs: number;
  /** How long an answer may take to begin, and be silent. */
  readonly answerTimeoutMs: number;
  /** The pause after an answer that says that the key is bad. */
  readonly deniedPauseMs: number;
}

export class Poller {
  #stop: AbortController | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly limits: PollLimits,
    private readonly polled: Polled,
  ) {}

  get running(): boolean {
    return this.#stop !== undefined;
  }

  /** Asks after `firstMs`, and then again and again, until it is stopped. */
  start(firstMs: number): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    const round = async (): Promise<void> => {
      const pauseMs = await this.#poll(stop.signal);
      next(pauseMs);
    };
    const next = (ms: number): void => {
      if (stop.signal.aborted) return;
      const cancel = this.wire.world.after(ms, () => {
        stop.signal.removeEventListener("abort", cancel);
        void round();
      });
      stop.signal.addEventListener("abort", cancel);
    };
    next(firstMs);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  /** Asks once; how long to wait before the next time. */
  async #poll(signal: AbortSignal): Promise<number> {
    const { world } = this.wire;
    const { pollIntervalMs, deniedPauseMs } = this.limits;
    const pauseMs = around(pollIntervalMs, world.random());
    try {
      const { status, retryAfter, text } = await this.#ask(signal);
      if (signal.aborted) return 0;
      if (status === 401 || status === 403) {
        this.polled.denied(status);
        return Math.max(pauseMs, deniedPauseMs);
      }
      if (status !== 200 && status !== 304) {
        this.polled.lost(`the snapshot is answered with ${status}`);
        return Math.max(pauseMs, retryAfterMs(retryAfter, world.nowMs()));
      }
      if (text !== undefined) this.polled.put(text);
      this.polled.heard();
    } catch (error) {
      if (!signal.aborted)
        this.polled.lost(error instanceof NoAnswer ? reasonOf(error) : "the snapshot cannot be read");
    }
    return pauseMs;
  }

  async #ask(signal: AbortSignal): Promise<{ status: number; retryAfter: string | undefined; text?: string }> {
    const { answerTimeoutMs } = this.limits;
    const tag = this.polled.tag();
    const headers = {
      accept: "application/json",
      "accept-encoding": "gzip",
      ...(tag === undefined ? {} : { "if-none-match": `"${tag}"` }),
    };
    const answer = await send(callTo(this.wire, PATH, { headers, signal, answerTimeoutMs }), this.wire.world);
    const { status } = answer;
    const retryAfter = answer.headers["retry-after"];
    if (status === 200) {
      return { status, retryAfter, text: await readText(answer, MAX_SNAPSHOT_BYTES, answerTimeoutMs, this.wire.world) };
    }
    answer.body.destroy();
    return { status, retryAfter };
  }
}
