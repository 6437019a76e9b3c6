/** Time and chance, passed in so that tests can hold them. Must not be read from anywhere else in this SDK. */

/** What passes, and when. Times are milliseconds. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  setTimeout(then: () => void, afterMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The browser's own. Looked up at each call, so that a test's fake timers are seen whenever they are installed. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (then, afterMs) => globalThis.setTimeout(then, afterMs),
  clearTimeout: (timer) => {
    globalThis.clearTimeout(timer as number | undefined);
  },
};

/** Ends after a time, or with the signal, whichever comes first. */
export function sleep(clock: Clock, forMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, forMs);
    signal.addEventListener("abort", end);
  });
}
