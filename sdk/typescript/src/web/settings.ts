/**
 * What a client is given, checked, and with what was not given filled in. Must not start anything. What cannot be used is
 * said at once, with its name and what is allowed.
 */
import { localStore, type Store } from "./cache.js";
import { systemClock, type Clock } from "./clock.js";
import { plain, type Context } from "./context.js";
import type { JsonObject } from "../engine/evaluation.js";
import type { FeedLimits } from "./feed.js";
import type { Wire } from "./http.js";
import { thisPage, type Page } from "./page.js";
import type { ReporterLimits } from "./reporter.js";
import { readResults, type Bootstrap } from "./results.js";

/** Where the few lines go that a client has to say: one when an outage begins, one when it ends, and what is wrong. */
export interface Logger {
  error(message: string, ...more: unknown[]): void;
  warn(message: string, ...more: unknown[]): void;
  info(message: string, ...more: unknown[]): void;
}

/** Says a line; never throws. */
export type Say = (level: keyof Logger, message: string, ...more: unknown[]) => void;

/** Times, in milliseconds. */
export interface Times {
  /** How long `ready()` and `setContext()` wait at most. */
  readonly startWaitMs: number;
  /** A stream that gives no byte for so long is held back by a proxy: polling begins. */
  readonly streamWaitMs: number;
  /** Between two polls, give or take a fifth. */
  readonly pollIntervalMs: number;
  /** A stream that is silent for so long is dead. */
  readonly readTimeoutMs: number;
  /** After the first failure the next attempt waits at most so long, and twice as long after each further one. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** After so long of health a failure counts as the first. */
  readonly healthyAfterMs: number;
  /** Between two batches of events, give or take a fifth. */
  readonly flushIntervalMs: number;
  /** A page that has been hidden for so long gives its stream up until it is seen again. */
  readonly hiddenAfterMs: number;
}

/** What `createClient` takes. */
export interface Options extends Partial<Times> {
  /** The server's address, such as `https://flags.example`, or a path of the page's own origin. */
  readonly url?: string | undefined;
  /** A client key: it is public, and sees only flags that are `clientVisible`. */
  readonly key?: string | undefined;
  /** Whom the flags are evaluated for; nobody in particular when absent. */
  readonly context?: Context | undefined;
  /** What a server SDK's `bootstrap(context)` gave for this context. It is served at once, and the cache is not read. */
  readonly bootstrap?: Bootstrap | undefined;
  /** Where the last results are kept: the browser's `localStorage`, a store of yours, or nowhere (`false`). */
  readonly cache?: boolean | Store | undefined;
  /** Whether evaluations, exposures and measurements are sent to the server: true. */
  readonly events?: boolean | undefined;
  /** The console when absent. */
  readonly logger?: Logger | undefined;
  /** For tests, and where `fetch` is wrapped. */
  readonly fetch?: typeof fetch | undefined;
  /** For tests: time and chance, and what the browser tells of the page. */
  readonly clock?: Clock | undefined;
  readonly page?: Page | undefined;
}

/** Options, all of them. */
export interface Settings extends FeedLimits, ReporterLimits, Times {
  /** Absent without an address or a key. */
  readonly wire: Wire | undefined;
  readonly context: JsonObject;
  readonly bootstrap: Bootstrap | undefined;
  readonly store: Store | undefined;
  readonly sendsEvents: boolean;
  readonly say: Say;
  readonly page: Page;
}

const TIMES: Times = {
  startWaitMs: 2_000,
  streamWaitMs: 10_000,
  pollIntervalMs: 30_000,
  readTimeoutMs: 45_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 30_000,
  healthyAfterMs: 60_000,
  flushIntervalMs: 30_000,
  hiddenAfterMs: 120_000,
};
/** A time may be anything up to a day; beyond that somebody mistook the unit. */
const LONGEST_MS = 86_400_000;

function times(options: Options): Times {
  const read = ([name, otherwise]: [string, number]): [string, number] => {
    const value = options[name as keyof Times] ?? otherwise;
    const least = name === "startWaitMs" ? 0 : 1;
    if (Number.isFinite(value) && value >= least && value <= LONGEST_MS) return [name, value];
    throw new TypeError(`${name} must be milliseconds from ${least} to ${LONGEST_MS}`);
  };
  return Object.fromEntries(Object.entries(TIMES).map(read)) as unknown as Times;
}

/** An address without what does not belong to it; a path is of the page's own origin. */
function address(url: string): string {
  try {
    const { protocol, origin, pathname } = new URL(url, (globalThis as { location?: Location }).location?.href);
    if (/^https?:$/.test(protocol)) return origin + pathname.replace(/\/+$/, "");
  } catch {
    // Said below.
  }
  throw new TypeError("url must be an http(s) address or a path");
}

function wire({ url, key, fetch: own }: Options): Wire | undefined {
  if (!url || !key) return undefined;
  if (key.startsWith("pnn_srv_")) {
    throw new TypeError("key must be a client key");
  }
  // Called as a function of nobody: a browser's fetch refuses to be called as a method.
  return { url: address(url), key, fetch: own ?? ((...request) => globalThis.fetch(...request)) };
}

/** Checks options; throws a TypeError that names the one that cannot be used. */
export function settingsOf(options: Options): Settings {
  const { bootstrap, cache = true, logger = console, clock = systemClock } = options;
  return {
    ...times(options),
    wire: wire(options),
    context: plain(options.context),
    bootstrap: bootstrap ? readResults(bootstrap, "bootstrap") : undefined,
    store: cache === true ? localStore() : cache || undefined,
    sendsEvents: options.events ?? true,
    say: (level, message, ...more) => {
      try {
        logger[level](`pennon: ${message}`, ...more);
      } catch {
        // There is no other place to say it, and what goes on here must go on.
      }
    },
    clock,
    page: options.page ?? thisPage,
  };
}
