import type { Clock, Timer } from '../base/clock.ts';
import type { BreakerKey } from './breaker-key.ts';
import { type BreakerState, failuresOf } from './breaker-state.ts';
import { type BreakerPermit, type BreakerRefusal, CircuitBreaker } from './circuit-breaker.ts';
import type { ForcedBreaker } from './forced-breakers.ts';
import type { BreakerConfig } from './policy.ts';

/** What watchers and lists see of a breaker. */
export interface BreakerSnapshot extends BreakerKey {
  readonly state: BreakerState['kind'];
  /** When it entered this state, epoch ms. */
  readonly stateTimeMs: number;
  /** Failed calls in the window while CLOSED, else when it left CLOSED. Not published by itself, only with a state. */
  readonly failures: number;
  /** When OPEN or a forced state ends by itself, epoch ms; undefined: not by itself. */
  readonly openUntilMs?: number;
  /** Why it is in this state, one line for people; empty for a new breaker. */
  readonly cause: string;
}

export interface PublishedBreakerOptions {
  readonly clock: Clock;
  readonly key: BreakerKey;
  readonly config: BreakerConfig;
  /** The state that it begins in; undefined: CLOSED. */
  readonly forced: ForcedBreaker | undefined;
  /** Called with each new state, on time. */
  readonly onChange: (snapshot: BreakerSnapshot, from: BreakerState['kind']) => void;
  /** Called after a forced state was left for one that is not, with the one that was left. */
  readonly onForcedEnd: (breaker: PublishedBreaker, forced: ForcedBreaker) => void;
}

/**
 * A breaker that can be watched: it enters each state on time without any call, and tells it in epoch ms. Inside it counts
 * on the monotonic clock, so a jump of the wall clock neither opens nor holds it.
 */
export class PublishedBreaker {
  readonly key: BreakerKey;
  readonly #options: PublishedBreakerOptions;
  readonly #breaker: CircuitBreaker;
  #stateTimeMs: number;
  #openUntilMs: number | undefined;
  #forced: ForcedBreaker | undefined;
  #timer: Timer | undefined;
  /** Nobody hears of the state that it begins in, nor of anything once it was removed. */
  #life: 'new' | 'live' | 'removed' = 'new';

  constructor(options: PublishedBreakerOptions) {
    const { key, clock, config, forced } = options;
    this.key = key;
    this.#options = options;
    this.#stateTimeMs = clock.now();
    this.#breaker = new CircuitBreaker({
      clock,
      config,
      onChange: (state, before) => this.#changed(state, before),
    });
    if (forced !== undefined) this.force(forced);
    this.#life = 'live';
  }

  acquire(callMs: number): BreakerPermit | BreakerRefusal {
    return this.#breaker.acquire(callMs);
  }

  peek(): BreakerRefusal | undefined {
    return this.#breaker.peek();
  }

  configure(config: BreakerConfig): void {
    this.#breaker.configure(config);
  }

  /** Puts it into a forced state, until that ends or it is reset. */
  force(forced: ForcedBreaker): void {
    const { clock } = this.#options;
    this.#forced = forced;
    const atMs = clock.monotonic();
    const leftMs = forced.untilMs === undefined ? Infinity : forced.untilMs - clock.now();
    const { state: kind, cause } = forced;
    this.#breaker.apply({ type: 'force', kind, atMs, untilMs: atMs + leftMs, cause });
  }

  /** Closes it with fresh counts, whatever its state. */
  reset(cause: string): void {
    this.#breaker.apply({ type: 'reset', atMs: this.#options.clock.monotonic(), cause });
  }

  /** The state that it is in by now. */
  get state(): BreakerState['kind'] {
    return this.#breaker.state.kind;
  }

  snapshot(): BreakerSnapshot {
    this.#breaker.refresh();
    return this.#shown();
  }

  /** Stops the timer; calls that are in flight may still settle, and nobody hears of it. */
  remove(): void {
    this.#life = 'removed';
    this.#timer?.cancel();
  }

  #changed(state: BreakerState, before: BreakerState): void {
    if (this.#life === 'removed') return;
    const { clock, onChange, onForcedEnd } = this.#options;
    const { nextChangeMs } = this.#breaker;
    const nowMs = clock.now();
    const forced = this.#forced;
    const isForced = state.kind === 'FORCED_OPEN' || state.kind === 'FORCED_CLOSED';
    if (isForced && forced !== undefined) {
      // As it was given: the same before and after a restart, which times from two clocks would not be.
      this.#stateTimeMs = forced.sinceMs;
      this.#openUntilMs = forced.untilMs;
    } else {
      this.#forced = undefined;
      this.#stateTimeMs = nowMs;
      this.#openUntilMs =
        nextChangeMs === Infinity ? undefined : Math.round(nowMs + nextChangeMs - clock.monotonic());
    }
    this.#arm();
    if (this.#life === 'new') return;
    onChange(this.#shown(), before.kind);
    if (!isForced && forced !== undefined) onForcedEnd(this, forced);
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#options;
    const { nextChangeMs } = this.#breaker;
    if (nextChangeMs === Infinity) return;
    this.#timer = clock.after(nextChangeMs - clock.monotonic(), () => {
      const before = this.#breaker.state;
      this.#breaker.refresh();
      // A timer may fire a little early, or be cut to the longest that there is.
      if (this.#breaker.state === before) this.#arm();
    });
  }

  #shown(): BreakerSnapshot {
    const { state } = this.#breaker;
    return {
      ...this.key,
      state: state.kind,
      stateTimeMs: this.#stateTimeMs,
      failures: failuresOf(state),
      ...(this.#openUntilMs === undefined ? {} : { openUntilMs: this.#openUntilMs }),
      cause: state.cause,
    };
  }
}
