/**
 * What is served, how current it is, and who is told when that changes. Must not connect to anything, and must not serve
 * what was kept for another context.
 */
import type { JsonObject } from "../engine/evaluation.js";
import { Cache } from "./cache.js";
import type { FeedEvents, Loss } from "./feed.js";
import { Listeners } from "./listeners.js";
import { changes, Results, type Applied, type Bootstrap, type Entries, type Entry, type Patch } from "./results.js";
import type { Settings } from "./settings.js";
import type { Source, Status } from "./status.js";

const CURRENT = { state: "ready", staleSince: undefined, lastError: undefined } as const;
const stale = (since: number): Partial<Status> => ({ state: "stale", staleSince: new Date(since) });

/** What serves something else now. */
export interface Changes {
  /** The keys. */
  readonly flags: readonly string[];
  /** `<epoch>-<revision>` of what is served now; undefined when nobody told. */
  readonly revision: string | undefined;
}

/** The results of the context that was set last, and until they come those of the one before. */
export class Holder implements FeedEvents {
  readonly #settings: Settings;
  readonly changed: Listeners<Changes>;
  readonly moved: Listeners<Status>;
  status: Status = { ...CURRENT, state: "starting", revision: undefined, source: "none" };
  served: Results;
  #current: Results;
  /** What was served when listeners were told last. */
  #told: ReadonlyMap<string, Entry> = new Map();
  #wait = new AbortController();
  /** How an outage was said, while it lasts. */
  #said: "warn" | "error" | undefined;
  readonly #cache: Cache;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { wire, store, clock, say, context, bootstrap } = settings;
    this.changed = new Listeners(say);
    this.moved = new Listeners(say);
    this.#cache = new Cache(store, wire, clock);
    this.served = this.#current = new Results(context);
    // A server that holds nothing itself yet gives an empty one, of no epoch.
    if (bootstrap?.epoch) {
      this.#current.put(bootstrap);
      this.#serve("bootstrap", stale(clock.now()));
    } else this.#load();
    if (!wire) {
      this.set({ state: "unconfigured" });
      // Who gives results and no key wants just these: where a server renders, and in tests.
      if (!bootstrap) say("warn", "no url or no key: defaults are served");
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

  /** Whether what is served is for this context. */
  get isServed(): boolean {
    return this.isFilled && this.served === this.#current;
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
    if (isReset) this.#serve("none", { state: "starting", staleSince: undefined });
    else this.isStale(this.#settings.clock.now());
  }

  put(put: Bootstrap): void {
    this.#apply("stream", (results) => results.put(put));
  }

  patch(patch: Patch): void {
    const applied = this.#apply("stream", (results) => results.patch(patch));
    if (applied === "gap") throw new RangeError("gap");
  }

  polled(entries: Entries): void {
    this.#apply("poll", (results) => results.replace(entries));
  }

  alive(): void {
    this.#recover();
    this.set(CURRENT);
  }

  lost({ error, isRefused, heardAt }: Loss): void {
    const { say, clock } = this.#settings;
    const level = isRefused ? "error" : "warn";
    // A key that is refused is worse than a server that is away, and said once too.
    if (this.#said !== level && this.#said !== "error") {
      this.#said = level;
      say(level, `${isRefused ? "the key is refused" : "the server is not heard"}: ${error}`);
    }
    this.set({ lastError: error });
    this.isStale(heardAt || clock.now());
  }

  position(): string | undefined {
    return this.#current.position;
  }

  /** What is served may be behind, since then; it has been for longer when that is known. */
  isStale(since: number): void {
    const { staleSince = new Date(since) } = this.status;
    if (this.isFilled && this.#settings.wire) this.set({ state: "stale", staleSince });
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

  /** Hears nothing any more, and nobody waits for it. */
  close(): void {
    this.keep();
    this.#wait.abort();
    this.set({ state: "closed" });
  }

  #load(): boolean {
    const kept = this.#cache.load(this.#current.context);
    if (!kept) return false;
    this.#current.put(kept.results);
    this.#serve("cache", stale(kept.at));
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
    const revision = this.served.position;
    this.set({ ...change, source, revision });
    const flags = changes(before, this.#told);
    if (flags.length > 0) this.changed.tell({ flags, revision });
  }

  #recover(): void {
    if (this.#said) this.#settings.say("info", "the server is heard again");
    this.#said = undefined;
  }
}
