/**
 * `@pennon/sdk/openfeature-web`: the provider for OpenFeature's web SDK. OpenFeature holds the context and tells of its
 * changes; the client of `@pennon/sdk/web` does the rest. Must not evaluate.
 *
 * @example
 * ```ts
 * import { OpenFeature } from "@openfeature/web-sdk";
 * import { PennonWebProvider } from "@pennon/sdk/openfeature-web";
 *
 * await OpenFeature.setContext({ targetingKey: "user-1" });
 * await OpenFeature.setProviderAndWait(new PennonWebProvider({ url: "https://flags.example", key: "pnn_cli_…" }));
 * OpenFeature.getClient().getBooleanValue("new_checkout_flow", false);
 * ```
 */
import {
  ErrorCode,
  GeneralError,
  OpenFeatureEventEmitter,
  ProviderEvents,
  type EvaluationContext,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
  type TrackingEventDetails,
} from "@openfeature/web-sdk";
import { createClient, type Client, type Details, type Options, type State, type Value } from "../web/index.js";

import { settingsOf } from "../web/settings.js";

/** The options of a client, but for the context, which OpenFeature holds. */
export type ProviderOptions = Omit<Options, "context">;

/** The metadata that OpenFeature knows of: scalars, as all of it is. */
type FlagMetadata = Record<string, string | number | boolean>;

/** Serves flags of Pennon to OpenFeature's web SDK. */
export class PennonWebProvider implements Provider {
  readonly metadata = { name: "pennon" } as const;
  readonly runsOn = "client";
  readonly events = new OpenFeatureEventEmitter();
  readonly #options: ProviderOptions;
  #client: Client | undefined;
  /** Contexts that were set; only what becomes of the last one is told. */
  #contexts = 0;
  /** What OpenFeature has been told last, by an event or by how a promise ended. */
  #told: State = "starting";
  /** While OpenFeature waits for a promise, that tells it all. */
  #isAwaited = false;

  /** Throws a TypeError that names the option that cannot be used. */
  constructor(options: ProviderOptions) {
    settingsOf(options);
    this.#options = options;
  }

  /** Begins to listen. Rejects when there are no results after `startWaitMs`; when they come later, that is an event. */
  async initialize(context: EvaluationContext = {}): Promise<void> {
    const client = createClient({ ...this.#options, context });
    this.#client = client;
    client.onStatus(({ state }) => {
      this.#tell(state);
    });
    client.onAnyChange(({ flags }) => {
      if (!this.#isAwaited) this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flags] });
    });
    await this.#settle(client, () => client.ready());
  }

  /** Turns to another context: the results of the one before serve until its own come, which OpenFeature waits for. */
  async onContextChange(_before: EvaluationContext, context: EvaluationContext): Promise<void> {
    const client = this.#client;
    if (client) await this.#settle(client, () => client.setContext(context));
  }

  /** Ends every connection, within a second. */
  async onClose(): Promise<void> {
    await this.#client?.close();
  }

  resolveBooleanEvaluation(key: string, fallback: boolean): ResolutionDetails<boolean> {
    return this.#resolve(key, fallback, fallback);
  }

  resolveStringEvaluation(key: string, fallback: string): ResolutionDetails<string> {
    return this.#resolve(key, fallback, fallback);
  }

  resolveNumberEvaluation(key: string, fallback: number): ResolutionDetails<number> {
    return this.#resolve(key, fallback, fallback);
  }

  resolveObjectEvaluation<T extends JsonValue>(key: string, fallback: T): ResolutionDetails<T> {
    // Whatever the default is, an object is asked for.
    return this.#resolve(key, {}, fallback);
  }

  /** Notes a measurement for whom the flags are evaluated for: 1, or the number in `value`. */
  track(name: string, _context: EvaluationContext, details: TrackingEventDetails = {}): void {
    this.#client?.track(name, details.value);
  }

  #resolve<T>(key: string, asked: Value, fallback: T): ResolutionDetails<T> {
    const details = this.#client?.details(key, asked) as Details<unknown> | undefined;
    if (!details) return { value: fallback, reason: "ERROR", errorCode: ErrorCode.PROVIDER_NOT_READY };
    const { value, variant, reason, errorCode, errorMessage, metadata } = details;
    return {
      value: value === asked ? fallback : (value as T),
      reason,
      flagMetadata: metadata as FlagMetadata,
      ...(variant !== undefined && { variant }),
      ...(errorCode && { errorCode: ErrorCode[errorCode], errorMessage: errorMessage ?? "" }),
    };
  }

  /** Ends as what was waited for did; one that another context has overtaken tells nothing. */
  async #settle(client: Client, wait: () => Promise<boolean>): Promise<void> {
    const mine = (this.#contexts += 1);
    this.#isAwaited = true;
    let isServed = false;
    try {
      isServed = await wait();
    } finally {
      if (mine === this.#contexts) {
        this.#isAwaited = false;
        this.#told = isServed ? "ready" : "starting";
      }
    }
    if (!isServed && mine === this.#contexts) {
      throw new GeneralError(`no results yet: ${client.status().lastError ?? "the server is slow"}`);
    }
  }

  #tell(state: State): void {
    if (this.#isAwaited || state === this.#told) return;
    if (state === "ready") this.events.emit(ProviderEvents.Ready);
    else if (state === "stale") this.events.emit(ProviderEvents.Stale);
    this.#told = state;
  }
}
