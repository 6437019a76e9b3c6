/** Who wants to know what. Must not let one listener's failure reach another, or whoever brings the news. */
import type { Say } from "./settings.js";

/** Listeners to one kind of news. */
export class Listeners<News> {
  readonly #say: Say;
  readonly #all = new Set<(news: News) => unknown>();

  constructor(say: Say) {
    this.#say = say;
  }

  /** Gives what ends it. */
  add(listener: (news: News) => unknown): () => void {
    // Of its own, so that a function that was added twice is called twice, and ends one by one.
    const own = (news: News): unknown => listener(news);
    this.#all.add(own);
    return () => {
      this.#all.delete(own);
    };
  }

  /** A listener may be asynchronous; all have begun when this returns. */
  tell(news: News): void {
    for (const listener of [...this.#all]) void this.#call(listener, news);
  }

  async #call(listener: (news: News) => unknown, news: News): Promise<void> {
    try {
      await listener(news);
    } catch (error) {
      this.#say("error", "a listener threw", error);
    }
  }
}
