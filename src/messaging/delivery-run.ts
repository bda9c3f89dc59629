import type { Clock } from '../base/clock.ts';
import { answerMarginMs, type Deadline, earliest } from '../base/deadline.ts';
import type { Message, RepeatSafety, Reply } from '../base/message.ts';
import type { Random } from '../base/random.ts';
import { traceIdOf } from '../base/trace-context.ts';
import type { AttemptReason, AttemptResult, Endpoint, Protocol, Transport } from '../base/transport.ts';
import { attemptTimeout } from '../resilience/attempt-timeout.ts';
import { retryDelayMs } from '../resilience/backoff.ts';
import { breakerSignal, type BreakerSignal } from '../resilience/breaker-signal.ts';
import { endpointKeyToString } from '../resilience/endpoint-map.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { BreakerPermit } from '../resilience/circuit-breaker.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { RetryBudget } from '../resilience/retry-budget.ts';
import { decideRetry, type StopReason } from '../resilience/retry-decision.ts';
import { type Attempt, attemptDetailCharsMax, type Delivery, type DeliveryState } from './delivery.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { deliveryError, type FinishedAttempt } from './outcome.ts';
import { type Candidate, type RoutePlan, type Router, type RouteQuestion } from './route.ts';

/** How one attempt ended, for everyone who learns from it: health, metrics. */
export interface AttemptOutcome {
  readonly endpoint: Endpoint;
  readonly messageType: string;
  readonly result: AttemptResult;
  readonly latencyMs: number;
  readonly signal: BreakerSignal;
}

/** What deliveries take from the rest of the hub. */
export interface DeliveryPorts {
  readonly router: Router;
  readonly transports: Readonly<Record<Protocol, Pick<Transport, 'send'>>>;
  readonly breakers: Pick<BreakerBoard, 'acquire'>;
  readonly loads: Pick<LoadBoard, 'begin'>;
  readonly budget: RetryBudget;
  readonly log: DeliveryLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: (outcome: AttemptOutcome) => void;
}

export interface SendOptions {
  /** When the caller stops waiting, epoch ms; `Infinity` when it did not say. */
  readonly callerDeadlineMs: Deadline;
  /** Time that the request gives, in ms. */
  readonly timeoutMs: number | undefined;
  readonly repeatSafety: RepeatSafety | undefined;
  /** Gives a target's refusal or server error back as a reply. */
  readonly returnRejections: boolean;
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
}

export interface Delivered {
  readonly reply: Reply;
  readonly delivery: Delivery;
}

/** One delivery to run. */
export interface DeliveryInput {
  readonly message: Message;
  readonly options: SendOptions;
  readonly question: RouteQuestion;
  readonly plan: RoutePlan;
}

/** Reasons by which a target said something itself; what it said can be given back as a reply. */
const answers: ReadonlySet<AttemptReason> = new Set([
  'rejected',
  'target_error',
  'unavailable',
  'rate_limited',
  'not_executed',
]);

/** What a step of a run leads to. */
type Step =
  | { readonly next: 'delivered'; readonly reply: Reply }
  /** `failover`: another healthy system has not been asked yet, and it is asked next. */
  | { readonly next: 'again'; readonly delayMs: number; readonly failover: boolean }
  | { readonly next: 'failed'; readonly stop: StopReason };

/** One delivery under way: attempts, waits and repeats as far as the message's repeat safety allows. */
export class DeliveryRun {
  readonly #hub: DeliveryPorts;
  readonly #input: DeliveryInput;
  readonly #deadlineMs: Deadline;
  readonly #finished: FinishedAttempt[] = [];
  /** How often each system and each endpoint was tried, by id and by key (which holds a slash): untried ones come first. */
  readonly #tried = new Map<string, number>();
  #plan: RoutePlan;
  #mayHaveActed = false;
  /** Set once only this system may see the message again. */
  #onlySystemId: string | undefined;
  #panic = false;

