/**
 * The client's settings: options of the code, else variables of the environment, else defaults. What cannot be used is
 * an exception when the code says it, and a warning when a variable does, since nothing may fail in a request.
 */
import { hostname } from "node:os";
import type { Agent } from "node:http";
import type { Logger } from "./logger.js";

/** Options of a client. Each that is absent is taken from its variable, if it has one, else from the default. */
export interface Options {
  /** Address of the server, with its base path: `https://flags.example.com`. `PENNON_URL`. */
  url?: string | undefined;
  /** The server key of one environment. `PENNON_SDK_KEY`. */
  key?: string | undefined;
  /** A name of this process: rollouts by `$instance` draw by it. `PENNON_INSTANCE_ID`; else host name, process id and start. */
  instanceId?: string | undefined;
  /** A folder to keep the last snapshot in, to start from while the server is away. `PENNON_CACHE_DIR`; else none. */
  cacheDir?: string | undefined;
  /** How long `ready()` waits for the first snapshot. `PENNON_START_WAIT` (in seconds); else 2 000. */
  startWaitMs?: number | undefined;
  /** What admins see beside this instance. `PENNON_LABELS` (`region=eu,team=shop`). */
  labels?: Readonly<Record<string, string>> | undefined;
  /** Whether counts, exposures, tracks and heartbeats are sent. `PENNON_EVENTS`; else true. */
  events?: boolean | undefined;
  /** How often they are sent, give or take a fifth; else 30 000. */
  flushIntervalMs?: number | undefined;
  /** How long a stream may give no byte before polls begin; else 10 000. */
  streamWaitMs?: number | undefined;
  /** How often the snapshot is asked for while there is no stream, give or take a fifth; else 30 000. */
  pollIntervalMs?: number | undefined;
  /** How long a stream may be silent before it counts as dead; else 45 000. */
  readTimeoutMs?: number | undefined;
  /** The first pause after a failure is at most this; else 1 000. */
  backoffMinMs?: number | undefined;
  /** No pause after a failure is longer, unless the server asks for it; else 30 000. */
  backoffMaxMs?: number | undefined;
  /** After this long without a failure the pauses begin anew; else 60 000. */
  healthyAfterMs?: number | undefined;
  /** How long making a connection may take; else 10 000. */
  connectTimeoutMs?: number | undefined;
  /** A snapshot to serve until a newer one comes: the document, or its JSON. */
  bootstrap?: object | string | undefined;
  /** Takes the log; else the console, on standard error. */
  logger?: Logger | undefined;
  /** Makes the connections, for a proxy or a certificate of your own; else each request has a connection of its own. */
  agent?: Agent | undefined;
}

type TimeName =
  | "startWaitMs"
  | "flushIntervalMs"
  | "streamWaitMs"
  | "pollIntervalMs"
  | "readTimeoutMs"
  | "backoffMinMs"
  | "backoffMaxMs"
  | "healthyAfterMs"
  | "connectTimeoutMs";

/** What a client goes by. Without an address or a key it is not configured. */
export type Settings = Readonly<Record<TimeName, number>> & {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly instanceId: string;
  readonly cacheDir: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly events: boolean;
};

/** A value that cannot be used: its name, and what is allowed. */
export class OptionError extends TypeError {
  override readonly name = "OptionError";
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_MS: Readonly<Record<TimeName, number>> = {
  startWaitMs: 2_000,
  flushIntervalMs: 30_000,
  streamWaitMs: 10_000,
  pollIntervalMs: 30_000,
  readTimeoutMs: 45_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 30_000,
  healthyAfterMs: 60_000,
  connectTimeoutMs: 10_000,
};
/** A time may be anything up to a day; beyond that somebody mistook the unit. */
const LONGEST_MS = 86_400_000;
const MAX_LABELS = 16;
const MAX_LABEL_NAME = 64;
const MAX_LABEL_VALUE = 128;
const MAX_INSTANCE_ID = 200;
const STARTED_AT = Date.now();

const VARIABLES = {
  url: "PENNON_URL",
  key: "PENNON_SDK_KEY",
  instanceId: "PENNON_INSTANCE_ID",
  cacheDir: "PENNON_CACHE_DIR",
  startWaitMs: "PENNON_START_WAIT",
  labels: "PENNON_LABELS",
  events: "PENNON_EVENTS",
} as const;

const NAMES = new Set([...Object.keys(VARIABLES), ...Object.keys(DEFAULT_MS), "bootstrap", "logger", "agent"]);

/** Reads settings. Warnings, one for each variable that cannot be used, are added to `warnings`. Throws `OptionError`. */
export function readSettings(options: Options, environment: Environment, warnings: string[]): Settings {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw new OptionError(`there is no option ${name}; there are ${[...NAMES].join(", ")}`);
  }
  const take = <T>(name: keyof typeof VARIABLES, read: Read<T>, parse: (text: string) => unknown, otherwise: T): T => {
    const option = options[name];
    if (option !== undefined) return read(option, name);
    const variable = VARIABLES[name];
    // What comes from a file, or a list, often has a line feed or a space at its end.
    const text = environment[variable]?.trim();
    if (text === undefined || text === "") return otherwise;
    try {
      return read(parse(text), variable);
    } catch (error) {
      warnings.push((error as Error).message);
      return otherwise;
    }
  };
  const times = readTimes(options);
  return {
    ...times,
    url: take("url", readUrl, asText, undefined),
    key: take("key", readKey, asText, undefined),
    instanceId: take("instanceId", readInstanceId, asText, `${hostname()}-${process.pid}-${STARTED_AT}`),
    cacheDir: take("cacheDir", readPath, asText, undefined),
    startWaitMs: take("startWaitMs", readStartWait, (text) => Number(text) * 1_000, times.startWaitMs),
    labels: take("labels", readLabels, parseLabels, {}),
    events: take("events", readBoolean, parseBoolean, true),
  };
}

