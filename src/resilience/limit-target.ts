import type { Clock } from '../base/clock.ts';
import type { Priority } from '../base/message.ts';
import type { AttemptReason } from '../base/transport.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { Bulkhead, type WaitEnd, type WaitRequest } from './bulkhead.ts';
import {
  type LimitName,
  type LimitRefusal,
  type LimitState,
  nameLimit,
  placeRetryAfterMsMax,
} from './limit-answer.ts';
import type { ResolvedPolicy } from './policy-match.ts';
import { TokenBucket } from './token-bucket.ts';

/** Room for one attempt. */
export interface TargetPermit {
  readonly admitted: true;
  /** Time that it waited in the queue, in ms. */
  readonly waitedMs: number;
  /**
   * Gives the room back; must be called exactly once, however the attempt ends. Where a system has no limit all of its
   * attempts share one permit, which cannot tell a second time from the first.
   */
  release(outcome: TargetOutcome): void;
}

/** What became of an attempt that had room. */
export interface TargetOutcome {
  /** Undefined: nothing was sent. */
  readonly reason: AttemptReason | undefined;
  /** From sending to the answer, in ms, without the time in the queue. */
  readonly latencyMs: number;
}

export interface EnterRequest extends WaitRequest {
  /** Whether it may wait for room where the policy has a queue. */
  readonly mayWait: boolean;
}

type Entered = TargetPermit | LimitRefusal;

/** Weight of a new latency in the average that refusals estimate with. */
const latencyWeight = 0.2;

