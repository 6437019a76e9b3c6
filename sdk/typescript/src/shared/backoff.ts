/**
 * How long to wait before the next attempt: full jitter, never less than the server asks for, and from the beginning
 * after a while of health. Time and randomness are passed in.
 */

/** The longest pause that a server may ask for: beyond it, a wrong clock or a typing error is likelier than a wish. */
export const LONGEST_PAUSE_MS = 3_600_000;

export interface BackoffSettings {
  readonly minMs: number;
  readonly maxMs: number;
  /** After this long of health the next failure counts as the first. */
  readonly healthyAfterMs: number;
  /** From 0 to below 1, as `Math.random`. */
  readonly random: () => number;
}

export class Backoff {
  #settings: BackoffSettings;
  #failures = 0;
  #healthySince: number | undefined;

  constructor(settings: BackoffSettings) {
    this.#settings = settings;
  }

  /** It works now: health begins, or goes on. */
  worked(nowMs: number): void {
    this.#healthySince ??= nowMs;
  }

  /** It ended, as was planned. */
  ended(nowMs: number): void {
    if (this.#healthySince !== undefined && nowMs - this.#healthySince >= this.#settings.healthyAfterMs) {
      this.#failures = 0;
    }
    this.#healthySince = undefined;
  }

  /** It failed: how many milliseconds to wait, at least `atLeastMs` of them. */
  failed(nowMs: number, atLeastMs = 0): number {
    this.ended(nowMs);
    const { minMs, maxMs, random } = this.#settings;
    const span = Math.min(maxMs, minMs * 2 ** this.#failures);
    if (span < maxMs) this.#failures += 1;
    return Math.max(Math.min(atLeastMs, LONGEST_PAUSE_MS), random() * span);
  }
}

/** What a `Retry-After` header asks for in milliseconds, 0 for none or one that cannot be read. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number {
  if (!header) return 0;
  let wish = 0;
  if (/^\d+$/.test(header)) wish = Number(header) * 1000;
  else if (/^[A-Z]/.test(header)) wish = Date.parse(header) - nowMs;
  return wish > 0 ? Math.min(wish, LONGEST_PAUSE_MS) : 0;
}
