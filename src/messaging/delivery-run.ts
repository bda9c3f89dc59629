import type { Priority, Reply } from '../base/message.ts';
import type { AttemptReason, AttemptResult, Endpoint } from '../base/transport.ts';
import {
  type AttemptTimeout,
  attemptTimeout,
  type AttemptTimeoutQuestion,
} from '../resilience/attempt-timeout.ts';
import { retryDelayMs } from '../resilience/backoff.ts';
import type { ResolvedRepeatSafety } from '../resilience/repeat-safety.ts';
import type { RetryBudget } from '../resilience/retry-budget.ts';
import { decideRetry, type StopReason } from '../resilience/retry-decision.ts';
import { admit, type Asker, type NotAdmitted } from './admission.ts';
import { AskedTargets } from './asked-targets.ts';
import { OpenAttempt } from './attempt.ts';
import type { Candidate } from './candidate.ts';
import type { DeliveryInput, DeliveryPorts } from './delivery-ports.ts';
import { type EndedAttempt, mayHedge, race } from './hedge.ts';
import type { FailedRun, FinishedAttempt } from './outcome.ts';
import type { RouteFailure, RoutePlan } from './route.ts';

/** What one target is asked, and how much time and how many attempts it has for it. */
export interface RunInput extends DeliveryInput {
  /** Counts the calls in flight to the target, and grants its retries. */
  readonly budget: RetryBudget;
  /** Attempts in all. */
  readonly attempts: number;
  /** No attempt starts from then on, epoch ms; at most `deadlineMs`. */
  readonly startUntilMs: number;
  /** What the policy by itself would give the attempts. */
  readonly granted: AttemptTimeoutQuestion['policy'];
  /** The fallback that this is; empty: the target that the message names. */
  readonly fallback: string;
  /** Systems that were asked before and are not asked again. */
  readonly excluded: ReadonlySet<string> | undefined;
}

export type RunEnd =
  | { readonly replied: true; readonly reply: Reply; readonly systemId: string }
  | (FailedRun & {
      readonly replied: false;
      readonly repeatSafety: ResolvedRepeatSafety;
      /** Why nobody may be asked any more; undefined: somebody may. */
      readonly failure: RouteFailure | undefined;
    });

/** What an attempt that ended leads to. */
type Step =
  | { readonly next: 'replied'; readonly reply: Reply }
  /** `failover`: another healthy system has not been asked yet, and it is asked next. */
  | { readonly next: 'again'; readonly delayMs: number; readonly failover: boolean }
  | { readonly next: 'failed'; readonly stop: StopReason };

/** One target is asked: attempts, waits and repeats as far as the message's repeat safety allows. */
export class DeliveryRun implements Asker {
  readonly #ports: DeliveryPorts;
  readonly #input: RunInput;
  #finished: FinishedAttempt[] | undefined;
  readonly #asked = new AskedTargets();
  #begun = 0;
  #plan: RoutePlan;
  #mayHaveActed = false;
  /** A target that lost a race asked not to be asked again. */
  #pushedBack = false;
  /** Set once only this system may see the message again. */
  #onlySystemId: string | undefined;
  /** While attempts run beside each other: the system of the first. */
  #racingAt: string | undefined;

  constructor(ports: DeliveryPorts, input: RunInput) {
    this.#ports = ports;
    this.#input = input;
    this.#plan = input.plan;
  }

  get messageType(): string {
    return this.#input.message.type;
  }

  get priority(): Priority {
    return this.#input.message.priority;
  }

  get startUntilMs(): number {
    return this.#input.startUntilMs;
  }

  get signal(): AbortSignal {
    return this.#input.options.signal;
  }

  timing(nowMs: number): AttemptTimeout | undefined {
    const { granted, attempts, deadlineMs, startUntilMs } = this.#input;
    if (nowMs >= startUntilMs) return undefined;
    return attemptTimeout({
      policy: granted,
      repeatSafety: this.#plan.repeatSafety.repeatSafety,
      remainingMs: deadlineMs - nowMs,
      attemptsLeft: attempts - this.#begun,
    });
  }

  current({ systemId, interface: name }: Endpoint): Endpoint | undefined {
    this.#plan = this.#ports.router.refresh(this.#input.question, this.#plan);
    return this.#open().find((candidate) => candidate.systemId === systemId && candidate.interface === name)
      ?.endpoint;
  }

