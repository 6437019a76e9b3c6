/**
 * The client of a page: evaluates from the results that it holds, and keeps them current while the page is seen. Must not
 * throw or wait in an evaluation.
 */
import type { FlagValue } from "../engine/evaluation.js";
import { sleep } from "./clock.js";
import { plain, type Context } from "./context.js";
import { detailsOf, type Details } from "./details.js";
import { Feed } from "./feed.js";
import { Holder, type Changes } from "./holder.js";
import { Reporter, unitOf } from "./reporter.js";
import type { Settings } from "./settings.js";
import type { Status } from "./status.js";

/** The type of a default, as flags have types: `value("k", "a")` gives any text, not only "a". */
export type Widened<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T;

/** A flag serves something else now. */
export interface Change {
  readonly flag: string;
  /** `<epoch>-<revision>` of what is served now; undefined when nobody told. */
  readonly revision: string | undefined;
}

/** Evaluates flags for one context. */
export class Client {
  readonly #settings: Settings;
  readonly #holder: Holder;
  readonly #reporter: Reporter | undefined;
  readonly #unwatch: () => void;
  #feed: Feed | undefined;
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
  isEnabled(key: string, fallback = false): boolean {
    return this.details(key, fallback).value;
  }

  /** What a flag serves, of the default's type; else the default. */
  value<T extends FlagValue>(key: string, fallback: T): Widened<T> {
    return this.details(key, fallback).value;
  }

  /** The name of the variant served; undefined when there is none, and the caller's own default is due. */
  variant(key: string): string | undefined {
    return this.#evaluate(key, null).variant;
  }

  /** What a flag serves, and why. */
  details<T extends FlagValue>(key: string, fallback: T): Details<Widened<T>> {
    return this.#evaluate(key, fallback) as Details<Widened<T>>;
  }

  /**
   * Notes a measurement for whom the flags are evaluated for, who needs a targeting key: 1, or a finite number. It leaves
   * with the next batch.
   */
  track(metric: string, value = 1): void {
    const unit = unitOf(["targetingKey"], this.#holder.context);
    if (unit !== undefined && Number.isFinite(value)) this.#reporter?.measured(metric, unit, value);
    else if (!this.#saidNoUnit) {
      this.#saidNoUnit = true;
      this.#settings.logger.warn("pennon: a measurement needs a targeting key and a finite number; it is dropped");
    }
  }

  /** Calls a function whenever a flag serves something else, or with no key: whenever any does. Gives what ends it. */
  onChange(key: string, then: (change: Change) => void): () => void;
  onChange(then: (changes: Changes) => void): () => void;
  onChange(key: string | ((changes: Changes) => void), then?: (change: Change) => void): () => void {
    const { changed } = this.#holder;
    if (typeof key === "function") return changed.add(key);
    return changed.add(({ flags, revision }) => {
      if (flags.includes(key)) then?.({ flag: key, revision });
    });
  }

  /** Calls a function whenever the state changes. Gives what ends it. */
  onStatus(then: (status: Status) => void): () => void {
    return this.#holder.moved.add(then);
  }

  /** How current the results are. */
  status(): Status {
    return this.#holder.status;
  }

  /**
   * Ends when there are results for the context that was set last: from the server, the cache or `bootstrap`; at the
   * latest after `startWaitMs`. It never rejects: ask `status()`.
   */
  async ready(): Promise<void> {
    const { clock, startWaitMs, wire } = this.#settings;
    if (wire && this.#holder.status.state !== "closed") await sleep(clock, startWaitMs, this.#holder.arrival);
  }

  /**
   * Evaluates for somebody else from now on. Until results come for them, what was kept for them serves, else the present
   * results, or with `reset` the callers' defaults. Ends as `ready()` does.
   */
  setContext(context: Context, { reset = false }: { reset?: boolean } = {}): Promise<void> {
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
    this.#holder.keep();
    this.#holder.set({ state: "closed" });
    await this.#reporter?.close();
  }

  #evaluate<T extends FlagValue | null>(key: string, fallback: T): Details<T> {
    const { served, isFilled } = this.#holder;
    const entry = served.flags.get(key);
    const details = detailsOf(key, entry, fallback, isFilled);
    this.#reporter?.evaluated(details, entry?.track, served.context);
    return details;
  }

  #listen(): void {
    const { wire } = this.#settings;
    if (!wire) return;
    this.#feed = new Feed(wire, this.#settings, this.#holder.context, this.#holder);
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
