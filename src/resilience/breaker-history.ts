import type { BreakerKey } from './breaker-key.ts';
import type { BreakerState } from './breaker-state.ts';

/** A change of a breaker's state. */
export interface BreakerTransition extends BreakerKey {
  /** Grows by 1 from transition to transition. */
  readonly number: number;
  readonly from: BreakerState['kind'];
  readonly to: BreakerState['kind'];
  /** Epoch ms. */
  readonly timeMs: number;
  /** Why, one line for people. */
  readonly cause: string;
}

/** Transitions that are remembered. */
export const breakerTransitionsMax = 10_000;

/** The last transitions of all breakers, in a ring; those of a breaker that is gone, too. */
export class BreakerHistory {
  readonly #max: number;
  readonly #ring: BreakerTransition[] = [];
  #count = 0;

  /** Remembers `max` transitions, default {@link breakerTransitionsMax}; the oldest make room. */
  constructor(max = breakerTransitionsMax) {
    this.#max = max;
  }

  record(transition: Omit<BreakerTransition, 'number'>): void {
    this.#ring[this.#count % this.#max] = { ...transition, number: this.#count };
    this.#count += 1;
  }

  /** Those that are remembered, the newest first; only those before `before`, a {@link BreakerTransition.number}. */
  *newestFirst(before = Infinity): IterableIterator<BreakerTransition> {
    const oldest = Math.max(0, this.#count - this.#max);
    for (let number = Math.min(before, this.#count) - 1; number >= oldest; number -= 1) {
      const transition = this.#ring[number % this.#max];
      if (transition !== undefined) yield transition;
    }
  }
}
