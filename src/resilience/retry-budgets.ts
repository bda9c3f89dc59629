import type { RetryBudgetConfig } from './policy.ts';
import { RetryBudget } from './retry-budget.ts';

/** Targets whose retry budgets are kept while nothing is in flight to them. */
export const idleRetryBudgetsMax = 10_000;

/**
 * The retry budget of each target that is addressed, so that a target that fails uses up nobody's retries but its own.
 * A budget of which nothing is in flight knows nothing, so idle ones are dropped when there are too many: those in use
 * are as many as calls are in flight, which the hub bounds elsewhere.
 */
export class RetryBudgets {
  readonly #idleMax: number;
  readonly #byTarget = new Map<string, RetryBudget>();
  /** Size at which idle ones are looked for; grows with those in use, so that looking costs little per call. */
  #sweepAt: number;

  /** At most `idleMax` idle ones; default {@link idleRetryBudgetsMax}. */
  constructor(idleMax = idleRetryBudgetsMax) {
    this.#idleMax = idleMax;
    this.#sweepAt = idleMax;
  }

  /**
   * The budget of a target, named by its text (`type:ledger`), with the settings that hold now. Whoever starts a call on
   * it must do so at once, since an idle one may be replaced by another.
   */
  of(target: string, config: RetryBudgetConfig): RetryBudget {
    const known = this.#byTarget.get(target);
    if (known !== undefined) {
      known.configure(config);
      return known;
    }
    if (this.#byTarget.size >= this.#sweepAt) this.#sweep();
    const budget = new RetryBudget(config);
    this.#byTarget.set(target, budget);
    return budget;
  }

  /** Budgets that are kept. */
  get size(): number {
    return this.#byTarget.size;
  }

  #sweep(): void {
    for (const [target, budget] of this.#byTarget) if (budget.idle) this.#byTarget.delete(target);
    this.#sweepAt = this.#byTarget.size + this.#idleMax;
  }
}
