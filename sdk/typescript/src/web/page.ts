/**
 * What the browser tells of the page: covered, seen again, left, come back to, online again. Must work where there is no
 * page, as in a worker, or while a server renders: there nothing is ever told.
 */

/** What to do when the page is told of something. */
export interface PageEvents {
  /** The page is covered; it may never be seen again. */
  readonly hidden: () => void;
  /** The page is left; should the browser keep it for the way back, it may hold no connection meanwhile. */
  readonly left: () => void;
  /** The page is seen, come back to, or has a network again. */
  readonly shown: () => void;
}

/** The page, as far as it is needed here. */
export interface Page {
  isHidden(): boolean;
  /** Begins to tell; gives what ends it. */
  watch(on: PageEvents): () => void;
}

const isCovered = (): boolean => typeof document !== "undefined" && document.visibilityState === "hidden";

/** The page of this script. */
export const thisPage: Page = {
  isHidden: isCovered,
  watch(on) {
    if (typeof addEventListener === "undefined") return () => undefined;
    const end = new AbortController();
    const when = (target: EventTarget, name: string, then: () => void): void => {
      target.addEventListener(name, then, { signal: end.signal });
    };
    if (typeof document !== "undefined") {
      when(document, "visibilitychange", () => {
        if (isCovered()) on.hidden();
        else on.shown();
      });
    }
    when(globalThis, "pagehide", on.left);
    when(globalThis, "pageshow", on.shown);
    when(globalThis, "online", on.shown);
    return () => {
      end.abort();
    };
  },
};
