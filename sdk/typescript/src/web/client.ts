/**
 * The client of a page: evaluates from the results that it holds, and keeps them current while the page is seen. Must not
 * throw or wait in an evaluation.
 */
import { isName } from "../shared/event-buffer.js";
import type { AnyFlags, BooleanKey, Key, Served, Value } from "../shared/typed.js";
import { sleep } from "./clock.js";
import { plain, type Context } from "./context.js";
import { detailsOf, type Details } from "./details.js";
import { Feed } from "./feed.js";
import { Holder, type Changes } from "./holder.js";
import { Reporter, unitOf } from "./reporter.js";
import type { Settings } from "./settings.js";
import type { Status } from "./status.js";

/** A flag serves something else now. */
export interface Change {
  readonly flag: string;
  /** `<epoch>-<revision>` of what is served now; undefined when nobody told. */
  readonly revision: string | undefined;
}

/** Evaluates flags for one context. A map of your flags, `createClient<{ upload_limit: number }>(…)`, types the keys. */
export class Client<Flags extends object = AnyFlags> {
  readonly #settings: Settings;
  readonly #holder: Holder;
  readonly #reporter: Reporter | undefined;
  readonly #unwatch: () => void;
  #feed: Feed | undefined;
  #waitUntil = 0;
  /** No connection may be open: the page is hidden, or was left. */
  #isPaused = false;
  /** Takes back what happens to a page that stays hidden. */
  #unhide: (() => void) | undefined;
  #saidNoUnit = false;

  /** @internal */
  constructor(settings: Settings) {
    const { wire, page } = (this.#settings = settings);
    this.#holder = new Holder(settings);
    this.#reporter = wire && settings.sendsEvents ? new Reporter(wire, settings) : undefined;
    this.#unwatch = page.watch({
      hidden: () => {
        this.#hidden();
      },
      left: () => {
        this.#hidden();
        this.#pause();
      },
      shown: () => {
        this.#shown();
      },
    });
    this.#listen();
    if (page.isHidden()) this.#hidden();
  }

  /** Whether a boolean flag serves true. A flag of another type is TYPE_MISMATCH, and the default. */
  isEnabled(key: BooleanKey<Flags>, fallback = false): boolean {
    return this.#evaluate(key, fallback).value;
  }

  /** What a flag serves, of the default's type; else the default. Objects are frozen. */
  value<K extends Key<Flags>, D extends Flags[K] & Value>(key: K, fallback: D): Served<Flags, K, D> {
    return this.details(key, fallback).value;
  }

  /** The name of the variant served; undefined when the caller's own default is. */
  variant(key: Key<Flags>): string | undefined {
    return this.#evaluate(key, undefined).variant;
  }

  /** What a flag serves, and why. */
  details<K extends Key<Flags>, D extends Flags[K] & Value>(key: K, fallback: D): Details<Served<Flags, K, D>> {
    return this.#evaluate(key, fallback) as unknown as Details<Served<Flags, K, D>>;
  }

  /**
   * Notes a measurement for whom the flags are evaluated for, who needs a targeting key: 1, or a finite number. It leaves
   * with the next batch.
   */
  track(metric: string, value = 1): void {
    const unit = unitOf(["targetingKey"], this.#holder.context);
    if (unit !== undefined && isName(metric) && Number.isFinite(value)) this.#reporter?.measured(metric, unit, value);
    else if (!this.#saidNoUnit) {
      this.#saidNoUnit = true;
      this.#settings.say("warn", "track() needs a name, a targeting key and a number");
    }
  }

  /** Calls a function whenever a flag serves something else. Gives what ends it. */
  onChange(key: Key<Flags>, then: (change: Change) => unknown): () => void {
    return this.onAnyChange(({ flags, revision }) => flags.includes(key) && then({ flag: key, revision }));
  }

  /** As `onChange`, for all flags: called once for all that changed at once. */
  onAnyChange(then: (changes: Changes) => unknown): () => void {
    return this.#holder.changed.add(then);
  }

  /** Calls a function whenever the state changes. Gives what ends it. */
  onStatus(then: (status: Status) => unknown): () => void {
    return this.#holder.moved.add(then);
  }

  /** How current the results are. */
  status(): Status {
    return this.#holder.status;
  }

  /**
   * Waits for results for the context that was set last: from the server, the cache or `bootstrap`; at most what is left
   * of `startWaitMs` since it was set. Whether there are any. Never rejects.
   */
  async ready(): Promise<boolean> {
    const holder = this.#holder;
    const { clock, wire } = this.#settings;
    if (wire && holder.status.state !== "closed") await sleep(clock, this.#waitUntil - clock.now(), holder.arrival);
    return holder.isServed;
  }

  /**
   * Evaluates for somebody else from now on. Until results come for them, what was kept for them serves, else the present
   * results, or with `reset` the callers' defaults. Ends as `ready()` does.
   */
  setContext(context: Context, { reset = false }: { reset?: boolean } = {}): Promise<boolean> {
    const next = plain(context);
    const isOther = JSON.stringify(next) !== JSON.stringify(this.#holder.context);
    if (isOther && this.#holder.status.state !== "closed") {
      this.#feed?.stop();
      this.#holder.turnTo(next, reset);
      this.#listen();
    }
    return this.ready();
  }

  /** Sends what is kept for the server; ends when that is done, or has failed. */
  async flush(): Promise<void> {
    await this.#reporter?.flush();
  }

  /** Ends every connection, within a second; what is held serves on. */
  async close(): Promise<void> {
    this.#unwatch();
    this.#unhide?.();
    this.#feed?.stop();
    this.#holder.close();
    await this.#reporter?.close();
  }

  #evaluate<D>(key: string, fallback: D): Details<D> {
    const { served, isFilled } = this.#holder;
    const entry = served.flags.get(key);
    const details = detailsOf(key, entry, fallback, isFilled);
    this.#reporter?.evaluated(details, entry?.track, served.context);
    return details;
  }

  #listen(): void {
    const { wire, clock, startWaitMs } = this.#settings;
    if (!wire) return;
    this.#waitUntil = clock.now() + startWaitMs;
    this.#feed ??= new Feed(wire, this.#settings, this.#holder);
    this.#feed.turnTo(this.#holder.context);
    if (!this.#isPaused) this.#feed.start();
  }

  /** The page may be closed without another word. */
  #hidden(): void {
    const { clock, hiddenAfterMs } = this.#settings;
    void this.#reporter?.flush();
    this.#holder.keep();
    this.#unhide ??= clock.after(hiddenAfterMs, () => {
      this.#pause();
    });
  }

  #pause(): void {
    this.#isPaused = true;
    this.#feed?.stop();
    this.#holder.isStale(this.#settings.clock.now());
  }

  #shown(): void {
    if (this.#settings.page.isHidden()) return;
    this.#unhide?.();
    this.#unhide = undefined;
    this.#isPaused = false;
    this.#feed?.start();
  }
}