/** Throws `OptionError` for an option that cannot be used. */
export function checkOptions(options: Options): void {
  readSettings(options, {}, []);
}

type Read<T> = (value: unknown, name: string) => T;

const asText = (text: string): string => text;

function refuse(name: string, allowed: string): never {
  throw new OptionError(`${name} must be ${allowed}`);
}

function readTimes(options: Options): Record<TimeName, number> {
  const times = { ...DEFAULT_MS };
  for (const name of Object.keys(DEFAULT_MS) as TimeName[]) {
    const value = options[name];
    if (value !== undefined && name !== "startWaitMs") times[name] = readMs(value, name, 1);
  }
  return times;
}

function readMs(value: unknown, name: string, least: number): number {
  const fits = typeof value === "number" && value >= least && value <= LONGEST_MS;
  return fits ? value : refuse(name, `a number of milliseconds from ${least} to ${LONGEST_MS}`);
}

function readStartWait(value: unknown, name: string): number {
  if (name === "startWaitMs") return readMs(value, name, 0);
  const fits = typeof value === "number" && value >= 0 && value <= LONGEST_MS;
  return fits ? value : refuse(name, `a number of seconds from 0 to ${LONGEST_MS / 1_000}`);
}

function readUrl(value: unknown, name: string): string {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const fits =
    url !== undefined && /^https?:$/.test(url.protocol) && !`${url.username}${url.password}${url.search}${url.hash}`;
  return fits
    ? url.href.replace(/\/+$/, "")
    : refuse(name, "an http or https address without user, query and fragment");
}

function readKey(value: unknown, name: string): string {
  const fits = typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
  return fits ? value : refuse(name, "a key as the server gave it: visible ASCII without spaces");
}

function readInstanceId(value: unknown, name: string): string {
  return isText(value, 1, MAX_INSTANCE_ID)
    ? value
    : refuse(name, `a text of 1 to ${MAX_INSTANCE_ID} characters, none of them a control character`);
}

/** Whether it is a text that the server reads: so many characters, well-formed, none of them a control character. */
function isText(value: unknown, least: number, most: number): value is string {
  if (typeof value !== "string" || /[\p{Cc}\p{Cs}]/u.test(value)) return false;
  // Characters, as the server counts them.
  const { length } = Array.from(value);
  return length >= least && length <= most;
}

function readPath(value: unknown, name: string): string {
  const fits = typeof value === "string" && value.length > 0 && !value.includes("\0");
  return fits ? value : refuse(name, "the path of a folder");
}

function readBoolean(value: unknown, name: string): boolean {
  return typeof value === "boolean" ? value : refuse(name, "true or false");
}

function parseBoolean(text: string): unknown {
  return { true: true, false: false }[text.toLowerCase()] ?? text;
}

/** `region=eu,team=shop`; nothing between two commas is passed over. */
function parseLabels(text: string): unknown {
  const given = text.split(",").filter((pair) => pair.trim() !== "");
  const pairs = given.map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, undefined] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs) as unknown;
}

function readLabels(value: unknown, name: string): Readonly<Record<string, string>> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const pairs: [string, unknown][] = isMap ? Object.entries(value) : refuse(name, ALLOWED_LABELS);
  const fits = ([label, text]: [string, unknown]): boolean =>
    isText(label, 1, MAX_LABEL_NAME) && isText(text, 0, MAX_LABEL_VALUE);
  return pairs.length <= MAX_LABELS && pairs.every(fits)
    ? Object.freeze(Object.fromEntries(pairs) as Record<string, string>)
    : refuse(name, ALLOWED_LABELS);
}

const ALLOWED_LABELS = `at most ${MAX_LABELS} labels with names of 1 to ${MAX_LABEL_NAME} characters and texts of at most ${MAX_LABEL_VALUE}, none of them a control character`;
