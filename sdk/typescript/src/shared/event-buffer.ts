/**
 * What is kept until it is sent to `POST /api/v1/sdk/events`: counts of evaluations, exposures, tracks; and the batch
 * that is under way, which is sent again as it was until the server has answered. Everything is bounded, and what does
 * not fit is counted. It does no IO; time is passed in.
 */

/** Events a batch, and its bytes: the server's limits. */
const MAX_BATCH_EVENTS = 1_000;
const MAX_BATCH_BYTES = 256 * 1024;
/** Exposures, and as many tracks: minutes of a busy process, a few megabytes. */
const MAX_KEPT = 10_000;
/** Different evaluations (flag, variant, reason, error) in a summary. */
const MAX_COUNTERS = 2_000;
/** Counters an event, 30 KB at most: so that a summary can be cut into batches, also into those of a page. */
const COUNTERS_AN_EVENT = 50;
/** What the server reads as a count: no process evaluates more between two flushes. */
const MAX_COUNT = 1e9;
/** Units that are remembered, so that each tells the server once which arm it met. */
const MAX_REMEMBERED = 20_000;
/** Characters of an event: an honest one is far below. */
const MAX_EVENT_CHARS = 4_096;
/** What the server reads as a flag's key or a metric, and as a unit. A lone surrogate would cost the whole batch. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,100}$/u;
const UNIT = /^[^\p{Cc}\p{Cs}]{1,1000}$/u;

/** Whether it is a name of a flag or a metric: 1 to 100 characters, none of them a control character. */
export const isName = (name: unknown): boolean => typeof name === "string" && NAME.test(name);

export type Kind = "exposures" | "tracks" | "evaluations";

interface Counter {
  readonly flag: string;
  readonly variant: string | undefined;
  readonly reason: string;
  readonly errorCode: string | undefined;
  count: number;
}

/** An event as JSON, and what is lost with it. */
export interface Piece {
  readonly json: string;
  readonly kind?: Kind;
  readonly count: number;
}

export interface Batch {
  readonly sequence: number;
  /** The request's body. */
  readonly body: string;
}

export type Outcome = "accepted" | "split" | "dropped" | "later";

/** What an answer's status means for the batch; no answer is `later`. */
export function outcomeOf(status: number | undefined): Outcome {
  if (status === 200) return "accepted";
  if (status === 413) return "split";
  return status === 400 || status === 401 || status === 403 || status === 422 ? "dropped" : "later";
}

const time = (ms: number) => new Date(ms).toISOString();
const bytes = (text: string) => new TextEncoder().encode(text).length;

export class EventBuffer {
  /** What was lost since the start. */
  readonly dropped: Record<Kind, number> = { exposures: 0, tracks: 0, evaluations: 0 };

  #head: { readonly instanceId: string; readonly session: string };
  #sequence = 0;
  #batches: (Batch & { readonly pieces: readonly Piece[] })[] = [];
  #counters = new Map<string, Counter[]>();
  #different = 0;
  #since: number;
  #kept: Piece[] = [];
  #overflow = false;
  #number = { exposures: 0, tracks: 0 };
  #met = new Set<string>();

  /** A browser sends what outlives its page in smaller batches: `maxBytes`. */
  constructor(
    instanceId: string,
    session: string,
    nowMs: number,
    private readonly maxBytes = MAX_BATCH_BYTES,
  ) {
    this.#head = { instanceId, session };
    this.#since = nowMs;
  }

  /** Counts an evaluation. This is called by each of them, so it allocates nothing. */
  count(flag: string, variant: string | undefined, reason: string, errorCode: string | undefined): void {
    const counters = this.#counters.get(flag);
    if (counters !== undefined) {
      for (const counter of counters) {
        if (counter.variant === variant && counter.reason === reason && counter.errorCode === errorCode) {
          counter.count += 1;
          return;
        }
      }
    }
    if (this.#different >= MAX_COUNTERS || !isName(flag)) {
      this.dropped.evaluations += 1;
      return;
    }
    this.#different += 1;
    const counter = { flag, variant, reason, errorCode, count: 1 };
    if (counters === undefined) this.#counters.set(flag, [counter]);
    else counters.push(counter);
  }

