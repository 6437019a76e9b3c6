/**
 * What is served, how current it is, and who is told when that changes. Must not connect to anything, and must not serve
 * what was kept for another context.
 */
import type { JsonObject } from "../engine/evaluation.js";
import { Cache } from "./cache.js";
import type { FeedEvents, Loss } from "./feed.js";
import { Listeners } from "./listeners.js";
import { changes, Results, Unreadable, type Applied, type Entry } from "./results.js";
import type { Settings } from "./settings.js";
import type { Source, Status } from "./status.js";

const CURRENT = { state: "ready", staleSince: null, lastError: null } as const;

/** The results of the context that was set last, and until they come those of the one before. */
export class Holder {
  /** The keys of flags that serve something else now. */
  readonly changed: Listeners<readonly string[]>;
  readonly moved: Listeners<Status>;
  status: Status = { state: "starting", revision: null, staleSince: null, source: "none", lastError: null };
  served: Results;
  #current: Results;
  /** What was served when listeners were told last. */
  #told: ReadonlyMap<string, Entry> = new Map();
  #wait = new AbortController();
  #outage: "" | "away" | "refused" = "";
  readonly #cache: Cache;

  constructor(private readonly settings: Settings) {
    const { wire, store, clock, logger, context, bootstrap } = settings;
    this.changed = new Listeners(logger);
    this.moved = new Listeners(logger);
    this.#cache = new Cache(store, wire, clock);
    this.served = this.#current = new Results(context);
    if (bootstrap) {
      this.#current.put(bootstrap);
      this.#serve("bootstrap", { state: "stale", staleSince: clock.now() });
    } else this.#load();
    if (!wire) {
      this.set({ state: "unconfigured" });
      logger.warn("Pennon: there is no `url` or no `key`, so every flag serves its default");
    }
  }

  /** Whom the flags are evaluated for; what is served may still be another's. */
  get context(): JsonObject {
    return this.#current.context;
  }

  /** Whether there is anything to serve. */
  get isFilled(): boolean {
    return this.status.source !== "none";
  }

  /** Ends when something has come for this context, or another one was set. */
  get arrival(): AbortSignal {
    return this.#wait.signal;
  }

  /** Holds what comes for another context from now on; what was kept for it, else what is there (or nothing), serves. */
  turnTo(context: JsonObject, isReset: boolean): void {
    this.#cache.flush();
    this.#wait.abort();
    this.#wait = new AbortController();
    this.#current = new Results(context);
    if (this.#load()) return;
    if (isReset) this.#serve("none", { state: "starting", staleSince: null });
    else this.isStale(this.settings.clock.now());
  }

  /** What a feed brings for this context. */
  events(): FeedEvents {
    return {
      put: (put) => {
        this.#apply("stream", (results) => results.put(put));
      },
      patch: (patch) => {
        const applied = this.#apply("stream", (results) => results.patch(patch));
        if (applied === "gap") throw new Unreadable("a change that begins elsewhere");
      },
      polled: (entries) => {
        this.#apply("poll", (results) => results.replace(entries.map((entry) => [entry.key, entry])));
      },
      alive: () => {
        this.#recover();
        this.set(CURRENT);
      },
      lost: (loss) => {
        this.#lost(loss);
      },
      position: () => this.#current.position,
    };
  }

  /** What is served may be behind, since then; it has been for longer when that is known. */
  isStale(since: number): void {
    if (this.isFilled) this.set({ state: "stale", staleSince: this.status.staleSince ?? since });
  }

  set(change: Partial<Status>): void {
    const before = this.status.state;
    this.status = { ...this.status, ...change };
    if (this.status.state !== before) this.moved.tell(this.status);
  }

  /** Keeps now what was to be kept soon. */
  keep(): void {
    this.#cache.flush();
  }

  #load(): boolean {
    const kept = this.#cache.load(this.#current.context);
    if (!kept) return false;
    this.#current.put(kept.results);
    this.#serve("cache", { state: "stale", staleSince: kept.at });
    return true;
  }

  #apply(source: Source, take: (results: Results) => Applied): Applied {
    const applied = take(this.#current);
    if (applied === "apply") {
      this.#cache.save(this.#current);
      this.#recover();
      this.#serve(source, CURRENT);
    }
    return applied;
  }

  /** Serves what there is for this context. */
  #serve(source: Source, change: Partial<Status>): void {
    const before = this.#told;
    this.served = this.#current;
    this.#told = this.served.flags;
    if (source !== "none") this.#wait.abort();
    this.set({ ...change, source, revision: this.served.position });
    const keys = changes(before, this.#told);
    if (keys.length > 0) this.changed.tell(keys);
  }

  #recover(): void {
    if (this.#outage) this.settings.logger.info("Pennon: the server is heard again");
    this.#outage = "";
  }

  #lost({ error, isRefused, heardAt }: Loss): void {
    const { logger, clock } = this.settings;
    const outage = isRefused ? "refused" : "away";
    if (this.#outage !== outage && this.#outage !== "refused") {
      if (isRefused) logger.error(`Pennon: the server refuses the key (${error}); what is held serves on`);
      else logger.warn(`Pennon: the server is not heard (${error}); what is held serves on`);
      this.#outage = outage;
    }
    this.set({ lastError: error });
    this.isStale(heardAt || clock.now());
  }
}
