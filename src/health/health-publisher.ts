import type { Clock, Timer } from '../base/clock.ts';
import { Feed } from '../base/feed.ts';
import type { SystemHealth } from './system-health.ts';

/** Longest that a change of measurements alone (latency, error rate, last check) waits to be published, in ms. */
export const measurementsMs = 10_000;

/**
 * Puts health into the feed: what matters at once, what only moves measurements together every
 * {@link measurementsMs}, so that a busy system does not wake its watchers with every delivery.
 */
export class HealthPublisher {
  readonly feed: Feed<SystemHealth>;
  readonly #clock: Clock;
  readonly #healthOf: (systemId: string) => SystemHealth | undefined;
  /** Systems with measurements that are not published yet. */
  readonly #waiting = new Set<string>();
  /** Runs only while something waits. */
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, healthOf: (systemId: string) => SystemHealth | undefined) {
    this.#clock = clock;
    this.#healthOf = healthOf;
    this.feed = new Feed({ clock });
  }

  /** Publishes a system as it is now. */
  now(systemId: string): void {
    this.#waiting.delete(systemId);
    const health = this.#healthOf(systemId);
    if (health !== undefined) this.feed.set(systemId, health);
  }

  /** Publishes a system within {@link measurementsMs}. */
  soon(systemId: string): void {
    if (this.#closed) return;
    this.#waiting.add(systemId);
    this.#timer ??= this.#clock.after(measurementsMs, () => {
      this.#timer = undefined;
      for (const waiting of this.#waiting) this.now(waiting);
    });
  }

  /** Takes a system out of the feed. */
  remove(systemId: string): void {
    this.#waiting.delete(systemId);
    this.feed.delete(systemId);
  }

  /** Stops the timer; what still waits is not published. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting.clear();
  }
}
