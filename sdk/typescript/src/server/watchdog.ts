/**
 * Tells when nothing has been heard for a while. A process that slept (SIGSTOP, a closed lid) finds its timers due
 * before what has arrived meanwhile is read; so the dog looks again before it barks.
 */
import type { World } from "./world.js";

export class Watchdog {
  #fedAt: number;
  #patienceMs: number;
  #cancel: () => void;
  #ended = false;

  constructor(
    private readonly world: World,
    patienceMs: number,
    private readonly bark: () => void,
  ) {
    this.#fedAt = world.elapsedMs();
    this.#patienceMs = patienceMs;
    this.#cancel = world.after(patienceMs, this.#due);
  }

  /** Something was heard; from now on this patience. The timer is left alone, since this is called for every chunk. */
  feed(patienceMs: number): void {
    this.#fedAt = this.world.elapsedMs();
    if (patienceMs < this.#patienceMs && !this.#ended) {
      this.#cancel();
      this.#cancel = this.world.after(patienceMs, this.#due);
    }
    this.#patienceMs = patienceMs;
  }

  end(): void {
    this.#ended = true;
    this.#cancel();
  }

  #left(): number {
    return this.#fedAt + this.#patienceMs - this.world.elapsedMs();
  }

  #due = (): void => {
    if (this.#left() > 0) {
      this.#cancel = this.world.after(this.#left(), this.#due);
      return;
    }
    this.world.soon(() => {
      if (this.#ended) return;
      if (this.#left() > 0) this.#due();
      else this.bark();
    });
  };
}
