/**
 * Time and randomness, as they are passed to whatever waits. No timer of the SDK keeps the process alive, but while
 * somebody waits for it.
 */
import { performance } from "node:perf_hooks";

export interface World {
  /** The time, in epoch milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Acts later; the result takes it back. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** Acts once what has arrived meanwhile has been read. */
  readonly soon: (act: () => void) => void;
}

/** What a timer can hold; a longer wait would be none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const WORLD: World = {
  nowMs: Date.now,
  elapsedMs: () => performance.now(),
  random: Math.random,
  after(ms, act) {
    const timer = setTimeout(act, Math.min(ms, LONGEST_TIMER_MS)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
  soon(act) {
    setImmediate(act).unref();
  },
};

/** Keeps the process alive while somebody waits for `work`, at most `longestMs`; then it is given up waiting for. */
export async function awaited(work: Promise<unknown>, longestMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(longestMs, LONGEST_TIMER_MS));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A number around `ms`, give or take a fifth, so that processes that start together do not go on together. */
export function around(ms: number, random: number): number {
  return ms * (0.8 + 0.4 * random);
}
