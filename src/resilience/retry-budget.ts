export interface RetryBudgetOptions {
  /** Retries in flight per call in flight; 0..1, default 0.2. */
  readonly ratio?: number;
  /** Retries in flight that are always allowed; default 3. */
  readonly minimum?: number;
}

/**
 * Keeps retries from multiplying the load on targets that are failing already: at any moment at most 20 % of the
 * calls in flight may be retries, though always at least 3. As Envoy's retry budget
 * (https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto, RetryBudget).
 * Two counters; nothing in it grows.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #minimum: number;
  #calls = 0;
  #retries = 0;

  constructor({ ratio = 0.2, minimum = 3 }: RetryBudgetOptions = {}) {
    this.#ratio = ratio;
    this.#minimum = minimum;
  }

  /** A call (a whole delivery, however many attempts) is in flight from now on. Each one must be ended once. */
  callStarted(): void {
    this.#calls += 1;
  }

  callEnded(): void {
    this.#calls = Math.max(0, this.#calls - 1);
  }

  /** Takes the right to one retry; when true, {@link release} must follow once the retry has ended. */
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
    return Math.max(this.#minimum, Math.floor(this.#ratio * this.#calls));
  }

  get retriesInFlight(): number {
    return this.#retries;
  }

  get callsInFlight(): number {
    return this.#calls;
  }
}
