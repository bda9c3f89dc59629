import type { Clock } from '../base/clock.ts';
import type { Priority } from '../base/message.ts';
import type { LimitRefusal, LimitState } from './limit-answer.ts';
import { CallerLimits } from './limit-callers.ts';
import { type EnterRequest, TargetLimits, type TargetPermit } from './limit-target.ts';
import type { ResolvedPolicy } from './policy-match.ts';

export type { LimitRefusal, LimitState } from './limit-answer.ts';
export type { TargetOutcome, TargetPermit } from './limit-target.ts';

export interface LimitBoardOptions {
  readonly clock: Clock;
  /** The settings that all messages to a system share. Asked when it is first called, by {@link LimitBoard.ensure}, and by {@link LimitBoard.reconfigure}. */
  readonly targetOf: (systemId: string) => ResolvedPolicy;
}

/**
 * What callers may send and target systems get: token buckets per caller and per target, bulkheads and adaptive limits
 * per target. Its owner bounds it: a system's limits go by {@link forget}; of callers it keeps callerBucketsMax.
 */
export class LimitBoard {
  readonly #options: LimitBoardOptions;
  readonly #callers: CallerLimits;
  readonly #targets = new Map<string, TargetLimits>();
  /** Systems that are gone with attempts still in flight: should one come back, they count. */
  readonly #gone = new Map<string, TargetLimits>();

  constructor(options: LimitBoardOptions) {
    this.#options = options;
    this.#callers = new CallerLimits(options.clock);
  }

  /** Takes one message from the rate of `caller` under the policy that sets it; gives the refusal when it has none left. */
  takeCaller(caller: string, policy: ResolvedPolicy): LimitRefusal | undefined {
    return this.#callers.take(caller, policy);
  }

  /**
   * Room for one attempt. Answers at once, unless it must queue (`mayWait`, and the policy has a queue with room): then
   * by a promise, which ends by room, queue time, deadline or signal, and never rejects. A rate is not queued for:
   * without a token it refuses at once.
   */
  enter(
    systemId: string,
    request: EnterRequest,
  ): TargetPermit | LimitRefusal | Promise<TargetPermit | LimitRefusal> {
    return (this.#targets.get(systemId) ?? this.#create(systemId)).enter(request);
  }

  /** The limits of a system as they are now, for a message of `priority`. Takes nothing. */
  states(systemId: string, priority: Priority = 'NORMAL'): readonly LimitState[] {
    const { clock, targetOf } = this.#options;
    const target = this.#targets.get(systemId) ?? new TargetLimits(clock, systemId, targetOf(systemId));
    return target.states(priority);
  }

  /** The limits of a caller as they are now. Takes nothing. */
  callerStates(caller: string, policy: ResolvedPolicy): readonly LimitState[] {
    const state = this.#callers.state(caller, policy);
    return state === undefined ? [] : [state];
  }

  /** Takes the settings of a system afresh: for when it came back or changed, and with it the policies that match. Counts stay. */
  ensure(systemId: string): void {
    const target = this.#targets.get(systemId);
    if (target !== undefined) target.configure(this.#options.targetOf(systemId));
    else if (this.#gone.has(systemId)) this.#create(systemId);
  }

  /** Takes the settings of every system afresh: for when policies changed. Counts stay. */
  reconfigure(): void {
    for (const systemId of this.#targets.keys()) this.ensure(systemId);
  }

  /** A system is gone: who waits for it is refused, and what was learnt of it goes. Its attempts in flight finish. */
  forget(systemId: string): void {
    const target = this.#targets.get(systemId);
    if (target === undefined) return;
    this.#targets.delete(systemId);
    target.clear();
    for (const [id, { idle }] of this.#gone) if (idle) this.#gone.delete(id);
    if (!target.idle) this.#gone.set(systemId, target);
  }

  /** Refuses all who wait, and stops their timers. */
  close(): void {
    for (const target of this.#targets.values()) target.clear();
  }

  #create(systemId: string): TargetLimits {
    const { clock, targetOf } = this.#options;
    const resolved = targetOf(systemId);
    const gone = this.#gone.get(systemId);
    this.#gone.delete(systemId);
    gone?.configure(resolved);
    const target = gone ?? new TargetLimits(clock, systemId, resolved);
    this.#targets.set(systemId, target);
    return target;
  }
}
