/**
 * The client: what code asks of flags. Evaluation is synchronous, does no IO and never throws. Nothing begins before the
 * first use, and nothing keeps the process alive.
 */
import type { Asked } from "../engine/index.js";
import type { AnyFlags, BooleanKey, Key, Served, Value } from "../shared/typed.js";
import type { Bootstrap } from "../web/results.js";
import { bootstrap } from "./bootstrap.js";
import { Core } from "./core.js";
import { detailsOf, noKey, type Details, type Outcome } from "./evaluation.js";
import type { Options } from "./settings.js";
import type { Status, StatusListener } from "./status.js";
import { Ambient, type Context } from "./subject.js";
import type { Change, Changes } from "./watchers.js";
import { WORLD } from "./world.js";

/** Where the testing module puts another core in; a package that is loaded twice shares it. @internal */
export const SWAP = Symbol.for("@pennon/sdk: swap the core, version 0");

/** A context, or nobody in particular. */
export type Somebody = Context | null | undefined;

export class Client<Flags extends object = AnyFlags> {
  #options: Options;
  #core: Core | undefined;
  readonly #ambient = new Ambient();

  /** Use `createClient`. @internal */
  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Gives options to a client that has not begun, which is of use for `flags` alone. When they are refused, everything
   * stays as it was.
   *
   * @throws OptionError for a value that cannot be used; Error when the client has begun already
   */
  configure(options: Options): void {
    if (this.#core !== undefined) throw new Error("pennon: configure() must come before the first use of the client");
    this.#core = coreOf(options);
    this.#options = options;
  }

  /**
   * Whether a boolean flag is on for somebody.
   *
   * @example client.isEnabled("new_checkout_flow", { userId: user.id, plan: user.plan })
   */
  isEnabled(key: BooleanKey<Flags>, context?: Somebody, defaultValue = false): boolean {
    const { value } = this.#evaluate(key, context, "boolean");
    return typeof value === "boolean" ? value : (defaultValue as unknown) === true;
  }

  /**
   * What a flag serves to somebody: a value of the default's type. Objects are frozen.
   *
   * @example const limit = client.value("upload_limit", 10, { userId })
   */
  value<K extends Key<Flags>, D extends Flags[K] & Value>(
    key: K,
    defaultValue: D,
    context?: Somebody,
  ): Served<Flags, K, D> {
    const { value } = this.#evaluate(key, context, typeOf(defaultValue));
    return (value === undefined ? defaultValue : value) as Served<Flags, K, D>;
  }

  /** The name of the variant that is served to somebody; undefined when the code's own default is. */
  variant(key: Key<Flags>, context?: Somebody): string | undefined {
    return this.#evaluate(key, context, undefined).variant;
  }

  /** A value, and how it came about. */
  details<K extends Key<Flags>, D extends Flags[K] & Value>(
    key: K,
    defaultValue: D,
    context?: Somebody,
  ): Details<Served<Flags, K, D>> {
    const outcome = this.#evaluate(key, context, typeOf(defaultValue));
    return detailsOf(outcome, defaultValue as unknown as Served<Flags, K, D>);
  }

  /**
   * Notes a measurement for somebody: 1, or a finite number.
   *
   * @example client.track("checkout_error", { userId })
   * @example client.track("latency_ms", 184, { userId })
   */
  track(metric: string, context?: Somebody): void;
  track(metric: string, value: number | undefined, context?: Somebody): void;
  track(metric: string, first?: number | Somebody, second?: Somebody): void {
    const [value, context] = typeof first === "object" && first !== null ? [1, first] : [first ?? 1, second];
    try {
      this.#begun.track(metric, value, this.#ambient.subject(context));
    } catch {
      // A context whose getters throw has no unit.
    }
  }

  /** Tells the server whether this instance does well: rollouts that go by instances wait for those that do not. */
  reportHealth(healthy: boolean): void {
    this.#begun.healthy = healthy;
  }

  /**
   * Calls `listener` when a flag, or anything it depends on, has changed, and when a date passes that it compares `$now`
   * with. The result ends it.
   */
  onChange(key: Key<Flags>, listener: (change: Change) => unknown): () => void {
    return this.#begun.watchers.watch(key, listener);
  }

  /** As `onChange`, for all flags: called once for all that changed at once. */
  onAnyChange(listener: (changes: Changes) => unknown): () => void {
    return this.#begun.watchers.watchAny(listener);
  }

  /** Calls `listener` whenever the state has changed. The result ends it. */
  onStatus(listener: StatusListener): () => void {
    return this.#begun.status.listen(listener);
  }

  status(): Status {
    return this.#begun.status.get();
  }

  /**
   * Waits for the first snapshot, at most what is left of `startWaitMs` since the start; whether there is one. Never
   * rejects.
   */
  async ready(): Promise<boolean> {
    return this.#begun.ready();
  }

  /** The results of flags that are `clientVisible`, for a page to start from. Plain data. */
  bootstrap(context?: Somebody): Bootstrap {
    const { held, at } = this.#begun;
    // As the server evaluates for a page, which is no instance.
    return bootstrap(held.snapshot, this.#ambient.subject(context), { ...at, instance: undefined });
  }

  /**
   * Runs `act` with a context around it: every evaluation in it, and in all that it starts, sees these attributes below
   * its own.
   *
   * @example app.use((req, res, next) => flags.withContext({ userId: req.user.id }, next))
   */
  withContext<T>(context: Context, act: () => T): T {
    return this.#ambient.run(context, act);
  }

  /** Sends what is kept for the server; ends when it has been sent or has failed, and within a second. */
  async flush(): Promise<void> {
    await this.#core?.flush();
  }

  /** Sends what is kept and hears nothing any more; evaluates on from what is held. Ends within a second. */
  async close(): Promise<void> {
    await this.#core?.close();
  }

  /** Puts another core in, and gives the one that was there. @internal */
  [SWAP](core: Core | undefined): Core | undefined {
    const before = this.#core;
    this.#core = core;
    return before;
  }

  get #begun(): Core {
    return this.#core ?? this.#begin();
  }

  #begin(): Core {
    this.#core = coreOf(this.#options);
    return this.#core;
  }

  #evaluate(key: string, context: Somebody, asked: Asked | undefined): Outcome {
    if (typeof key !== "string") return noKey();
    const core = this.#core ?? this.#begin();
    let subject: Context | undefined;
    try {
      subject = this.#ambient.subject(context);
    } catch {
      // A getter threw: there is nobody to evaluate for.
    }
    return core.evaluate(key, subject, asked);
  }
}

/** Throws `OptionError`. */
function coreOf(options: Options): Core {
  return new Core({ options, environment: process.env, world: WORLD });
}

function typeOf(value: unknown): Asked | undefined {
  const type = typeof value;
  if (type === "boolean" || type === "string" || type === "number") return type;
  return type === "object" && value !== null ? "object" : undefined;
}
