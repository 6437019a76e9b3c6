/**
 * Waiting for a condition, with a deadline.
 */
import { setTimeout as pause } from "node:timers/promises";

/** Far above anything on a busy machine; a wait ends with its condition. */
const DEADLINE_MS = 15_000;
/** The pace of looking, no wait for a state. */
const PACE_MS = 5;

/** The first value of `look` that is neither undefined nor false. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await pause(PACE_MS);
  }
}

/** The value of a promise that is settled in time. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${DEADLINE_MS} ms: ${what}`));
    }, DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}
