/**
 * One environment, followed: the snapshot, who keeps it current, what is told of it and what is kept for the server. Puts
 * the parts together; each part does one thing.
 */
import { randomBytes } from "node:crypto";
import { failed, unitOf, type Asked, type At, type Snapshot, type Track } from "../engine/index.js";
import { EventBuffer, isName } from "../shared/event-buffer.js";
import { VERSION } from "../shared/version.js";
import { Cache, fileName } from "./cache.js";
import { notReady, type Outcome } from "./evaluation.js";
import { Follower } from "./follower.js";
import { Held } from "./held.js";
import { CONSOLE, safe, type Logger } from "./logger.js";
import { Sender } from "./sender.js";
import { OptionError, readSettings, type Options, type Settings } from "./settings.js";
import { StatusBoard } from "./status.js";
import type { Context } from "./subject.js";
import { Watchers } from "./watchers.js";
import { SDK, type Wire } from "./wire.js";
import { awaited, type World } from "./world.js";

/** A close ends within a second; this is what the last batch may take of it. */
const LAST_BATCH_MS = 800;
/** A flush is waited for no longer; what is under way then goes on. */
const FLUSH_MS = 1_000;
/** Lines about measurements that are dropped: each is said once, and they are remembered. */
const MAX_SAID = 100;
const BY_TARGETING_KEY = ["targetingKey"];

/** What a client is made of. */
export interface Make {
  readonly options: Options;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly world: World;
}

export class Core {
  readonly held: Held;
  readonly status: StatusBoard;
  readonly watchers: Watchers;
  readonly at: At;
  /** What `reportHealth` said last. */
  healthy = true;

  readonly #settings: Settings;
  readonly #world: World;
  readonly #logger: Logger;
  readonly #startedAt: number;
  readonly #startedMs: number;
  #follower: Follower | undefined;
  #buffer: EventBuffer | undefined;
  #sender: Sender | undefined;
  #cache: Cache | undefined;
  #first: () => void = () => undefined;
  #firstSnapshot: Promise<void>;
  #closing: Promise<void> | undefined;
  readonly #said = new Set<string>();

