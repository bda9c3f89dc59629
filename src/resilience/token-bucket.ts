import type { RateLimitConfig } from './policy.ts';

/**
 * A token bucket: `perSecond` tokens come back each second, continuously, up to `burst`; a message takes one. In any
 * stretch of time it gives at most `perSecond` × its length + `burst`. Times are of the monotonic clock, in ms.
 *
 * It keeps no level that it adds to, which would drift by a rounding error at each step, but counts from the moment when it was
 * last full: level = burst + elapsed × perSecond / 1000 − taken since. (The policing form of a leaky bucket: Turner 1986;
 * ITU-T I.371, "generic cell rate algorithm".)
 */
export class TokenBucket {
  #perSecond: number;
  #burst: number;
  /** When it was last full. */
  #fullMs: number;
  #taken = 0;

  /** It begins full. */
  constructor(config: RateLimitConfig, nowMs: number) {
    this.#perSecond = config.perSecond;
    this.#burst = burstOf(config);
    this.#fullMs = nowMs;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Tokens that it holds when it is full. */
  get burst(): number {
    return this.#burst;
  }

  /** Whether these are its settings. */
  isOf(config: RateLimitConfig): boolean {
    return config.perSecond === this.#perSecond && burstOf(config) === this.#burst;
  }

  /** Takes other settings from now on. It keeps what it holds, cut to the new burst: no change gives tokens away. */
  configure(config: RateLimitConfig, nowMs: number): void {
    if (this.isOf(config)) return;
    const burst = burstOf(config);
    const level = Math.min(this.level(nowMs), burst);
    this.#perSecond = config.perSecond;
    this.#burst = burst;
    this.#fullMs = nowMs;
    this.#taken = burst - level;
  }

  /** Takes a token; false when there is none. */
  tryTake(nowMs: number): boolean {
    const level = this.level(nowMs);
    if (level < 1) return false;
    if (level >= this.#burst) {
      this.#fullMs = nowMs;
      this.#taken = 0;
    }
    this.#taken += 1;
    return true;
  }

  /** Tokens that it holds; with a fraction of the one that is coming. */
  level(nowMs: number): number {
    const back = ((nowMs - this.#fullMs) * this.#perSecond) / 1000;
    return Math.min(this.#burst, this.#burst + back - this.#taken);
  }

  /** Whole ms, rounded up, until there is a token; 0: there is one. */
  msUntilToken(nowMs: number): number {
    const level = this.level(nowMs);
    return level >= 1 ? 0 : Math.max(1, Math.ceil(((1 - level) * 1000) / this.#perSecond));
  }

  /** Whether a new one would do as well. */
  isFull(nowMs: number): boolean {
    return this.level(nowMs) >= this.#burst;
  }
}

function burstOf({ perSecond, burst }: RateLimitConfig): number {
  return burst ?? Math.max(1, perSecond);
}
