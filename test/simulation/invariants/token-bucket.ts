import type { Clock } from '../../../src/base/clock.ts';
import type { RateLimitConfig } from '../../../src/resilience/policy.ts';

/** A token bucket as its definition has it, to hold the hub's against; rounding aside. */
export class ReferenceBucket {
  readonly #clock: Pick<Clock, 'now'>;
  #config: RateLimitConfig | undefined;
  #tokens = 0;
  #atMs = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Takes other settings; with new ones it may start full. */
  configure(config: RateLimitConfig): void {
    if (config.perSecond === this.#config?.perSecond && config.burst === this.#config.burst) return;
    this.#config = config;
    this.#tokens = this.#size;
    this.#atMs = this.#clock.now();
  }

  /** Takes a token; false when there was none. */
  take(): boolean {
    const nowMs = this.#clock.now();
    const { perSecond = 0 } = this.#config ?? {};
    if (perSecond === 0) return true;
    this.#tokens = Math.min(this.#size, this.#tokens + ((nowMs - this.#atMs) / 1000) * perSecond);
    this.#atMs = nowMs;
    this.#tokens -= 1;
    return this.#tokens > -1e-6;
  }

  get #size(): number {
    const { perSecond = 0, burst } = this.#config ?? {};
    return burst ?? Math.max(1, perSecond);
  }
}
