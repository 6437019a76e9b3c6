/**
 * What the client can say of itself, and the two lines that an outage is in the log: one when it begins, one when it
 * ends. Must not decide what is heard; who listens tells it.
 */
import type { Held, Source } from "./held.js";
import type { Logger } from "./logger.js";
import type { World } from "./world.js";

/**
 * `unconfigured`: no address or no key; defaults are served, or the bootstrap. `starting`: nothing to serve yet; defaults
 * are served. `ready`: what is served is current. `stale`: something is served, and nothing was heard since `staleSince`.
 * `closed`: evaluates on from what is held, hears nothing any more.
 */
export type State = "unconfigured" | "starting" | "ready" | "stale" | "closed";

export interface Status {
  readonly state: State;
  /** `<epoch>-<revision>` of the snapshot that is served. */
  readonly revision: string | undefined;
  /** Where the snapshot that is served came from. */
  readonly source: Source;
  /** When the server was heard last, while the state is `stale`. */
  readonly staleSince: Date | undefined;
  /** What went wrong last, for people; gone when the server is heard again. */
  readonly lastError: string | undefined;
}

/** What it gives is of no use to anybody; a promise that is rejected is said in the log. */
export type StatusListener = (status: Status) => unknown;

export class StatusBoard {
  /** An object for each call: one function that is given twice is told twice, and each ends by itself. */
  readonly #listeners = new Set<{ readonly tell: StatusListener }>();
  #state: State;
  #current = false;
  #closed = false;
  #outage = false;
  #heardAt: number;
  #lastError: string | undefined;

  constructor(
    private readonly held: Held,
    private readonly world: World,
    private readonly logger: Logger,
    private readonly configured: boolean,
  ) {
    this.#heardAt = world.nowMs();
    this.#state = this.#now();
  }

  get(): Status {
    return {
      state: this.#state,
      revision: this.held.revision,
      source: this.held.source,
      staleSince: this.#state === "stale" ? new Date(this.#heardAt) : undefined,
      lastError: this.#lastError,
    };
  }

  listen(tell: StatusListener): () => void {
    const listener = { tell };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The server was heard, and what is served is current. This is called for every chunk of a stream. */
  heard(): void {
    this.#heardAt = this.world.nowMs();
    this.#current = true;
    if (this.#outage) {
      this.#outage = false;
      this.#lastError = undefined;
      this.logger.info("the server is heard again");
    }
    this.update();
  }

  /** The server is not heard any more; `said` when the log has told it already. */
  lost(reason: string, { said = false } = {}): void {
    this.#lastError = reason;
    this.#current = false;
    if (!this.#outage && !said) {
      const served = this.held.snapshot === undefined ? "the defaults of the code are" : "what is held is";
      this.logger.warn(`the server is not heard: ${reason}; ${served} served meanwhile`);
    }
    this.#outage = true;
    this.update();
  }

  close(): void {
    this.#closed = true;
    this.update();
  }

  /** Looks at the state, and tells when it is another one. */
  update(): void {
    const state = this.#now();
    if (state === this.#state) return;
    this.#state = state;
    const status = this.get();
    const failed = (error: unknown): void => {
      this.logger.error("a listener of the status threw", error);
    };
    for (const { tell } of [...this.#listeners]) {
      try {
        Promise.resolve(tell(status)).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  #now(): State {
    if (this.#closed) return "closed";
    // Without an address nothing is heard, but by a core for tests, which tells itself what to serve.
    if (!this.configured && !this.#current) return "unconfigured";
    if (this.held.snapshot === undefined) return "starting";
    return this.#current ? "ready" : "stale";
  }
}
