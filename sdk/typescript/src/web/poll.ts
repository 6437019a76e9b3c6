/**
 * Asks for all results again and again, while no stream brings them: OFREP's answer for all flags, with the tag of the
 * last one. Must not judge the results, and never rejects.
 */
import type { JsonObject } from "../engine/evaluation.js";
import { retryAfterMs } from "../shared/backoff.js";
import { around, sleep, type Clock } from "./clock.js";
import { inTime, post, type Wire } from "./http.js";
import type { Entries, Entry } from "./results.js";

/** What polling is held to. */
export interface PollLimits {
  readonly clock: Clock;
  readonly pollIntervalMs: number;
  readonly backoffMinMs: number;
}

/** What comes of it. */
export interface PollEvents {
  /** All results, or nothing when they are the ones that were given last. */
  readonly answered: (entries: Entries | undefined) => void;
  readonly failed: (error: string, status?: number) => void;
  /** Where the results stand, as far as it is known: a node that is behind looks for it first. */
  readonly position: () => string | undefined;
}

/** One answer, read. */
interface Answer {
  readonly status: number;
  readonly after: number;
  readonly etag: string | undefined;
  readonly entries: Entries | undefined;
}

const PATH = "/ofrep/v1/evaluate/flags";

/** Rejects when the answer holds no list of entries. */
async function read(answer: Response, clock: Clock): Promise<Answer> {
  const { status, headers } = answer;
  const all = status === 200 ? ((await answer.json()) as { flags: readonly Entry[] }).flags : undefined;
  const entries = all?.map((entry) => [entry.key, entry] as const);
  const after = retryAfterMs(headers.get("retry-after"), clock.now());
  return { status, after, etag: headers.get("etag") ?? undefined, entries };
}

/** Asks soon, and then from time to time, until the signal ends it. */
export async function poll(
  wire: Wire,
  { clock, pollIntervalMs, backoffMinMs }: PollLimits,
  context: JsonObject,
  on: PollEvents,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ context });
  const isOn = (): boolean => !signal.aborted;
  let etag: string | undefined;
  // Who has results need not hurry: many are refused at once when a server comes back.
  if (on.position()) await sleep(clock, clock.random() * backoffMinMs, signal);
  while (isOn()) {
    const position = on.position();
    const path = position ? `${PATH}?flagConfigEtag=${position}` : PATH;
    const headers = etag ? { "if-none-match": etag } : undefined;
    const answer = await inTime(clock, signal, async (end) =>
      read(await post(wire, path, body, end, { headers }), clock),
    );
    if (!isOn()) return;
    if (!answer) on.failed("polling got no answer");
    else if (answer.status === 200 || answer.status === 304) {
      etag = answer.etag;
      on.answered(answer.entries);
    } else on.failed(`polling was answered with ${answer.status}`, answer.status);
    await sleep(clock, Math.max(answer?.after ?? 0, around(pollIntervalMs, clock)), signal);
  }
}
