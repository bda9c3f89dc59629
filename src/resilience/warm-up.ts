import type { Clock } from '../base/clock.ts';

/** Share of its weight that a system begins a slow start with. */
export const warmUpShareMin = 0.1;

/**
 * Share of its weight that a system has `elapsedMs` after it came back: it grows evenly from {@link warmUpShareMin} to 1
 * over `slowStartMs`. As in Envoy's slow start with an aggression of 1 and the default least weight of 10 %
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start).
 */
export function warmUpShare(elapsedMs: number, slowStartMs: number): number {
  if (elapsedMs >= slowStartMs) return 1;
  return Math.max(warmUpShareMin, elapsedMs / slowStartMs);
}

/**
 * Remembers when systems last came back, for slow start: registered anew, healthy again, let through by its breaker
 * again, or no longer ejected. Bounded by the registered systems, through {@link forget}.
 */
export class WarmUps {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #sinceMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A system comes back now; if it was warming up, it begins again. */
  begin(systemId: string): void {
    this.#sinceMs.set(systemId, this.#clock.monotonic());
  }

  /** Share of its weight that a system has at `nowMs` (monotonic), 0.1..1; 1 for one that has been there all along. */
  share(systemId: string, slowStartMs: number, nowMs: number): number {
    const sinceMs = this.#sinceMs.get(systemId);
    return sinceMs === undefined ? 1 : warmUpShare(nowMs - sinceMs, slowStartMs);
  }

  /** Forgets a system that is no longer registered. */
  forget(systemId: string): void {
    this.#sinceMs.delete(systemId);
  }

  get size(): number {
    return this.#sinceMs.size;
  }
}