  /** Notes that a unit met an arm of a run, the first time that it does. */
  exposure(nowMs: number, flag: string, variant: string | undefined, met: { run: string; arm?: string; unit: string }) {
    const { run, arm, unit } = met;
    const name = `${run}\0${arm ?? ""}\0${unit}`;
    if (this.#met.has(name)) return;
    if (this.#met.size >= MAX_REMEMBERED) {
      const [oldest = ""] = this.#met;
      this.#met.delete(oldest);
    }
    this.#met.add(name);
    this.#keep("exposures", flag, unit, { kind: "exposure", at: time(nowMs), flag, variant, run, arm, unit });
  }

  /** Notes a measurement of a unit. */
  track(nowMs: number, metric: string, unit: string, value: number): void {
    this.#keep("tracks", metric, unit, { kind: "track", at: time(nowMs), metric, unit, value });
  }

  /** Whether it should be sent before its time. */
  get halfFull(): boolean {
    return this.#number.exposures >= MAX_KEPT / 2 || this.#number.tracks >= MAX_KEPT / 2;
  }

  /** Whether there is anything to send but a heartbeat. */
  get pending(): boolean {
    return this.#batches.length > 0 || this.#kept.length > 0 || this.#counters.size > 0;
  }

  /** Whether a batch is waiting, or the last one did not hold all there was. */
  get more(): boolean {
    return this.#batches.length > 0 || this.#overflow;
  }

  /** The batch that is under way, or a new one; none when there is nothing to say. `heartbeat` is its first event. */
  next(nowMs: number, heartbeat?: object): Batch | undefined {
    if (this.#batches.length === 0) {
      const pieces: Piece[] = heartbeat === undefined ? [] : [{ json: JSON.stringify(heartbeat), count: 0 }];
      this.#drain(nowMs);
      this.#fill(pieces);
      if (pieces.length > 0) this.#seal(pieces);
    }
    return this.#batches[0];
  }

  /** The server has answered the batch that is under way, or will never take it. Gives what was in it. */
  settle(outcome: Exclude<Outcome, "later">): readonly Piece[] {
    const pieces = this.#batches.shift()?.pieces ?? [];
    const events = pieces.filter((piece) => piece.kind !== undefined);
    if (outcome === "split" && events.length > 1) {
      const heartbeat = pieces.filter((piece) => piece.kind === undefined);
      const middle = events.length >> 1;
      this.#seal([...heartbeat, ...events.slice(0, middle)]);
      this.#seal([...heartbeat, ...events.slice(middle)]);
    } else if (outcome !== "accepted") this.lose(events);
    return pieces;
  }

  /** Counts what did not reach the server. */
  lose(pieces: readonly Piece[]): void {
    for (const { kind, count } of pieces) if (kind !== undefined) this.dropped[kind] += count;
  }

  #keep(kind: "exposures" | "tracks", name: string, unit: string, event: object): void {
    const json = JSON.stringify(event);
    const isRead = isName(name) && UNIT.test(unit);
    if (!isRead || this.#number[kind] >= MAX_KEPT || json.length > MAX_EVENT_CHARS) {
      this.dropped[kind] += 1;
      return;
    }
    this.#number[kind] += 1;
    this.#kept.push({ json, kind, count: 1 });
  }

  /** Makes events of the counts, and begins to count anew. */
  #drain(nowMs: number): void {
    const counters = [...this.#counters.values()].flat();
    for (const counter of counters) counter.count = Math.min(counter.count, MAX_COUNT);
    const [from, to] = [time(this.#since), time(nowMs)];
    const summaries: Piece[] = [];
    for (let at = 0; at < counters.length; at += COUNTERS_AN_EVENT) {
      const evaluations = counters.slice(at, at + COUNTERS_AN_EVENT);
      const count = evaluations.reduce((sum, counter) => sum + counter.count, 0);
      summaries.push({ json: JSON.stringify({ kind: "summary", from, to, evaluations }), kind: "evaluations", count });
    }
    this.#kept.unshift(...summaries);
    this.#counters.clear();
    this.#different = 0;
    this.#since = nowMs;
  }

  /** Moves what fits to the pieces of a batch. */
  #fill(pieces: Piece[]): void {
    let size = bytes(JSON.stringify(this.#head)) + 64 + bytes(pieces[0]?.json ?? "");
    let taken = 0;
    for (const piece of this.#kept) {
      size += bytes(piece.json) + 1;
      if (pieces.length === MAX_BATCH_EVENTS || size > this.maxBytes) break;
      pieces.push(piece);
      taken += 1;
      if (piece.kind === "exposures" || piece.kind === "tracks") this.#number[piece.kind] -= 1;
    }
    this.#kept.splice(0, taken);
    this.#overflow = this.#kept.length > 0;
  }

  #seal(pieces: readonly Piece[]): void {
    this.#sequence += 1;
    const head = JSON.stringify({ ...this.#head, sequence: this.#sequence });
    const body = `${head.slice(0, -1)},"events":[${pieces.map((piece) => piece.json).join(",")}]}`;
    this.#batches.push({ sequence: this.#sequence, body, pieces });
  }
}