  /** Asks until it is over, one way or the other. Throws only by a defect. */
  async run(): Promise<RunEnd> {
    const { budget, record, options } = this.#input;
    /** What the next attempt is to hold, and has not got yet. */
    let retry: RetryBudget | undefined;
    let attempt: OpenAttempt | undefined;
    budget.callStarted();
    try {
      for (;;) {
        const nowMs = this.#ports.clock.now();
        if (nowMs >= this.startUntilMs) return this.#fail('deadline');
        if (options.signal.aborted) return this.#fail('cancelled');
        const admitted = admit(this.#ports, this, this.#open(), { mayWait: true, nowMs });
        const entry = admitted instanceof Promise ? await admitted : admitted;
        if (!(entry instanceof OpenAttempt)) {
          if (entry.stop === 'left') continue;
          return this.#fail(entry.stop, entry);
        }
        attempt = entry;
        // The one that was to be asked for the first time may have refused, or be gone: it became a retry after all.
        if (retry === undefined && this.#asked.has(attempt.endpoint.systemId)) {
          if (!budget.tryTake()) return this.#fail('budget');
          retry = budget;
        }
        if (retry !== undefined) attempt.holdRetry(retry);
        retry = undefined;

        const delayMs = this.#hedgeDelayMs(attempt.endpoint);
        let result: AttemptResult;
        if (delayMs === undefined) result = await this.#send(attempt, options.signal, false);
        else {
          const first = attempt;
          // The race gives back what its attempts hold.
          attempt = undefined;
          ({ attempt, result } = await this.#race(first, delayMs));
        }
        const step = this.#ended(attempt, result);
        if (step.next === 'replied') {
          return { replied: true, reply: step.reply, systemId: attempt.endpoint.systemId };
        }
        if (step.next === 'failed') return this.#fail(step.stop);
        if (step.delayMs > 0) {
          record.waitUntil(this.#ports.clock.now() + step.delayMs);
          await this.#ports.clock.sleep(step.delayMs, options.signal);
        }
        // Asking another system that works for the first time is no retry storm: there are few of them, and breakers
        // bound it. The budget is for asking again those that failed, and is not held while waiting for the next time.
        if (!step.failover) {
          if (!budget.tryTake()) return this.#fail('budget');
          retry = budget;
        }
        this.#plan = this.#ports.router.refresh(this.#input.question, this.#plan);
      }
    } catch (thrown) {
      // Waits end with the signal's reason.
      if (options.signal.aborted && thrown === options.signal.reason) return this.#fail('cancelled');
      throw thrown;
    } finally {
      attempt?.giveBack('defect in the transport');
      retry?.release();
      budget.callEnded();
    }
  }

  #send(attempt: OpenAttempt, signal: AbortSignal, hedge: boolean): Promise<AttemptResult> {
    const { message, deadlineMs, record, fallback } = this.#input;
    this.#begun += 1;
    this.#asked.add(attempt.endpoint);
    return attempt.send({
      message,
      number: record.beginAttempt(this.#plan.panic),
      deadlineMs,
      signal,
      hedge,
      fallback,
    });
  }

  /** An attempt that decides what happens next has ended. */
  #ended(attempt: OpenAttempt, result: AttemptResult): Step {
    attempt.end(result);
    const step = this.#whatNext(attempt.endpoint, result);
    const trace = attempt.trace(result, step.next === 'again' ? step.delayMs : undefined);
    this.#input.record.attemptEnded(trace);
    if (step.next !== 'replied') this.#keep({ attempt: trace, endpoint: attempt.endpoint, result });
    return step;
  }

  #keep(finished: FinishedAttempt): void {
    if (this.#finished === undefined) this.#finished = [finished];
    else this.#finished.push(finished);
  }

  /** When a further attempt is begun beside one to this endpoint, in ms; undefined: never. */
  #hedgeDelayMs(endpoint: Endpoint): number | undefined {
    const { hedge } = this.#plan.policy.policy;
    if (hedge.attempts === 0 || this.#begun + 1 >= this.#input.attempts || !mayHedge(this.#plan))
      return undefined;
    return hedge.delayMs ?? this.#ports.loads.p95Ms(endpoint);
  }

  async #race(first: OpenAttempt, delayMs: number): Promise<EndedAttempt> {
    const { clock, note } = this.#ports;
    this.#racingAt = first.endpoint.systemId;
    const ended = await race(first, {
      clock,
      signal: this.signal,
      delayMs,
      hedges: Math.min(this.#plan.policy.policy.hedge.attempts, this.#input.attempts - this.#begun - 1),
      another: () => this.#hedge(),
      send: (attempt, signal, hedge) => this.#send(attempt, signal, hedge),
      failed: ({ attempt, result }) => {
        attempt.end(result);
        this.#mayHaveActed ||= result.verdict === 'MAY_HAVE_ACTED';
        this.#pushedBack ||= result.mayRetry === false;
        const trace = attempt.trace(result, undefined);
        this.#input.record.attemptEnded(trace);
        this.#keep({ attempt: trace, endpoint: attempt.endpoint, result });
      },
      overtaken: (attempt) => {
        // What it did is not known, should the one that overtook it turn out to be a refusal.
        this.#mayHaveActed = true;
        this.#input.record.attemptEnded(attempt.trace(overtaken, undefined));
      },
      late: ({ attempt, result }) => {
        attempt.end(result, { overtaken: true });
        this.#input.record.attemptEnded(attempt.trace(result, undefined));
      },
    });
    this.#racingAt = undefined;
    if (ended.attempt.hedge && ended.result.reply !== undefined) note({ kind: 'hedge_won' });
    return ended;
  }

  /** Lets in an attempt beside those that run: within the retry budget, and never waiting. */
  #hedge(): OpenAttempt | undefined {
    const { budget, question } = this.#input;
    if (this.signal.aborted || this.#pushedBack || !budget.tryTake()) return undefined;
    let attempt: OpenAttempt | undefined;
    try {
      this.#plan = this.#ports.router.refresh(question, this.#plan);
      // A newcomer's route may promise less than those that the plan was made for.
      if (!mayHedge(this.#plan)) return undefined;
      const nowMs = this.#ports.clock.now();
      const entry = admit(this.#ports, this, this.#open(), { mayWait: false, nowMs });
      if (!(entry instanceof OpenAttempt)) return undefined;
      attempt = entry;
      attempt.holdRetry(budget);
      this.#ports.note({ kind: 'hedge_begun' });
      return attempt;
    } finally {
      if (attempt === undefined) budget.release();
    }
  }

  /** Candidates that may be asked now, best first: those before others that were asked already. */
  #open(): readonly Candidate[] {
    const { candidates } = this.#plan;
    if (this.#asked.empty && this.#input.excluded === undefined) return candidates;
    return this.#asked.leastFirst(candidates.filter((candidate) => this.#isOpen(candidate)));
  }

  /** Whether this delivery may go to a candidate at all. */
  #isOpen({ systemId }: Candidate): boolean {
    const only =
      this.#onlySystemId ?? (this.#anywhere(this.#racingAt !== undefined) ? undefined : this.#racingAt);
    return (only === undefined || systemId === only) && this.#input.excluded?.has(systemId) !== true;
  }

  /** Whether any candidate may see the message, when an attempt may have acted or not. */
  #anywhere(mayHaveActed: boolean): boolean {
    const { plan } = this.#input;
    return (
      !mayHaveActed ||
      this.#plan.repeatSafety.repeatSafety === 'SAFE' ||
      plan.policy.policy.repeatScope === 'TYPE'
    );
  }

  #whatNext(endpoint: Endpoint, result: AttemptResult): Step {
    if (result.verdict === 'OK') {
      return result.reply === undefined
        ? { next: 'failed', stop: 'bad_reply' }
        : { next: 'replied', reply: result.reply };
    }
    const { retry, repeatScope } = this.#plan.policy.policy;
    const { repeatSafety } = this.#plan.repeatSafety;
    const mayHaveActedBefore = this.#mayHaveActed;
    this.#mayHaveActed ||= result.verdict === 'MAY_HAVE_ACTED';
    if (this.#isHopeless(result.reason)) return { next: 'failed', stop: 'reason' };

    const failover = this.#anywhere(this.#mayHaveActed) && this.#hasFailover();
    const delayMs =
      failover && !this.#mayHaveActed
        ? // Nothing happened, and somebody else has not been asked yet: no reason to wait.
          0
        : retryDelayMs({
            retry,
            attempt: this.#begun,
            random: this.#ports.random,
            // What one target asked for says nothing about another.
            retryAfterMs: failover ? undefined : result.retryAfterMs,
          });
    const decision = decideRetry({
      result: this.#pushedBack ? { ...result, mayRetry: false } : result,
      mayHaveActedBefore,
      repeatSafety,
      repeatScope,
      attemptsMade: this.#begun,
      attemptsAllowed: this.#input.attempts,
      retryOn: retry.on,
      remainingMs: this.startUntilMs - this.#ports.clock.now(),
      delayMs,
    });
    switch (decision.next) {
      case 'retry':
        // Once it may have acted there, a message that is harmless to repeat only there never goes elsewhere.
        if (decision.where === 'SAME_SYSTEM') this.#onlySystemId ??= endpoint.systemId;
        return { next: 'again', delayMs, failover };
      case 'stop':
        return { next: 'failed', stop: decision.why };
      case 'done':
        throw new Error('decideRetry is not asked about the verdict OK');
    }
  }

  /** Whether the next attempt would end in the same way. */
  #isHopeless(reason: AttemptReason): boolean {
    switch (reason) {
      case 'reply_too_large':
        return this.#plan.repeatSafety.repeatSafety !== 'UNSAFE';
      case 'mapping_failed':
        return true;
      case 'misconfigured':
        return !this.#hasFailover();
      default:
        return false;
    }
  }

  /** Whether another system that works has not been asked yet. */
  #hasFailover(): boolean {
    return this.#plan.candidates.some(
      (candidate) =>
        candidate.status !== 'UNHEALTHY' && this.#isOpen(candidate) && !this.#asked.has(candidate.systemId),
    );
  }

  #fail(stop: StopReason, refused?: NotAdmitted): RunEnd {
    return {
      replied: false,
      stop,
      refusal: refused?.stop === 'limit' ? refused.refusal : undefined,
      attempts: this.#finished ?? [],
      executed: stop === 'bad_reply' ? 'yes' : this.#mayHaveActed ? 'unknown' : 'no',
      repeatSafety: this.#plan.repeatSafety,
      failure: stop === 'candidates' ? this.#plan.failure : undefined,
    };
  }
}

/** What is known of an attempt the moment that it is given up. */
const overtaken: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'cancelled',
  status: '',
  detail: 'given up: another attempt ended first',
};
