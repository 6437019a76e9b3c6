/** How current what a client serves is, and where it came from. Must not hold results. */

/** How current it is. */
export type State =
  /** No address or no key was given: defaults are served. */
  | "unconfigured"
  /** There is nothing to serve yet: defaults are served. */
  | "starting"
  /** What is served is current: the stream lives, or the last poll succeeded. */
  | "ready"
  /** Results are served, without limit, but the server has not been heard since `staleSince`, or not for this context. */
  | "stale"
  /** Serves on what it holds, and hears nothing any more. */
  | "closed";

/** Where the results served came from. */
export type Source = "stream" | "poll" | "cache" | "bootstrap" | "none";

/** A client's status. */
export interface Status {
  readonly state: State;
  /** `<epoch>-<revision>` of what is served: after a poll, which does not tell, at least. */
  readonly revision: string | undefined;
  /** When the server was heard last, while the state is `stale`. */
  readonly staleSince: Date | undefined;
  readonly source: Source;
  /** What went wrong last, for people; gone when the server is heard again. */
  readonly lastError: string | undefined;
}
