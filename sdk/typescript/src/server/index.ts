/**
 * Pennon for servers, in Node.js: flags are decided in the process, from a snapshot that a stream keeps current.
 *
 * | file | holds |
 * |---|---|
 * | `flags`, `client` | what code calls |
 * | `core` | the parts of one environment, put together |
 * | `settings`, `logger`, `world` | options and variables; the log; time and randomness |
 * | `held`, `status`, `watchers` | the snapshot, what is known of it, who is told |
 * | `follower`, `stream`, `poller`, `http`, `watchdog`, `wire` | what keeps it current |
 * | `cache`, `sender` | what outlives the process, and what the server is told |
 * | `subject`, `evaluation`, `bootstrap` | whom for; what a caller is told; what a page is given |
 */
export { Client, type Somebody } from "./client.js";
export { createClient, flags } from "./flags.js";
export { OptionError, type Options } from "./settings.js";
export type { Bootstrap, Entry } from "../web/results.js";
export type { Change, Changes } from "./watchers.js";
export type { Context } from "./subject.js";
export type { Details, ErrorCode, Metadata } from "./evaluation.js";
export type { Logger } from "./logger.js";
export type { AnyFlags, BooleanKey, Key, Served, Value, Widened } from "../shared/typed.js";
export type { Reason } from "../engine/index.js";
export type { Source } from "./held.js";
export type { State, Status, StatusListener } from "./status.js";
