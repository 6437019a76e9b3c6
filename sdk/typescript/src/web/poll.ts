/**
 * Asks for all results again and again, while no stream brings them: OFREP's answer for all flags, with the tag of the
 * last one. Must not judge the results, and never rejects.
 */
import { isObject } from "../engine/context.js";
import type { JsonObject } from "../engine/evaluation.js";
import { retryAfterMs } from "../shared/backoff.js";
import { sleep, type Clock } from "./clock.js";
import { ANSWER_MS, post, type Wire } from "./http.js";
import { Unreadable, type Entry } from "./results.js";

/** What polling is held to. */
export interface PollLimits {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly pollIntervalMs: number;
}

/** What comes of it. */
export interface PollEvents {
  /** All results, or nothing when they are the ones that were given last. */
  readonly answered: (entries: readonly Entry[] | undefined) => void;
  readonly failed: (error: string, status: number | undefined) => void;
  /** Where the results stand, as far as it is known. */
  readonly position: () => string | null;
}

const PATH = "/ofrep/v1/evaluate/flags";

/** Give or take a fifth, so that pages that were opened together do not ask together. */
export const spread = (ms: number, random: () => number): number => ms * (0.8 + 0.4 * random());

function read(answer: unknown): readonly Entry[] {
  const flags: unknown = isObject(answer) ? (answer as { flags?: unknown }).flags : undefined;
  const isEntry = (flag: unknown): boolean => isObject(flag) && typeof (flag as Entry).key === "string";
  if (Array.isArray(flags) && flags.every(isEntry)) return flags as Entry[];
  throw new Unreadable("an answer that cannot be read");
}

class Poller {
  #etag: string | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly limits: PollLimits,
    private readonly body: string,
    private readonly on: PollEvents,
  ) {}

  /** Asks once; how long to wait at least, as the server asked. */
  async ask(signal: AbortSignal): Promise<number> {
    const { clock } = this.limits;
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort();
    };
    signal.addEventListener("abort", stop);
    const timer = clock.setTimeout(stop, ANSWER_MS);
    try {
      const answer = await this.#post(abort.signal);
      const { status, headers } = answer;
      const entries = status === 200 ? read(await answer.json()) : undefined;
      if (signal.aborted) return 0;
      if (status !== 200 && status !== 304) {
        this.on.failed(`polling was answered with ${status}`, status);
        return retryAfterMs(headers.get("retry-after"), clock.now());
      }
      this.#etag = headers.get("etag") ?? undefined;
      this.on.answered(entries);
    } catch {
      if (!signal.aborted) this.on.failed("polling got no answer", undefined);
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
    return 0;
  }

  #post(signal: AbortSignal): Promise<Response> {
    const position = this.on.position();
    const path = position ? `${PATH}?flagConfigEtag=${position}` : PATH;
    return post(this.wire, path, this.body, signal, this.#etag ? { headers: { "if-none-match": this.#etag } } : {});
  }
}

/** Asks now, and then from time to time, until the signal ends it. */
export async function poll(
  wire: Wire,
  limits: PollLimits,
  context: JsonObject,
  on: PollEvents,
  signal: AbortSignal,
): Promise<void> {
  const poller = new Poller(wire, limits, JSON.stringify({ context }), on);
  while (!signal.aborted) {
    const atLeast = await poller.ask(signal);
    await sleep(limits.clock, Math.max(atLeast, spread(limits.pollIntervalMs, limits.random)), signal);
  }
}
