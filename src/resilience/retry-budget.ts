import type { RetryBudgetConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

/**
 * Keeps retries from multiplying the load on a target that is failing already: at any moment at most `share` of the calls
 * in flight to it may be retries (a fifth, when no policy says), though always at least `minimum` (3). As Envoy's retry
 * budget (https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto, RetryBudget).
 * Two counters; nothing in it grows.
 */
export class RetryBudget {
  #config: RetryBudgetConfig;
  #calls = 0;
  #retries = 0;

  constructor(config: RetryBudgetConfig = defaultPolicy.retryBudget) {
    this.#config = config;
  }

  /** Takes other settings from now on. Retries in flight stay, also when they are more than these allow. */
  configure(config: RetryBudgetConfig): void {
    this.#config = config;
  }

  /** A call (a whole delivery, however many attempts) is in flight from now on. Each one must be ended once. */
  callStarted(): void {
    this.#calls += 1;
  }

  callEnded(): void {
    this.#calls = Math.max(0, this.#calls - 1);
  }

  /**
   * Takes the right to one retry; when true, {@link release} must follow once the retry has ended. False means not now:
   * nothing was taken, and it may be asked again once others have ended.
   */
  tryTake(): boolean {
    if (this.#retries >= this.retriesMax) return false;
    this.#retries += 1;
    return true;
  }

  release(): void {
    this.#retries = Math.max(0, this.#retries - 1);
  }

  /** Retries that may be in flight right now. */
  get retriesMax(): number {
    // Or 0.29 of 100 would be 28: floating point puts the product a hair below.
    return Math.max(this.#config.minimum, Math.floor(this.#config.share * this.#calls + 1e-9));
  }

  get retriesInFlight(): number {
    return this.#retries;
  }

  get callsInFlight(): number {
    return this.#calls;
  }

  /** Whether nothing is in flight, so that a new budget would do as well. */
  get idle(): boolean {
    return this.#calls === 0 && this.#retries === 0;
  }
}
