/**
 * `@pennon/sdk/testing`: clients for tests. They serve what a test says, through the engine itself, and touch neither the
 * network nor the environment.
 *
 * @example
 * ```ts
 * const flags = createTestClient({ new_checkout_flow: true, upload_limit: 10 });
 * flags.set("upload_limit", 0);
 * ```
 */
import { Snapshot } from "../engine/index.js";
import { Client, SWAP } from "../server/client.js";
import { Core } from "../server/core.js";
import { flags } from "../server/flags.js";
import type { Logger } from "../server/logger.js";
import type { Context } from "../server/subject.js";
import { WORLD } from "../server/world.js";
import type { AnyFlags, Key, Value } from "../shared/typed.js";

/** A measurement that the code under test has made. */
export interface Tracked {
  readonly metric: string;
  readonly value: number;
  readonly context: Context;
}

/** What a test says of flags, and what it sees. */
export interface Overrides<Flags extends object = AnyFlags> {
  /** Serves a value from now on; whoever waits for a change is told. Throws when it is no value of a flag. */
  set<K extends Key<Flags>>(key: K, value: Flags[K] & Value): void;
  /** Takes a flag away: FLAG_NOT_FOUND, and the code's default. */
  unset(key: Key<Flags>): void;
  /** What was given to `track`, in order. */
  readonly tracked: readonly Tracked[];
}

const SILENT: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined };

/** Serves what it is told, and is always current. */
class TestCore extends Core implements Overrides {
  readonly tracked: Tracked[] = [];
  #revision = 1;
  #flags: Readonly<Record<string, object>> = {};

  constructor(values: Readonly<Record<string, unknown>>) {
    super({ options: { logger: SILENT }, environment: {}, world: WORLD });
    this.#serve(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, flagOf(key, value)])));
  }

  set(key: string, value: Value): void {
    this.#serve({ ...this.#flags, [key]: flagOf(key, value) });
  }

  unset(key: string): void {
    this.#serve(Object.fromEntries(Object.entries(this.#flags).filter(([other]) => other !== key)));
  }

  override track(metric: string, value: number, context: Context): void {
    this.tracked.push({ metric, value, context });
  }

  #serve(next: Readonly<Record<string, object>>): void {
    const head = { epoch: 1, revision: this.#revision, project: "test", environment: "test" };
    const snapshot = Snapshot.fromDocument({ ...head, flags: next });
    const [broken] = snapshot.broken();
    if (broken !== undefined) throw new TypeError(`the flag ${broken.key} cannot be served: ${broken.detail}`);
    this.#flags = next;
    this.#revision += 1;
    this.held.take(snapshot, "bootstrap");
    this.status.heard();
  }
}

function flagOf(key: string, value: unknown): object {
  const common = { key, type: typeof value, enabled: true, clientVisible: true };
  if (typeof value === "boolean") {
    const variant = value ? "on" : "off";
    return { ...common, variants: { on: true, off: false }, offVariant: "off", fallthrough: { variant } };
  }
  return { ...common, variants: { value: structuredClone(value) }, fallthrough: { variant: "value" } };
}

/** A client that serves what a test says. */
export class TestClient<Flags extends object = AnyFlags> extends Client<Flags> implements Overrides<Flags> {
  readonly #core: TestCore;

  /** @internal */
  constructor(values: Partial<Flags>) {
    super({});
    this.#core = new TestCore(values);
    this[SWAP](this.#core);
  }

  set<K extends Key<Flags>>(key: K, value: Flags[K] & Value): void {
    this.#core.set(key, value);
  }

  unset(key: Key<Flags>): void {
    this.#core.unset(key);
  }

  get tracked(): readonly Tracked[] {
    return this.#core.tracked;
  }
}

/**
 * A client that serves these values to everybody, and the code's defaults for any other flag.
 *
 * @throws TypeError for what is no value of a flag
 */
export function createTestClient<Flags extends object = AnyFlags>(
  values: NoInfer<Partial<Flags>> = {},
): TestClient<Flags> {
  return new TestClient<Flags>(values);
}

/**
 * Lets `flags`, which code under test imports, serve these values until `restore` is called.
 *
 * @throws TypeError for what is no value of a flag
 * @example
 * const overrides = overrideFlags({ new_checkout_flow: true });
 * afterEach(() => overrides.restore());
 */
export function overrideFlags(values: Readonly<Record<string, Value>> = {}): Overrides & { restore(): void } {
  const core = new TestCore(values);
  const before = flags[SWAP](core);
  return {
    set: (key, value) => {
      core.set(key, value);
    },
    unset: (key) => {
      core.unset(key);
    },
    get tracked() {
      return core.tracked;
    },
    restore() {
      const other = flags[SWAP](before);
      if (other === core) return;
      flags[SWAP](other);
      throw new Error("overrides are restored in the order opposite to their making, each once");
    },
  };
}
