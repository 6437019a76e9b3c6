/**
 * The results of the last contexts, kept by the browser for an instant start. What it holds for another address, key or
 * context is never given; a store that is full, forbidden or absent is survived. Must not keep a context or a key.
 */
import { digest } from "./digest.js";
import type { Clock } from "./clock.js";
import type { JsonObject } from "../engine/evaluation.js";
import type { Wire } from "./http.js";
import { readResults, type Bootstrap, type Results } from "./results.js";

/** The part of `localStorage` that is used. */
export interface Store {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
}

/** What was kept, and when: epoch milliseconds. */
export interface Kept {
  readonly at: number;
  readonly results: Bootstrap;
}

/** Contexts of one page, such as before and after the log-in; more would only fill the browser's few megabytes. */
const CONTEXTS = 4;
/** A flood of changes must not make a page write all the time. */
const PACE_MS = 1_000;
const PREFIX = "pennon-";
/** Names what is kept, the last used first. */
const INDEX = `${PREFIX}index`;

/** The browser's own store; nothing where there is none, or it may not be used. */
export function localStore(): Store | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/** Keeps the results of one client. */
export class Cache {
  readonly #store: Store | undefined;
  readonly #owner: string;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #pending: Results | undefined;

  /** Without a server there is nothing to keep. */
  constructor(store: Store | undefined, wire: Wire | undefined, clock: Clock) {
    this.#store = wire && store;
    this.#owner = `${wire?.url}\n${wire?.key}\n`;
    this.#clock = clock;
  }

  /** What was kept for this context, if it can be read. */
  load(context: JsonObject): Kept | undefined {
    try {
      const { at, results } = JSON.parse(this.#store?.getItem(this.#name(context)) ?? "") as Kept;
      return { at: Number.isFinite(at) ? at : 0, results: readResults(results, "cache") };
    } catch {
      return undefined;
    }
  }

  /** Keeps results soon. */
  save(results: Results): void {
    if (!this.#store) return;
    this.#pending = results;
    this.#cancel ??= this.#clock.after(PACE_MS, () => {
      this.flush();
    });
  }

  /** Keeps now what was to be kept soon. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const results = this.#pending;
    this.#pending = undefined;
    if (!results || !this.#store) return;
    const text = JSON.stringify({ at: this.#clock.now(), results: results.whole() });
    const name = this.#name(results.context);
    // The second time everything else has made room.
    if (!this.#write(this.#store, name, text, CONTEXTS)) this.#write(this.#store, name, text, 1);
  }

  /** Whether it is kept; of the others, only the last used are. */
  #write(store: Store, name: string, text: string, count: number): boolean {
    try {
      const others = (store.getItem(INDEX) ?? "").split(" ").filter((other) => other && other !== name);
      for (const other of others.splice(count - 1)) store.removeItem(other);
      store.setItem(INDEX, [name, ...others].join(" "));
      store.setItem(name, text);
      return true;
    } catch {
      return false;
    }
  }

  #name(context: JsonObject): string {
    return PREFIX + digest(this.#owner + JSON.stringify(context));
  }
}