/** All limits of one target system. Counts every attempt in flight, also while nothing limits them, for when something will. */
export class TargetLimits {
  readonly #clock: Clock;
  readonly #systemId: string;
  readonly #bulkhead: Bulkhead;
  #resolved: ResolvedPolicy;
  #bucket: TokenBucket | undefined;
  #adaptive: AdaptiveLimit | undefined;
  /** Whether places are counted by permits of their own. */
  #bounded = false;
  /** Average of what attempts took, in ms; undefined: none has ended. */
  #latencyMs: number | undefined;
  readonly #sharedPermit: TargetPermit = {
    admitted: true,
    waitedMs: 0,
    release: () => this.#bulkhead.leave(),
  };

  constructor(clock: Clock, systemId: string, resolved: ResolvedPolicy) {
    this.#clock = clock;
    this.#systemId = systemId;
    this.#resolved = resolved;
    this.#bulkhead = new Bulkhead(clock, {
      placesFor: (priority) => this.#placesFor(priority),
      queueMax: () => this.#queueMax(),
      queueTimeMs: () => this.#resolved.policy.limits.concurrency.queueTimeMs,
      startDelayMs: () => this.#bucket?.msUntilToken(clock.monotonic()) ?? 0,
      started: () => {
        this.#bucket?.tryTake(clock.monotonic());
      },
    });
    this.configure(resolved);
  }

  /** Whether nothing is in flight, so that a new one would do as well. */
  get idle(): boolean {
    return this.#bulkhead.inFlight === 0 && this.#bulkhead.waiting === 0;
  }

  /** Takes other settings from now on. Attempts in flight stay counted and finish; who waits is let in where there is room now. */
  configure(resolved: ResolvedPolicy): void {
    const { targetRate, concurrency, adaptive } = resolved.policy.limits;
    const nowMs = this.#clock.monotonic();
    this.#resolved = resolved;
    if (targetRate.perSecond === 0) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(targetRate, nowMs);
    else this.#bucket.configure(targetRate, nowMs);
    if (!adaptive.enabled) this.#adaptive = undefined;
    else if (this.#adaptive === undefined) this.#adaptive = new AdaptiveLimit(adaptive, nowMs);
    else this.#adaptive.configure(adaptive);
    this.#bounded = concurrency.maxCalls > 0 || adaptive.enabled;
    this.#bulkhead.rulesChanged();
  }

  /** See LimitBoard.enter. */
  enter(request: EnterRequest): Entered | Promise<Entered> {
    if (this.#bucket === undefined && !this.#bounded) {
      this.#bulkhead.enter();
      return this.#sharedPermit;
    }
    // Time may have brought tokens that belong to those who wait.
    this.#bulkhead.refresh();
    if (this.#bucket !== undefined && this.#bucket.msUntilToken(this.#clock.monotonic()) > 0) {
      return this.#refusal('limits.target_rate', request.priority, undefined);
    }
    const { priority, mayWait } = request;
    if (this.#bulkhead.hasPlace(priority)) {
      this.#bulkhead.enter();
      return this.#bounded ? this.#permit(0) : this.#sharedPermit;
    }
    if (!mayWait || !this.#bulkhead.mayQueue(priority))
      return this.#refusal(this.#binding(priority), priority, undefined);
    return this.#wait(request);
  }

  /** Its limits as they are now for a message of `priority`, the rate first. */
  states(priority: Priority): readonly LimitState[] {
    const states: LimitState[] = [];
    if (this.#bucket !== undefined) states.push(this.#state('limits.target_rate', priority));
    if (this.#resolved.policy.limits.concurrency.maxCalls > 0) {
      states.push(this.#state('limits.concurrency', priority));
    }
    if (this.#adaptive !== undefined) states.push(this.#state('limits.adaptive', priority));
    return states;
  }

  /** Ends all waits, and forgets what was learnt of the target. Attempts in flight stay counted. */
  clear(): void {
    this.#bulkhead.clear();
    this.#latencyMs = undefined;
    if (this.#adaptive !== undefined) {
      this.#adaptive = new AdaptiveLimit(this.#resolved.policy.limits.adaptive, this.#clock.monotonic());
    }
  }

  async #wait(request: EnterRequest): Promise<Entered> {
    const startMs = this.#clock.monotonic();
    const limit = this.#binding(request.priority);
    const end = await this.#bulkhead.wait(request);
    return end === 'place'
      ? this.#permit(this.#clock.monotonic() - startMs)
      : this.#refusal(limit, request.priority, end);
  }

  #permit(waitedMs: number): TargetPermit {
    const adaptive = this.#adaptive;
    return new PlacePermit(this, adaptive, adaptive?.started(this.#bulkhead.inFlight) ?? 0, waitedMs);
  }

  /** For permits. */
  left({ reason, latencyMs }: TargetOutcome, adaptive: AdaptiveLimit | undefined, epoch: number): void {
    if (reason !== undefined) {
      this.#latencyMs =
        this.#latencyMs === undefined
          ? latencyMs
          : this.#latencyMs + latencyWeight * (latencyMs - this.#latencyMs);
    }
    if (adaptive !== undefined && adaptive === this.#adaptive) {
      adaptive.ended({ reason, latencyMs, epoch }, this.#clock.monotonic());
    }
    this.#bulkhead.leave();
  }

  #placesFor(priority: Priority): number {
    const { maxCalls } = this.#resolved.policy.limits.concurrency;
    const fixed = maxCalls === 0 ? Infinity : maxCalls;
    return this.#adaptive === undefined ? fixed : Math.min(fixed, this.#adaptive.placesFor(priority));
  }

  /** Under an adaptive limit no more wait than may be in flight, so that a wait lasts about as long as a call. */
  #queueMax(): number {
    const { queue } = this.#resolved.policy.limits.concurrency;
    return this.#adaptive === undefined ? queue : Math.min(queue, this.#adaptive.limit);
  }

  /** Which of the limits of attempts in flight rules. */
  #binding(priority: Priority): 'limits.concurrency' | 'limits.adaptive' {
    const { maxCalls } = this.#resolved.policy.limits.concurrency;
    const adaptive = this.#adaptive;
    if (adaptive === undefined) return 'limits.concurrency';
    return maxCalls === 0 || adaptive.placesFor(priority) < maxCalls
      ? 'limits.adaptive'
      : 'limits.concurrency';
  }

  #state(limit: LimitName, priority: Priority): LimitState {
    const { inFlight, waiting } = this.#bulkhead;
    const common = { policy: this.#policyOf(limit), limit, subject: this.#systemId, waiting };
    if (limit === 'limits.target_rate') {
      const nowMs = this.#clock.monotonic();
      const { burst = 0 } = this.#bucket ?? {};
      const waitMs = this.#bucket?.msUntilToken(nowMs) ?? 0;
      const current = burst - (this.#bucket?.level(nowMs) ?? 0);
      return {
        ...common,
        maximum: burst,
        current,
        refuses: waitMs > 0,
        retryAfterMs: waitMs > 0 ? waitMs : undefined,
      };
    }
    const maximum = this.#maximum(limit);
    const places = limit === 'limits.adaptive' ? (this.#adaptive?.placesFor(priority) ?? 0) : maximum;
    const refuses = inFlight >= places && !this.#bulkhead.mayQueue(priority);
    return {
      ...common,
      maximum,
      current: inFlight,
      refuses,
      retryAfterMs: inFlight >= places ? this.#placeAfterMs() : undefined,
    };
  }

  #maximum(limit: 'limits.concurrency' | 'limits.adaptive' | 'limits.caller_rate'): number {
    return limit === 'limits.adaptive'
      ? (this.#adaptive?.limit ?? 0)
      : this.#resolved.policy.limits.concurrency.maxCalls;
  }

  #policyOf(limit: LimitName): string {
    const { provenance } = this.#resolved;
    switch (limit) {
      case 'limits.caller_rate':
        return provenance['limits.callerRate.perSecond'];
      case 'limits.target_rate':
        return provenance['limits.targetRate.perSecond'];
      case 'limits.concurrency':
        return provenance['limits.concurrency.maxCalls'];
      case 'limits.adaptive':
        return provenance['limits.adaptive.enabled'];
    }
  }

  /** When there should be a place for one more: places come free one after the other, limit of them in the time of a call. */
  #placeAfterMs(): number {
    const { queueTimeMs } = this.#resolved.policy.limits.concurrency;
    const latencyMs = this.#latencyMs ?? queueTimeMs;
    const places = Math.max(1, Math.min(this.#placesFor('EMERGENCY'), this.#bulkhead.inFlight));
    const estimateMs = Math.ceil((latencyMs * (this.#bulkhead.waiting + 1)) / places);
    return Math.min(placeRetryAfterMsMax, Math.max(1, estimateMs));
  }

  #refusal(
    limit: Exclude<LimitName, 'limits.caller_rate'>,
    priority: Priority,
    end: Exclude<WaitEnd, 'place'> | undefined,
  ): LimitRefusal {
    const state = this.#state(limit, priority);
    const byRate = limit === 'limits.target_rate';
    // In front of the adaptive limit a part is kept for those above.
    const kept = limit === 'limits.adaptive' && state.current < state.maximum;
    const share = kept ? `, not all of which ${priority} may fill` : '';
    const retryAfterMs = state.retryAfterMs ?? (byRate ? 1 : this.#placeAfterMs());
    return {
      admitted: false,
      reason: byRate ? 'hub_rate_limited' : 'concurrency_limited',
      policy: state.policy,
      limit,
      subject: state.subject,
      maximum: state.maximum,
      current: state.current,
      waiting: state.waiting,
      retryAfterMs,
      detail: byRate
        ? `System "${this.#systemId}" gets at most ${this.#bucket?.perSecond ?? 0} attempts a second with` +
          ` ${state.maximum} at once (${nameLimit(state)}); the next may come in ${retryAfterMs} ms.`
        : `System "${this.#systemId}" has ${state.current} attempts in flight of at most ${state.maximum}${share}` +
          ` (${nameLimit(state)}) and ${state.waiting} wait${endings[end ?? 'full']}; come back in ${retryAfterMs} ms.`,
    };
  }
}

/** How the sentence about a refusal goes on. */
const endings: Readonly<Record<Exclude<WaitEnd, 'place'> | 'full', string>> = {
  full: '',
  queue_time: '; this message waited as long as it may',
  deadline: "; this message's time ran out while it waited",
  aborted: '; the caller went away while it waited',
  displaced: '; this message gave its place in the queue to one of a higher priority',
  closed: '; the system went away while it waited',
};

class PlacePermit implements TargetPermit {
  readonly admitted = true;
  readonly waitedMs: number;
  readonly #adaptive: AdaptiveLimit | undefined;
  readonly #epoch: number;
  /** Undefined once released. */
  #target: TargetLimits | undefined;

  constructor(target: TargetLimits, adaptive: AdaptiveLimit | undefined, epoch: number, waitedMs: number) {
    this.#target = target;
    this.#adaptive = adaptive;
    this.#epoch = epoch;
    this.waitedMs = waitedMs;
  }

  release(outcome: TargetOutcome): void {
    const target = this.#target;
    this.#target = undefined;
    target?.left(outcome, this.#adaptive, this.#epoch);
  }
}
