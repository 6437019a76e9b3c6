/**
 * Follows the server: a stream, another one when it ends, and polls while there is none. Decides how long to wait, and
 * tells the status what is heard. Must not evaluate, and must not give up.
 */
import { Backoff, LONGEST_PAUSE_MS } from "../shared/backoff.js";
import type { ServerEvent } from "../shared/event-reader.js";
import type { Held } from "./held.js";
import { reasonOf } from "./http.js";
import type { Logger } from "./logger.js";
import { Poller } from "./poller.js";
import type { Settings } from "./settings.js";
import type { StatusBoard } from "./status.js";
import { listen, type Ending } from "./stream.js";
import { streamPath, type Wire } from "./wire.js";
import { around } from "./world.js";

/** A stream that ends, as planned, sooner than this has been of little use. */
const QUICK_MS = 1_000;
/** So many in a row are put up with; after them a server that asks for a quick return is not believed. */
const QUICK_ENDS = 3;

export class Follower {
  readonly #backoff: Backoff;
  readonly #poller: Poller;
  readonly #stop = new AbortController();
  /** The next stream begins with the whole snapshot, whatever is held. */
  #anew = false;
  /** The stream has said where it stands, so that what is held is current while it lives. */
  #current = false;
  #deniedSaid = false;
  #beganMs = 0;
  #quickEnds = 0;

  constructor(
    private readonly wire: Wire,
    private readonly settings: Settings,
    private readonly held: Held,
    private readonly status: StatusBoard,
    private readonly logger: Logger,
  ) {
    const { backoffMinMs, backoffMaxMs, healthyAfterMs, pollIntervalMs, streamWaitMs } = settings;
    const { random } = wire.world;
    this.#backoff = new Backoff({ minMs: backoffMinMs, maxMs: backoffMaxMs, healthyAfterMs, random });
    const limits = { pollIntervalMs, answerTimeoutMs: streamWaitMs, deniedPauseMs: backoffMaxMs };
    this.#poller = new Poller(wire, limits, {
      tag: () => held.revision,
      put: (text) => {
        held.put(text, "poll");
      },
      heard: () => {
        this.#deniedSaid = false;
        status.heard();
      },
      lost: (reason) => {
        status.lost(reason);
      },
      denied: (code) => {
        this.#denied(code);
      },
    });
  }

  start(): void {
    this.#follow().catch((error: unknown) => {
      // A mistake of ours must not end the process, and not the following either.
      this.logger.error(`following the server has failed and begins again: ${reasonOf(error)}`);
      if (!this.#stop.signal.aborted) {
        this.wire.world.after(this.settings.backoffMaxMs, () => {
          this.start();
        });
      }
    });
  }

  /** Ends the stream and the polls. */
  close(): void {
    this.#stop.abort();
    this.#poller.stop();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    const isOn = (): boolean => !signal.aborted;
    while (isOn()) {
      const ending = await this.#listen();
      if (!isOn()) return;
      const pauseMs = this.#judge(ending);
      // Whoever was told of the ending may have closed the client.
      if (isOn()) await this.#pause(pauseMs);
    }
  }

  #listen(): Promise<Ending> {
    this.#beganMs = this.wire.world.elapsedMs();
    const lastEventId = this.#anew ? undefined : this.held.lastEventId;
    // With the id that we hold, silence means that it is current; without one, the snapshot comes first.
    this.#current = lastEventId !== undefined;
    const request = { path: streamPath(this.settings), lastEventId, signal: this.#stop.signal };
    return listen(this.wire, request, this.settings, {
      heldBack: () => {
        this.#poll("the stream gives nothing", 0);
      },
      heard: () => {
        this.#poller.stop();
        this.#backoff.worked(this.wire.world.elapsedMs());
        this.#deniedSaid = false;
        if (this.#current) this.status.heard();
      },
      event: (event) => this.#take(event),
    });
  }

  /** Gives what is wrong with an event that cannot be used. */
  #take({ type, data }: ServerEvent): string | undefined {
    try {
      if (type === "put") this.held.put(data, "stream");
      else if (type === "patch" && this.held.patch(data) === "gap") return "a change does not follow what is held";
    } catch {
      // What was sent is not repeated here: it may be anything.
      return `a ${type} cannot be read`;
    }
    this.#anew = false;
    this.#current = true;
    this.status.heard();
    return undefined;
  }

  /** Draws the conclusions of an ending; how many milliseconds to wait. */
  #judge(ending: Ending): number {
    const nowMs = this.wire.world.elapsedMs();
    switch (ending.how) {
      case "planned": {
        this.#quickEnds = nowMs - this.#beganMs < QUICK_MS ? this.#quickEnds + 1 : 0;
        if (this.#quickEnds > QUICK_ENDS) return this.#backoff.failed(nowMs, ending.afterMs);
        this.#backoff.ended(nowMs);
        const pauseMs = ending.afterMs ?? this.settings.backoffMinMs * this.wire.world.random();
        if (pauseMs > this.settings.readTimeoutMs) this.status.lost("the server asks to come back later");
        return Math.min(pauseMs, LONGEST_PAUSE_MS);
      }
      case "unusable":
        this.#anew = true;
        this.status.lost(ending.reason);
        return this.#backoff.failed(nowMs);
      case "denied":
        this.#poller.stop();
        this.#denied(ending.status);
        return around(this.settings.backoffMaxMs, this.wire.world.random());
      case "broken":
        this.status.lost(ending.reason);
        return this.#backoff.failed(nowMs);
      case "refused": {
        // Who serves something already need not hurry: many are refused at once when a server comes back.
        const hurry = this.held.snapshot === undefined;
        this.#poll(ending.reason, hurry ? 0 : this.wire.world.random() * this.settings.backoffMinMs);
        return this.#backoff.failed(nowMs, ending.atLeastMs);
      }
    }
  }

  /** No stream: polls begin, if they have not yet. While they succeed, what is served is current. */
  #poll(reason: string, firstMs: number): void {
    if (this.#poller.running) return;
    this.status.lost(reason);
    // Whoever was told may have closed the client, and with it polls that had not begun.
    if (!this.#stop.signal.aborted) this.#poller.start(firstMs);
  }

  #denied(status: number): void {
    if (!this.#deniedSaid) this.logger.error(`the key is refused (${status}): what is held is served on`);
    this.#deniedSaid = true;
    this.status.lost(`the key is refused (${status})`, { said: true });
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const cancel = this.wire.world.after(ms, done);
      function done(): void {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }
}
