/** Time and chance, passed in so that tests can hold them. Must not be read from anywhere else in this SDK. */

import { Backoff } from "../shared/backoff.js";

/** What passes, and when. Times are milliseconds. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Acts later; the result takes it back. */
  after(ms: number, act: () => void): () => void;
  /** From 0 to below 1. */
  random(): number;
}

/** The browser's own. Looked up at each call, so that a test's fake timers are seen whenever they are installed. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};

/** Ends after a time, or with the signal, whichever comes first. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

/** How pauses grow. */
export interface BackoffLimits {
  readonly clock: Clock;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly healthyAfterMs: number;
}

/** The pauses between attempts. */
export function backoffOf({ clock, backoffMinMs: minMs, backoffMaxMs: maxMs, healthyAfterMs }: BackoffLimits): Backoff {
  return new Backoff({ minMs, maxMs, healthyAfterMs, random: () => clock.random() });
}

/** Give or take a fifth, so that pages that were opened together do not ask together. */
export const around = (ms: number, clock: Clock): number => ms * (0.8 + 0.4 * clock.random());
