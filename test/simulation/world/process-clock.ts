import { type Clock, sleepOn, type Timer } from '../../../src/base/clock.ts';

/** The clock of one process of the simulated world: its timers end with it, and its monotonic time begins with it. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();
  #killed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonic();
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    if (this.#killed) return { cancel: () => undefined };
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    return this.#tracked(timer);
  }

  every(intervalMs: number, callback: () => void): Timer {
    if (this.#killed) return { cancel: () => undefined };
    return this.#tracked(this.#clock.every(intervalMs, callback));
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Timers that have not fired yet. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Ends the process: no timer of it fires any more. */
  kill(): void {
    this.#killed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #tracked(timer: Timer): Timer {
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }
}
