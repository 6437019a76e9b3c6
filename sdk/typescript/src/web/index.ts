/**
 * `@pennon/sdk/web`: flags in a browser. The server evaluates for one context and pushes what changes; no rule reaches
 * the page. It may be imported anywhere, also where a server renders and in a worker.
 *
 * @example
 * ```ts
 * import { createClient } from "@pennon/sdk/web";
 *
 * const flags = createClient({ url: "https://flags.example", key: "pnn_cli_…", context: { targetingKey: "user-1" } });
 * await flags.ready();
 * if (flags.isEnabled("new_checkout_flow")) showNewCheckout();
 * flags.onChange("new_checkout_flow", render);
 * ```
 */
import { Client } from "./client.js";
import type { AnyFlags } from "../shared/typed.js";
import { settingsOf, type Options } from "./settings.js";

/**
 * Makes a client, which begins to listen at once. Throws a TypeError that names the option that cannot be used. Without
 * `url` or `key` it says so once, and serves every caller's default.
 */
export function createClient<Flags extends object = AnyFlags>(options: Options): Client<Flags> {
  return new Client(settingsOf(options));
}

export type { Change, Client } from "./client.js";
export type { Clock } from "./clock.js";
export type { Context } from "./context.js";
export type { Details, ErrorCode } from "./details.js";
export type { FlagValue, JsonObject, JsonValue } from "../engine/evaluation.js";
export type { Reason } from "../engine/outcome.js";
export type { Changes } from "./holder.js";
export type { Page, PageEvents } from "./page.js";
export type { Bootstrap, Entry } from "./results.js";
export type { Logger, Options, Times } from "./settings.js";
export type { Source, State, Status } from "./status.js";
export type { AnyFlags, BooleanKey, Key, Served, Value, Widened } from "../shared/typed.js";
export type { Store } from "./cache.js";
