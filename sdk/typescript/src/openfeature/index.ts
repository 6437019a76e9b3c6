/**
 * `@pennon/sdk/openfeature`: the provider for OpenFeature's server SDK. The client decides; this tells OpenFeature what it
 * decided, and what became of it. Must not evaluate.
 *
 * @example
 * ```ts
 * import { OpenFeature } from "@openfeature/server-sdk";
 * import { PennonProvider } from "@pennon/sdk/openfeature";
 *
 * await OpenFeature.setProviderAndWait(new PennonProvider({ url: "https://flags.example", key: "pnn_srv_…" }));
 * await OpenFeature.getClient().getBooleanValue("new_checkout_flow", false, { targetingKey: "user-1" });
 * ```
 */
import {
  ErrorCode,
  GeneralError,
  OpenFeatureEventEmitter,
  ProviderEvents,
  ProviderFatalError,
  type EvaluationContext,
  type FlagMetadata,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
  type TrackingEventDetails,
} from "@openfeature/server-sdk";
import {
  createClient,
  flags,
  type Client,
  type Context,
  type Details,
  type Options,
  type State,
} from "../server/index.js";
import { checkOptions } from "../server/settings.js";
import { awaited } from "../server/world.js";

/** Below a second: OpenFeature's close waits for it. */
const LAST_FLUSH_MS = 900;
const SCALARS = ["boolean", "string", "number"];

/** Serves flags of Pennon to OpenFeature's server SDK. */
export class PennonProvider implements Provider {
  readonly metadata = { name: "pennon" } as const;
  readonly runsOn = "server";
  readonly events = new OpenFeatureEventEmitter();
  readonly #options: Options | undefined;
  #client: Client | undefined;
  /** What OpenFeature has been told last. */
  #told: State = "starting";
  #ends: (() => void)[] = [];

  /**
   * Takes a client, which stays open when the provider ends, or the options of one, which begins and ends with the
   * provider; else it is `flags`, which stays open too.
   *
   * @throws OptionError for an option that cannot be used
   */
  constructor(source: Client | Options = flags) {
    if (isClient(source)) {
      this.#client = source;
    } else {
      checkOptions(source);
      this.#options = source;
    }
  }

  /**
   * Waits for the first snapshot, at most `startWaitMs`. Rejects when there is none; when it comes later, that is an event.
   * Without an address or a key that is fatal, unless there is a bootstrap to serve.
   */
  async initialize(): Promise<void> {
    const client = (this.#client ??= createClient(this.#options));
    this.#ends.push(
      client.onStatus(({ state }) => {
        this.#tell(state);
      }),
      client.onAnyChange(({ flags }) => {
        this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flags] });
      }),
    );
    const served = await client.ready();
    const { state, lastError } = client.status();
    if (!served && state === "unconfigured") throw new ProviderFatalError("the client has no url or no key");
    if (!served) throw new GeneralError(`no snapshot yet: ${lastError ?? "the server is slow"}`);
    // What OpenFeature makes of a provider that has begun; what is only cached is told when it has.
    this.#told = "ready";
    setImmediate(() => {
      this.#tell(client.status().state);
    });
  }

  /**
   * Sends what is kept, within a second. A client that the provider has made ends its connections; one that it was given
   * follows on, since other code evaluates by it.
   */
  async onClose(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    if (this.#client === undefined) return;
    if (this.#options !== undefined) await this.#client.close();
    else await awaited(this.#client.flush(), LAST_FLUSH_MS);
  }

  resolveBooleanEvaluation(
    key: string,
    fallback: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return Promise.resolve(this.#resolve(key, fallback, fallback, context));
  }

  resolveStringEvaluation(
    key: string,
    fallback: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return Promise.resolve(this.#resolve(key, fallback, fallback, context));
  }

  resolveNumberEvaluation(
    key: string,
    fallback: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return Promise.resolve(this.#resolve(key, fallback, fallback, context));
  }

  resolveObjectEvaluation<T extends JsonValue>(
    key: string,
    fallback: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    // Whatever the default is, an object is asked for.
    return Promise.resolve(this.#resolve(key, {}, fallback, context));
  }

  /** Notes a measurement: 1, or the number in `value`. */
  track(name: string, context: EvaluationContext, details: TrackingEventDetails = {}): void {
    this.#client?.track(name, details.value, attributes(context));
  }

  #resolve<T>(
    key: string,
    asked: boolean | string | number | object,
    fallback: T,
    context: EvaluationContext,
  ): ResolutionDetails<T> {
    const details = this.#client?.details(key, asked, attributes(context)) as Details<unknown> | undefined;
    if (details === undefined) return { value: fallback, reason: "ERROR", errorCode: ErrorCode.PROVIDER_NOT_READY };
    const { value, variant, reason, errorCode, errorMessage } = details;
    return {
      value: value === asked ? fallback : (value as T),
      reason,
      flagMetadata: flagMetadata(details),
      ...(variant !== undefined && { variant }),
      ...(errorCode !== undefined && { errorCode: ErrorCode[errorCode], errorMessage: errorMessage ?? "" }),
    };
  }

  #tell(state: State): void {
    if (state === this.#told) return;
    if (state === "ready") this.events.emit(ProviderEvents.Ready);
    else if (state === "stale") this.events.emit(ProviderEvents.Stale);
    this.#told = state;
  }
}

/** By its form: the package may be loaded twice. */
function isClient(source: Client | Options): source is Client {
  return "isEnabled" in source;
}

/** OpenFeature's dates as the text that JSON makes of them. */
function attributes(context: EvaluationContext): Context {
  const dates = Object.entries(context).filter(([, value]) => value instanceof Date);
  if (dates.length === 0) return context;
  return { ...context, ...Object.fromEntries(dates.map(([name, value]) => [name, (value as Date).toJSON()])) };
}

function flagMetadata({ metadata, ruleId, version, cause, prerequisite }: Details<unknown>): FlagMetadata {
  const all = Object.entries({ ...metadata, ruleId, version, cause, prerequisite });
  return Object.fromEntries(all.filter(([, value]) => SCALARS.includes(typeof value))) as FlagMetadata;
}
