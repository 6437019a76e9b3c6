/**
 * The client that is there without a line of code: configured by PENNON_URL and PENNON_SDK_KEY, begun by its first use.
 */
import type { AnyFlags } from "../shared/typed.js";
import { Client } from "./client.js";
import type { Options } from "./settings.js";

/** One process may hold this module twice, as an ES module and as CommonJS, or anew after a hot reload. */
const PLACE = Symbol.for("@pennon/sdk: flags of version 0");

const shared = globalThis as { [PLACE]?: Client | undefined };

/** The process's own client. Importing it does nothing; its first use begins it, and so does `flags.configure(options)`. */
export const flags: Client = (shared[PLACE] ??= new Client({}));

/**
 * A client of its own, begun at once: for a second environment, or for options that no variable has. A map of flags
 * gives keys and values their types.
 *
 * @throws OptionError for a value that cannot be used
 * @example const client = createClient<{ new_checkout_flow: boolean; upload_limit: number }>({ url, key })
 */
export function createClient<Flags extends object = AnyFlags>(options: Options = {}): Client<Flags> {
  const client = new Client<Flags>(options);
  client.status();
  return client;
}