  constructor(hub: DeliveryPorts, input: DeliveryInput) {
    this.#hub = hub;
    this.#input = input;
    this.#plan = input.plan;
    const { message, options, plan } = input;
    const acceptMs = message.acceptTimeMs;
    const callerMs = options.callerDeadlineMs - acceptMs;
    this.#deadlineMs = earliest(
      // A little before the caller gives up, so that the reason still arrives.
      Number.isFinite(callerMs) ? options.callerDeadlineMs - answerMarginMs(callerMs) : undefined,
      acceptMs + plan.timeoutMs,
      message.ttlMs === undefined ? undefined : acceptMs + message.ttlMs,
    );
  }

  async deliver(): Promise<Delivered> {
    const { options } = this.#input;
    let holdsRetry = false;
    try {
      for (;;) {
        const step = await this.#attempt();
        if (holdsRetry) {
          this.#hub.budget.release();
          holdsRetry = false;
        }
        if (step.next === 'delivered') return { reply: step.reply, delivery: this.record('DELIVERED', '') };
        if (step.next === 'failed') return this.#fail(step.stop);
        if (step.delayMs > 0) {
          this.record('RETRYING', '', this.#hub.clock.now() + step.delayMs);
          await this.#hub.clock.sleep(step.delayMs, options.signal);
        }
        // Asking another system that works for the first time is no retry storm: there are few of them, and breakers
        // bound it. The budget is for asking again those that failed, and is not held while waiting.
        if (!step.failover) {
          holdsRetry = this.#hub.budget.tryTake();
          if (!holdsRetry) return this.#fail('budget');
        }
        this.#plan = this.#hub.router.refresh(this.#input.question, this.#plan);
      }
    } catch (thrown) {
      // The wait between attempts ends with the signal's reason.
      if (options.signal.aborted && thrown === options.signal.reason) return this.#fail('cancelled');
      throw thrown;
    } finally {
      if (holdsRetry) this.#hub.budget.release();
    }
  }

  /** Makes the next attempt and decides what follows. */
  async #attempt(): Promise<Step> {
    const { clock, transports } = this.#hub;
    const { message, options, plan } = this.#input;
    const startTimeMs = clock.now();
    const remainingMs = this.#deadlineMs - startTimeMs;
    if (remainingMs <= 0) return { next: 'failed', stop: 'deadline' };
    if (options.signal.aborted) return { next: 'failed', stop: 'cancelled' };
    const admitted = this.#admit();
    if (admitted === undefined) return { next: 'failed', stop: 'candidates' };
    const { endpoint, permit } = admitted;

    const { repeatSafety } = this.#plan.repeatSafety;
    const { timeoutMs, cutByCallerDeadline } = attemptTimeout({
      policy: plan.policy.policy,
      repeatSafety,
      remainingMs,
      attemptsLeft: plan.attempts - this.#finished.length,
    });
    const number = this.#finished.length + 1;
    const key = endpointKeyToString(endpoint);
    for (const name of [endpoint.systemId, key]) this.#tried.set(name, this.#triedOf(name) + 1);
    this.#panic ||= this.#plan.panic;
    if (number === 1) this.record('DELIVERING', '');

    const endCall = this.#hub.loads.begin(endpoint);
    const startedMs = clock.monotonic();
    let result: AttemptResult;
    try {
      result = await transports[endpoint.protocol].send(endpoint, message, {
        attempt: number,
        attemptDeadlineMs: startTimeMs + timeoutMs,
        deadlineMs: this.#deadlineMs,
        signal: options.signal,
      });
    } catch (thrown) {
      // A transport that throws has a defect; what reached the target is then unknown.
      endCall('failed');
      permit.settle('ignored', 'defect in the transport');
      throw thrown;
    }
    const latencyMs = clock.monotonic() - startedMs;
    const signal = breakerSignal(result, { cutByCallerDeadline });
    endCall(signal === 'success' ? 'answered' : 'failed');
    permit.settle(signal, result.detail);
    this.#hub.observe({ endpoint, messageType: message.type, result, latencyMs, signal });

    const next = this.#whatNext(result, endpoint);
    this.#finished.push({
      endpoint,
      result,
      attempt: {
        number,
        systemId: endpoint.systemId,
        interface: endpoint.interface,
        startTimeMs,
        latencyMs,
        verdict: result.verdict,
        status: result.status,
        reason: result.reason,
        detail: result.detail.slice(0, attemptDetailCharsMax),
        backoffMs: next.next === 'again' ? next.delayMs : undefined,
        hedge: false,
        queueTimeMs: 0,
        fallback: '',
      },
    });
    return next;
  }

  /** The first candidate whose breaker lets this call through; untried ones before tried ones. */
  #admit(): { readonly endpoint: Endpoint; readonly permit: BreakerPermit } | undefined {
    for (const { endpoint } of this.#open()) {
      const permit = this.#hub.breakers.acquire(endpoint);
      if (permit.admitted) return { endpoint, permit };
    }
    return undefined;
  }

  /** Candidates that this delivery may go to now, best first. */
  #open(): readonly Candidate[] {
    const usable = this.#plan.candidates.filter(
      ({ systemId }) => this.#onlySystemId === undefined || systemId === this.#onlySystemId,
    );
    if (this.#tried.size === 0) return usable;
    // Systems first: a second interface of one that failed comes after everybody who was not asked at all. The sort is
    // stable, so among equally often tried ones the plan's order stays.
    return usable.sort(
      (a, b) =>
        this.#triedOf(a.systemId) - this.#triedOf(b.systemId) ||
        this.#triedOf(endpointKeyToString(a)) - this.#triedOf(endpointKeyToString(b)),
    );
  }

  /** How often a system (by its id) or an endpoint (by its key) was tried. */
  #triedOf(name: string): number {
    return this.#tried.get(name) ?? 0;
  }

  #whatNext(result: AttemptResult, endpoint: Endpoint): Step {
    const { plan } = this.#input;
    const { retry, repeatScope } = plan.policy.policy;
    const { repeatSafety } = this.#plan.repeatSafety;
    if (result.verdict === 'OK') {
      return result.reply === undefined
        ? { next: 'failed', stop: 'bad_reply' }
        : { next: 'delivered', reply: result.reply };
    }
    const mayHaveActedBefore = this.#mayHaveActed;
    this.#mayHaveActed ||= result.verdict === 'MAY_HAVE_ACTED';
    const hopeless = this.#isHopeless(result.reason);
    if (hopeless) return { next: 'failed', stop: 'reason' };

    const anywhere = !this.#mayHaveActed || repeatSafety === 'SAFE' || repeatScope === 'TYPE';
    const failover = anywhere && this.#hasFailover();
    const delayMs =
      failover && !this.#mayHaveActed
        ? // Nothing happened, and somebody else has not been asked yet: no reason to wait.
          0
        : retryDelayMs({
            retry,
            attempt: this.#finished.length + 1,
            random: this.#hub.random,
            // What one target asked for says nothing about another.
            retryAfterMs: failover ? undefined : result.retryAfterMs,
          });
    const decision = decideRetry({
      result,
      mayHaveActedBefore,
      repeatSafety,
      repeatScope,
      attemptsMade: this.#finished.length + 1,
      attemptsAllowed: plan.attempts,
      retryOn: retry.on,
      remainingMs: this.#deadlineMs - this.#hub.clock.now(),
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
    return this.#open().some(
      (candidate) => this.#triedOf(candidate.systemId) === 0 && candidate.status !== 'UNHEALTHY',
    );
  }

  /** Ends the delivery without a reply: throws, or gives the target's own answer back where that was asked for. */
  #fail(stop: StopReason): Delivered {
    const { message, options, plan } = this.#input;
    const error = deliveryError({
      deliveryId: message.id,
      attempts: this.#finished,
      stop,
      executed: stop === 'bad_reply' ? 'yes' : this.#mayHaveActed ? 'unknown' : 'no',
      timeoutMs: Math.min(plan.timeoutMs, this.#deadlineMs - message.acceptTimeMs),
    });
    const state: DeliveryState =
      error.reason === 'CANCELLED' ? 'CANCELLED' : error.reason === 'MESSAGE_EXPIRED' ? 'EXPIRED' : 'FAILED';
    const delivery = this.record(state, error.reason);
    const answer = this.#finished.at(-1)?.result;
    // A later refusal must not hide that an earlier attempt may have acted.
    const hidesUnknown = this.#mayHaveActed && answer?.verdict !== 'MAY_HAVE_ACTED';
    if (
      options.returnRejections &&
      !hidesUnknown &&
      answer?.reply !== undefined &&
      answers.has(answer.reason)
    ) {
      return { reply: answer.reply, delivery };
    }
    throw error;
  }

  /** Keeps the delivery's newest state for GetDelivery. */
  record(state: DeliveryState, reason: string, nextAttemptTimeMs?: number): Delivery {
    const { message, plan } = this.#input;
    const underWay = state === 'DELIVERING' || state === 'RETRYING';
    const attempts: readonly Attempt[] = this.#finished.map(({ attempt }) => attempt);
    const delivery: Delivery = {
      id: message.id,
      messageId: message.id,
      state,
      systemId: attempts.at(-1)?.systemId ?? '',
      attempts,
      acceptTimeMs: message.acceptTimeMs,
      latencyMs: underWay ? undefined : this.#hub.clock.now() - message.acceptTimeMs,
      traceId: traceIdOf(message.traceparent) ?? '',
      panic: this.#panic,
      reason,
      nextAttemptTimeMs,
      policies: plan.policy.matched,
      subject: {
        messageType: message.type,
        kind: message.kind,
        source: message.source,
        target: message.target,
        priority: message.priority,
        sender: message.sender,
        repeatSafety: this.#input.options.repeatSafety,
        callerTimeMs: this.#input.options.callerDeadlineMs - message.acceptTimeMs,
        maxAttempts: message.maxAttempts,
      },
      fallbackUsed: '',
      cached: false,
      replyAgeMs: undefined,
      stale: false,
    };
    this.#hub.log.record(delivery);
    return delivery;
  }
}
