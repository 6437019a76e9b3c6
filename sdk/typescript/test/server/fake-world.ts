/**
 * A world whose time passes when a test says so, and whose dice fall as it says.
 */
import type { World } from "../../src/server/world.js";

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

export class FakeWorld implements World {
  now: number;
  dice = 0.5;
  #elapsed = 0;
  #timers = new Set<Timer>();
  #soon: (() => void)[] = [];

  constructor(now = Date.parse("2026-11-25T13:00:00Z")) {
    this.now = now;
  }

  readonly nowMs = (): number => this.now;
  readonly elapsedMs = (): number => this.#elapsed;
  readonly random = (): number => this.dice;

  readonly after = (ms: number, act: () => void): (() => void) => {
    const timer = { atMs: this.#elapsed + ms, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  readonly soon = (act: () => void): void => {
    this.#soon.push(act);
  };

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer. */
  pass(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.now += next.atMs - this.#elapsed;
      this.#elapsed = next.atMs;
      this.#timers.delete(next);
      next.act();
      this.settle();
    }
    this.now += end - this.#elapsed;
    this.#elapsed = end;
  }

  /** Time passes while the process sleeps: timers are late, and act at once after it. */
  sleep(ms: number): void {
    this.now += ms;
    this.#elapsed += ms;
  }

  /** Does what was put off. */
  settle(): void {
    for (const act of this.#soon.splice(0)) act();
  }

  /** Acts on the timers that are due, without what they put off. */
  wake(): void {
    for (let next = this.#next(this.#elapsed); next !== undefined; next = this.#next(this.#elapsed)) {
      this.#timers.delete(next);
      next.act();
    }
  }

  #next(endMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}
