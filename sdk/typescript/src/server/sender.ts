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
  readonly #stop = new AbortController();
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

  /** Sends the rest, and never again; what is not sent within `withinMs` is lost. */
  async close(withinMs: number): Promise<void> {
    this.#cancel();
    const late = this.wire.world.after(withinMs, () => {
      this.#stop.abort();
    });
    await this.flush();
    late();
    this.#stop.abort();
    this.#cancel();
  }

  #wait(ms: number): void {
    this.#cancel();
    if (!this.#stop.signal.aborted) this.#cancel = this.wire.world.after(ms, () => void this.#send());
  }

  /** Sends until all is sent or something fails, unless that is under way already. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { world } = this.wire;
    let pauseMs = around(this.settings.flushIntervalMs, world.random());
    for (let sent = 0; sent < MAX_BATCHES && !this.#stop.signal.aborted; sent += 1) {
      const nowMs = world.nowMs();
      const batch = this.buffer.next(nowMs, this.heartbeat(nowMs));
      if (batch === undefined) break;
      const { outcome, waitMs } = await this.#post(batch);
      if (outcome === "later") {
        pauseMs = this.#backoff.failed(world.elapsedMs(), waitMs);
        this.#pauseUntilMs = world.elapsedMs() + pauseMs;
        this.#quietUntilMs = world.elapsedMs() + waitMs;
        break;
      }
      this.#backoff.worked(world.elapsedMs());
      this.buffer.settle(outcome);
      if (!this.buffer.more) break;
    }
    this.#wait(pauseMs);
  }

  async #post({ body }: Batch): Promise<{ outcome: Outcome; waitMs: number }> {
    const { world } = this.wire;
    const request = callTo(this.wire, PATH, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) },
      body,
      answerTimeoutMs: this.settings.readTimeoutMs,
      signal: this.#stop.signal,
    });
    try {
      const answer = await send(request, world);
      const outcome = outcomeOf(answer.status);
      if (outcome === "accepted") {
        this.#readAnswer(await readText(answer, MAX_ANSWER_BYTES, this.settings.readTimeoutMs, world));
      } else answer.body.destroy();
      return { outcome, waitMs: retryAfterMs(answer.headers["retry-after"], world.nowMs()) };
    } catch {
      return { outcome: "later", waitMs: 0 };
    }
  }

  /** What the server does not take is said once: it will not take the next one either. */
  #readAnswer(text: string): void {
    const { refused } = JSON.parse(text) as { refused?: unknown };
    if (!Array.isArray(refused) || refused.length === 0 || this.#refusalSaid) return;
    this.#refusalSaid = true;
    const codes = new Set(refused.map((one: { code?: unknown } | null) => String(one?.code)));
    this.logger.warn(`the server refuses events: ${[...codes].join(", ")}`);
  }
}
