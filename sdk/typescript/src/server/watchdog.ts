/**
 * Tells when nothing has been heard for a while. A process that slept (SIGSTOP, a closed lid) finds its timers due
 * before what has arrived meanwhile is read; so the dog looks again before it barks.
 */
import type { World } from "./world.js";

export class Watchdog {
  #fedAt: number;
  #cancel: () => void;
  #ended = false;

  constructor(
    private readonly world: World,
    private readonly patienceMs: number,
    private readonly bark: () => void,
  ) {
    this.#fedAt = world.elapsedMs();
    this.#cancel = world.after(patienceMs, this.#due);
  }

  /** Something was heard. The timer is left alone, since this is called for every chunk. */
  feed(): void {
    this.#fedAt = this.world.elapsedMs();
  }

  end(): void {
    this.#ended = true;
    this.#cancel();
  }

  #left(): number {
    return this.#fedAt + this.patienceMs - this.world.elapsedMs();
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
