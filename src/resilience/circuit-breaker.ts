import type { Clock } from '../base/clock.ts';
import type { BreakerSignal } from './breaker-signal.ts';
import {
  admission,
  type BreakerEvent,
  type BreakerState,
  closedBreaker,
  nextChangeMs,
  transition,
} from './breaker-state.ts';
import type { BreakerConfig } from './policy.ts';

/** The right to make one call. */
export interface BreakerPermit {
  readonly admitted: true;
  /** Whether this call is a trial of a half-open breaker. */
  readonly trial: boolean;
  /**
   * Says how the call ended; must be called once however it ends. Only the first time counts. `cause` is one line
   * for people on a failure, such as `connection refused`; it is cut to {@link causeCharsMax}. `latencyMs` is how long it
   * took (breakerLatencyMs); 0, never slow, by default.
   */
  settle(signal: BreakerSignal, cause?: string, latencyMs?: number): void;
}

export interface BreakerRefusal {
  readonly admitted: false;
  readonly state: Exclude<BreakerState['kind'], 'CLOSED' | 'FORCED_CLOSED'>;
  /**
   * When a call may be let through, in ms from now, at least 1; an estimate while HALF_OPEN. Undefined: it is forced open
   * until somebody resets it.
   */
  readonly retryAfterMs: number | undefined;
  readonly cause: string;
}

export interface CircuitBreakerOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly config: BreakerConfig;
  /** Called with each new state and the one before, right after it was entered. */
  readonly onChange?: (state: BreakerState, before: BreakerState) => void;
}

/** Longest cause that is kept, in characters. */
export const causeCharsMax = 256;

/** One circuit breaker: holds a {@link BreakerState} and hands out permits. Has no timer; see {@link nextChangeMs}. */
export class CircuitBreaker {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #onChange: CircuitBreakerOptions['onChange'];
  #config: BreakerConfig;
  #state: BreakerState;
  #trials = 0;

  constructor({ clock, config, onChange }: CircuitBreakerOptions) {
    this.#clock = clock;
    this.#config = config;
    this.#onChange = onChange;
    this.#state = closedBreaker(config);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /**
   * Lets a call through or refuses it. `callMs` is the longest that the call may take: a trial keeps its slot for that
   * time, or for `openForMs` if that is longer, should it never be settled.
   */
  acquire(callMs = 0): BreakerPermit | BreakerRefusal {
    const state = this.#state;
    // The way of nearly every call: no clock, no event.
    if (state.kind === 'CLOSED') return new Permit(this, state.epoch, undefined);
    const atMs = this.#clock.monotonic();
    this.apply({ type: 'time', atMs });
    const refusal = this.#refusal(atMs);
    if (refusal !== undefined) return refusal;
    const { kind, epoch } = this.#state;
    if (kind !== 'HALF_OPEN') return new Permit(this, epoch, undefined);
    const id = (this.#trials += 1);
    this.apply({ type: 'trial', atMs, id, callMs });
    return new Permit(this, epoch, id);
  }

  /** What {@link acquire} would refuse with now; undefined when it would let a call through. Changes nothing. */
  peek(): BreakerRefusal | undefined {
    return this.#state.kind === 'CLOSED' ? undefined : this.#refusal(this.#clock.monotonic());
  }

  /** Enters the state that time alone leads to, so that it can be seen before anybody calls. */
  refresh(): void {
    this.apply({ type: 'time', atMs: this.#clock.monotonic() });
  }

  /** When {@link refresh} next changes the state, on the monotonic clock; `Infinity`: never. */
  get nextChangeMs(): number {
    return nextChangeMs(this.#state);
  }

  /**
   * Takes other settings from now on. Counts stay, unless the window's length or what is slow changed; an open time that
   * runs, stays.
   */
  configure(config: BreakerConfig): void {
    const before = this.#config;
    this.#config = config;
    const sameCounts = config.windowMs === before.windowMs && config.slowCallTimeMs === before.slowCallTimeMs;
    if (!sameCounts && this.#state.kind === 'CLOSED') {
      // The same state (epoch), so calls in flight still count.
      const { epoch, cause, trials, consecutiveFailures } = this.#state;
      this.#state = { ...closedBreaker(config), epoch, cause, trials, consecutiveFailures };
    }
  }

  /** Changes the state by an event; times are of the monotonic clock. */
  apply(event: BreakerEvent): void {
    const before = this.#state;
    this.#state = transition(before, event, this.#config);
    if (this.#state !== before) this.#onChange?.(this.#state, before);
  }

  /** For permits. */
  settle(settled: Omit<Extract<BreakerEvent, { type: 'settled' }>, 'type' | 'atMs'>): void {
    const { epoch, trialId, signal, latencyMs, cause } = settled;
    this.apply({
      type: 'settled',
      atMs: this.#clock.monotonic(),
      epoch,
      trialId,
      signal,
      latencyMs,
      // What a call that went well says is no cause of anything.
      cause: signal === 'success' ? '' : cause.slice(0, causeCharsMax).toWellFormed(),
    });
  }

  #refusal(atMs: number): BreakerRefusal | undefined {
    const state = this.#state;
    const answer = admission(state, atMs, this.#config);
    if (answer.admits || state.kind === 'CLOSED' || state.kind === 'FORCED_CLOSED') return undefined;
    return { admitted: false, state: state.kind, retryAfterMs: answer.retryAfterMs, cause: state.cause };
  }
}

class Permit implements BreakerPermit {
  readonly admitted = true;
  readonly #epoch: number;
  readonly #trialId: number | undefined;
  /** Undefined once settled. */
  #breaker: CircuitBreaker | undefined;

  constructor(breaker: CircuitBreaker, epoch: number, trialId: number | undefined) {
    this.#breaker = breaker;
    this.#epoch = epoch;
    this.#trialId = trialId;
  }

  get trial(): boolean {
    return this.#trialId !== undefined;
  }

  settle(signal: BreakerSignal, cause = '', latencyMs = 0): void {
    const breaker = this.#breaker;
    this.#breaker = undefined;
    breaker?.settle({ epoch: this.#epoch, trialId: this.#trialId, signal, latencyMs, cause });
  }
}
