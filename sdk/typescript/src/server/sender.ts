/**
 * Sends what is kept for the server: now and then, early when much is kept, and at the end. One batch is under way at a
 * time, and is sent again as it was until the server has answered.
 */
import { Backoff, retryAfterMs } from "../shared/backoff.js";
import { outcomeOf, type Batch, type EventBuffer, type Outcome } from "../shared/event-buffer.js";
import { readText, send } from "./http.js";
import type { Logger } from "./logger.js";
import type { Settings } from "./settings.js";
import { callTo, type Wire } from "./wire.js";
import { around } from "./world.js";

const PATH = "/api/v1/sdk/events";
const MAX_ANSWER_BYTES = 2 ** 20;
/** Batches in one go: more than all buffers hold; what comes meanwhile waits for the next time. */
const MAX_BATCHES = 30;

export class Sender {
  readonly #backoff: Backoff;
  /** Ends the request that is under way. */
  #attempt: AbortController | undefined;
  #isOver = false;
  #sending: Promise<void> | undefined;
  #cancel: () => void = () => undefined;
  /** The server wants to be left alone until then. */
  #quietUntilMs = -Infinity;
  /** After a failure: nothing is sent early before then. */
  #pauseUntilMs = -Infinity;
  #refusalSaid = false;

  constructor(
    private readonly wire: Wire,
    private readonly settings: Settings,
    private readonly buffer: EventBuffer,
    private readonly heartbeat: (nowMs: number) => object,
    private readonly logger: Logger,
  ) {
    const { backoffMinMs: minMs, backoffMaxMs: maxMs, healthyAfterMs } = settings;
    this.#backoff = new Backoff({ minMs, maxMs, healthyAfterMs, random: wire.world.random });
  }

  start(): void {
    this.#wait(around(this.settings.flushIntervalMs, this.wire.world.random()));
  }

  /** Something was kept: sends it early when much is. */
  kept(): void {
    if (this.buffer.halfFull && this.#sending === undefined && this.wire.world.elapsedMs() >= this.#pauseUntilMs) {
      void this.#send();
    }
  }

  /** Sends what is kept; ends when it has been sent, or has failed. */
  async flush(): Promise<void> {
    await this.#sending;
    if (this.wire.world.elapsedMs() >= this.#quietUntilMs) await this.#send();
  }

  /**
   * Sends the rest, and never again; what is not sent within `withinMs` is lost. What is under way has half of the time:
   * its connection may be dead, and the next one is not.
   */
  async close(withinMs: number): Promise<void> {
    this.#cancel();
    const { after } = this.wire.world;
    const stuck = after(withinMs / 2, () => this.#attempt?.abort());
    const late = after(withinMs, () => {
      this.#end();
    });
    await this.#sending;
    stuck();
    await this.flush();
    late();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#attempt?.abort();
    this.#cancel();
  }

  #wait(ms: number): void {
    this.#cancel();
    if (!this.#isOver) this.#cancel = this.wire.world.after(ms, () => void this.#send());
  }

  /** Sends until all is sent or something fails, unless that is under way already. */
  #send(): Promise<void> {
    const interval = around(this.settings.flushIntervalMs, this.wire.world.random());
    this.#sending ??= this.#sendAll(interval)
      .catch(() => {
        this.#wait(interval);
      })
      .finally(() => {
        this.#sending = undefined;
      });
    return this.#sending;
  }

  async #sendAll(intervalMs: number): Promise<void> {
    const { world } = this.wire;
    let pauseMs = intervalMs;
    for (let sent = 0; sent < MAX_BATCHES && !this.#isOver; sent += 1) {
      const nowMs = world.nowMs();
      const waited = this.buffer.more;
      const batch = this.buffer.next(nowMs, this.heartbeat(nowMs));
      if (batch === undefined) break;
      const { outcome, waitMs, refused } = await this.#post(batch);
      if (outcome === "later") {
        pauseMs = this.#backoff.failed(world.elapsedMs(), waitMs);
        this.#pauseUntilMs = world.elapsedMs() + pauseMs;
        this.#quietUntilMs = world.elapsedMs() + waitMs;
        break;
      }
      this.#backoff.worked(world.elapsedMs());
      const pieces = this.buffer.settle(outcome);
      if (refused) this.buffer.lose(pieces.filter((_, place) => refused.includes(place)));
      // What came while an older batch waited has its turn now; what comes now waits for the next time.
      if (!this.buffer.more && !(waited && this.buffer.pending)) break;
    }
    this.#wait(pauseMs);
  }

  async #post({ body }: Batch): Promise<{ outcome: Outcome; waitMs: number; refused?: number[] }> {
    const { world } = this.wire;
    const { readTimeoutMs } = this.settings;
    this.#attempt = new AbortController();
    const request = callTo(this.wire, PATH, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) },
      body,
      answerTimeoutMs: readTimeoutMs,
      signal: this.#attempt.signal,
    });
    try {
      const answer = await send(request, world);
      const outcome = outcomeOf(answer.status);
      if (outcome === "accepted") {
        const text = await readText(answer, MAX_ANSWER_BYTES, readTimeoutMs, world);
        return { outcome, waitMs: 0, refused: this.#refused(text) };
      }
      answer.body.destroy();
      return { outcome, waitMs: retryAfterMs(answer.headers["retry-after"], world.nowMs()) };
    } catch {
      return { outcome: "later", waitMs: 0 };
    }
  }

  /** The places of what the server does not take. It is said once: it will not take the next one either. */
  #refused(text: string): number[] {
    const { refused } = JSON.parse(text) as { refused?: unknown };
    if (!Array.isArray(refused) || refused.length === 0) return [];
    const told = refused as ({ index?: unknown; code?: unknown } | null)[];
    if (!this.#refusalSaid) {
      this.#refusalSaid = true;
      const codes = new Set(told.map((one) => String(one?.code)));
      this.logger.warn(`the server refuses events: ${[...codes].join(", ")}`);
    }
    return told.map((one) => one?.index).filter((index) => typeof index === "number");
  }
}