  /** Throws `OptionError`. Begins at once. */
  constructor({ options, environment, world }: Make) {
    const warnings: string[] = [];
    this.#settings = readSettings(options, environment, warnings);
    this.#world = world;
    this.#logger = safe(options.logger ?? CONSOLE);
    this.#startedAt = world.nowMs();
    this.#startedMs = world.elapsedMs();
    this.#firstSnapshot = new Promise((resolve) => (this.#first = resolve));
    const { url, key, instanceId } = this.#settings;
    this.at = { nowMs: world.nowMs, random: () => Math.floor(world.random() * 2 ** 32), instance: instanceId };
    this.watchers = new Watchers(world, this.#logger);
    this.held = new Held((before, after) => {
      this.#replaced(before, after);
    });
    this.status = new StatusBoard(this.held, world, this.#logger, url !== undefined && key !== undefined);
    if (url === undefined || key === undefined) this.#unconfigured(warnings, options.bootstrap);
    for (const warning of warnings) this.#logger.warn(warning);
    if (url !== undefined && key !== undefined && this.#settings.cacheDir !== undefined) {
      this.#cache = new Cache(this.#settings.cacheDir, fileName(url, key), world, this.#logger);
    }
    this.#begin(options);
    if (url !== undefined && key !== undefined) {
      const { connectTimeoutMs } = this.#settings;
      this.#connect({ base: url, key, connectTimeoutMs, agent: options.agent, world });
    }
  }

  /** Decides a flag for a subject, and counts it; no subject stands for one that cannot be read. */
  evaluate(key: string, subject: Context | undefined, asked: Asked | undefined): Outcome {
    const { snapshot } = this.held;
    let outcome: Outcome;
    if (subject === undefined) outcome = failed(key, "GENERAL");
    else outcome = snapshot === undefined ? notReady(key) : snapshot.evaluate(key, subject, asked, this.at);
    const buffer = this.#buffer;
    if (buffer !== undefined) {
      buffer.count(key, outcome.variant, outcome.reason, outcome.errorCode);
      if (outcome.track !== undefined) this.#expose(buffer, outcome, outcome.track, subject);
    }
    return outcome;
  }

  /** Notes a measurement. */
  track(metric: string, value: number, subject: Context): void {
    if (this.#buffer === undefined) return;
    if (!isName(metric)) {
      this.#sayOnce("a measurement is dropped: a metric's name has 1 to 100 characters, none a control character");
      return;
    }
    if (!Number.isFinite(value)) {
      this.#sayOnce(`a measurement of ${metric} is dropped: its value is no finite number`);
      return;
    }
    const unit = unitOf(BY_TARGETING_KEY, subject, this.at);
    if (unit === undefined) {
      this.#sayOnce("a measurement is dropped: its context has no targeting key");
      return;
    }
    this.#buffer.track(this.#world.nowMs(), metric, unit, value);
    this.#sender?.kept();
  }

  /** Waits for the first snapshot, at most what is left of `startWaitMs`; whether there is one. */
  async ready(): Promise<boolean> {
    const leftMs = this.#startedMs + this.#settings.startWaitMs - this.#world.elapsedMs();
    const waits = this.held.snapshot === undefined && this.#follower !== undefined && this.#closing === undefined;
    if (waits && leftMs > 0) await awaited(this.#firstSnapshot, leftMs);
    return this.held.snapshot !== undefined;
  }

  async flush(): Promise<void> {
    if (this.#sender !== undefined && this.#closing === undefined) await awaited(this.#sender.flush(), FLUSH_MS);
  }

  /** Ends everything but evaluation, within a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#follower?.close();
    this.status.close();
    this.watchers.close();
    this.#first();
    const rest = Promise.all([this.#sender?.close(LAST_BATCH_MS), this.#cache?.flush()]);
    this.#buffer = undefined;
    await awaited(rest, LAST_BATCH_MS + 100);
  }

  #unconfigured(warnings: string[], given: unknown): void {
    const served = given === undefined ? "the defaults of the code are served" : "the bootstrap is served";
    // A variable that cannot be used has been told already.
    if (warnings.length === 0) warnings.push(`no url or no key (PENNON_URL, PENNON_SDK_KEY): ${served}`);
  }

  /** Takes what is there without the server: the cache, or what the caller has given, whichever is newer. */
  #begin({ bootstrap }: Options): void {
    const cached = this.#cache?.load();
    if (cached !== undefined) this.held.take(cached, "cache");
    if (bootstrap !== undefined) {
      try {
        this.held.put(typeof bootstrap === "string" ? bootstrap : JSON.stringify(bootstrap), "bootstrap");
      } catch (error) {
        throw new OptionError(`bootstrap must be a snapshot: ${(error as Error).message}`);
      }
    }
    this.status.update();
  }

  #connect(wire: Wire): void {
    if (this.#settings.events) {
      const buffer = new EventBuffer(this.#settings.instanceId, randomBytes(8).toString("hex"), this.#startedAt);
      this.#buffer = buffer;
      const heartbeat = (nowMs: number): object => this.#heartbeat(nowMs, buffer);
      this.#sender = new Sender(wire, this.#settings, buffer, heartbeat, this.#logger);
      this.#sender.start();
    }
    this.#follower = new Follower(wire, this.#settings, this.held, this.status, this.#logger);
    this.#follower.start();
  }

  #replaced(before: Snapshot | undefined, after: Snapshot): void {
    this.#first();
    const { source } = this.held;
    if (source === "stream" || source === "poll") this.#cache?.save(after);
    this.watchers.replaced(before, after);
  }

  #expose(buffer: EventBuffer, outcome: Outcome, track: Track, subject: Context | undefined): void {
    try {
      const unit = unitOf(track.by, subject, this.at);
      if (unit === undefined) return;
      buffer.exposure(this.#world.nowMs(), outcome.flagKey, outcome.variant, { ...track, unit });
      this.#sender?.kept();
    } catch {
      // A getter threw that did not while the flag was decided: there is no unit.
    }
  }

  #heartbeat(nowMs: number, { dropped }: EventBuffer): object {
    const { state, revision } = this.status.get();
    return {
      kind: "instance",
      at: new Date(nowMs).toISOString(),
      sdk: SDK,
      sdkVersion: VERSION,
      startedAt: new Date(this.#startedAt).toISOString(),
      state,
      revision,
      healthy: this.healthy,
      labels: this.#settings.labels,
      dropped: { ...dropped },
    };
  }

  #sayOnce(message: string): void {
    if (!this.#said.has(message) && this.#said.size < MAX_SAID) {
      this.#said.add(message);
      this.#logger.warn(message);
    }
  }
}
