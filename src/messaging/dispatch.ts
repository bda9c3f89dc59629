import { answerMarginMs } from '../base/deadline.ts';
import { HubError } from '../base/error.ts';
import type { Message, Reply } from '../base/message.ts';
import { targetToString } from '../base/target.ts';
import type { AttemptReason } from '../base/transport.ts';
import type { FallbackStep } from '../resilience/policy.ts';
import type { Delivered, SendOptions } from './delivery.ts';
import type { DeliveryInput, DeliveryPorts } from './delivery-ports.ts';
import { DeliveryRecord } from './delivery-record.ts';
import { DeliveryRun, type RunEnd, type RunInput } from './delivery-run.ts';
import { type FailedTarget, reservedMs, runFallbacks } from './fallback-chain.ts';
import { deliveryError, type FailedRun, limitError } from './outcome.ts';
import { usesReplyCache } from './reply-cache.ts';
import { routeError, type RoutePlan, type RouteQuestion } from './route.ts';

/** Hubs that a message may pass; one more is a loop. */
export const hopsMax = 16;

/**
 * Delivers messages, in this order: the limit of its caller, the reply cache, the target (limits, breaker, attempts, and
 * repeats as far as they are safe), its fallbacks.
 */
export class Dispatcher {
  readonly #ports: DeliveryPorts;

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
  }

  /** Delivers now. Rejects with the HubError that says why not; its trace is in the delivery log either way. */
  send(message: Message, options: SendOptions): Promise<Delivered> {
    // Not async itself, since every message would pay for one promise more.
    try {
      if (message.hops > hopsMax) throw loopDetected(message);
      const question = questionOf(message, options);
      const plan = this.#ports.router.plan(question);
      const record = new DeliveryRecord(message, options, plan.policy.matched);
      const deadlineMs = deadlineOf(message, options, plan);
      this.#ports.log.begin(record);
      const input: DeliveryInput = { message, options, question, plan, record, deadlineMs };
      return usesReplyCache(plan.policy.policy.replyCache, plan.repeatSafety.repeatSafety)
        ? this.#throughCache(input)
        : this.#deliver(input, true);
    } catch (thrown) {
      return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /** Takes the message from its caller's limit, or ends it there. */
  #takeCaller({ message, plan, record }: DeliveryInput): void {
    const { limits, clock, note } = this.#ports;
    const refusal = limits.takeCaller(callerOf(message), plan.policy);
    if (refusal === undefined) return;
    note({ kind: 'limit_refused', limit: refusal.limit });
    const error = limitError(message.id, refusal);
    record.failed(clock.now(), error.reason);
    throw error;
  }

  async #throughCache(input: DeliveryInput): Promise<Delivered> {
    const { clock, note, replies } = this.#ports;
    const { message, plan, record, deadlineMs } = input;
    const { signal, returnRejections } = input.options;
    try {
      this.#takeCaller(input);
      const served = await replies.serve(
        message,
        plan.policy.policy.replyCache,
        { signal, deadlineMs, returnRejections },
        () => this.#deliver(input, false),
      );
      note({ kind: 'reply_cache', hit: served.own === undefined });
      if (served.own !== undefined) return served.own;
      record.deliveredFromCache(clock.now(), served.ageMs, served.shared);
      return { reply: served.reply, delivery: record.snapshot() };
    } catch (thrown) {
      const waitEnded = !record.ended && signal.aborted && thrown === signal.reason;
      const error = waitEnded ? this.#failure(input, callerLeft) : thrown;
      if (!record.ended && isOwnDeadline(error)) return this.#afterWait(input, error);
      this.#endIfOpen(record, error);
      throw error;
    }
  }

  /** Its time ended while it waited for another call's delivery, whose fallbacks it never saw. */
  async #afterWait(input: DeliveryInput, error: HubError): Promise<Delivered> {
    try {
      return await this.#fallBack(input, { error, asked: new Set(), mayStandIn: true }, undefined);
    } catch (thrown) {
      this.#endIfOpen(input.record, thrown);
      throw thrown;
    }
  }

  /** `first`: nothing was done for the message yet. */
  async #deliver(input: DeliveryInput, first: boolean): Promise<Delivered> {
    const { clock, replies } = this.#ports;
    const { message, plan, record } = input;
    try {
      if (first) this.#takeCaller(input);
      if (plan.failure !== undefined) {
        const error = routeError(plan.failure, message.target);
        return await this.#fallBack(input, { error, asked: new Set(), mayStandIn: true }, undefined);
      }
      const { policy } = plan.policy;
      const keepsGood =
        policy.fallback.length > 0 &&
        plan.repeatSafety.repeatSafety === 'SAFE' &&
        policy.fallback.some(isLastGood);
      const generation = keepsGood ? replies.generation : 0;
      const end = await new DeliveryRun(this.#ports, this.#runOf(input)).run();
      if (!end.replied) return await this.#failed(input, end);
      record.delivered(clock.now(), end.systemId, '');
      if (keepsGood) replies.rememberGood(message, policy.replyCache, end.reply, generation);
      return { reply: end.reply, delivery: record.snapshot() };
    } catch (thrown) {
      this.#endIfOpen(record, thrown);
      throw thrown;
    }
  }

  /** What the target that the message names is asked, and in which time. */
  #runOf(input: DeliveryInput): RunInput {
    const { message, options, question, plan, record, deadlineMs } = input;
    const { policy } = plan.policy;
    const budget = this.#ports.budgets.of(targetToString(message.target), policy.retryBudget);
    const run = {
      message,
      options,
      question,
      plan,
      record,
      budget,
      attempts: plan.attempts,
      deadlineMs,
      startUntilMs: deadlineMs,
      granted: policy,
      fallback: '',
      excluded: undefined,
    };
    const { fallback, attemptTimeoutMs, retry } = policy;
    if (fallback.length === 0) return run;
    const totalMs = deadlineMs - message.acceptTimeMs;
    const reserved = reservedMs(fallback, message.target, totalMs);
    if (reserved === 0) return run;
    const startUntilMs = deadlineMs - reserved;
    // An attempt that may have acted has no fallback, and loses nothing by all the time that there is.
    if (plan.repeatSafety.repeatSafety !== 'SAFE') return { ...run, startUntilMs };
    const shareMs = policy.timeoutMs - reservedMs(fallback, message.target, policy.timeoutMs);
    return {
      ...run,
      startUntilMs,
      deadlineMs: startUntilMs,
      granted: {
        timeoutMs: shareMs,
        attemptTimeoutMs: attemptTimeoutMs === undefined ? undefined : Math.min(attemptTimeoutMs, shareMs),
        retry,
      },
    };
  }

  /** The target did not reply. */
  #failed(input: DeliveryInput, end: Exclude<RunEnd, { readonly replied: true }>): Promise<Delivered> {
    if (end.refusal !== undefined) this.#ports.note({ kind: 'limit_refused', limit: end.refusal.limit });
    const { repeatSafety } = end;
    // While it ran, a candidate may have joined that promises less.
    const known = { ...input, plan: { ...input.plan, repeatSafety } };
    return this.#fallBack(
      known,
      {
        // It waited for a place, and all that it might have gone to left meanwhile.
        error:
          end.failure !== undefined && end.attempts.length === 0
            ? routeError(end.failure, input.message.target)
            : this.#failure(input, end),
        asked: new Set(end.attempts.map(({ endpoint }) => endpoint.systemId)),
        mayStandIn: end.executed === 'no' || repeatSafety.repeatSafety === 'SAFE',
      },
      answerOf(end, input.options),
    );
  }

  /** Tries the fallbacks, if there are any and somebody else may answer; `answered` is what the target said itself. */
  async #fallBack(
    input: DeliveryInput,
    failed: FailedTarget & { readonly mayStandIn: boolean },
    answered: Reply | undefined,
  ): Promise<Delivered> {
    const { clock } = this.#ports;
    const { record, plan } = input;
    if (plan.policy.policy.fallback.length === 0 || !failed.mayStandIn || isFinal(failed.error)) {
      return this.#give(input, failed.error, answered);
    }
    const end = await runFallbacks(this.#ports, input, failed);
    if (!end.answered) return this.#give(input, end.error, end.exhausted ? answered : undefined);
    const { reply, name, systemId, ageMs } = end;
    if (ageMs === undefined) record.delivered(clock.now(), systemId, name);
    else record.deliveredStale(clock.now(), name, ageMs);
    return { reply, delivery: record.snapshot() };
  }

  /** Ends the delivery without a reply: throws, or gives the target's own answer back where that was asked for. */
  #give({ record }: DeliveryInput, error: HubError, answered: Reply | undefined): Delivered {
    record.failed(this.#ports.clock.now(), error.reason);
    if (answered === undefined) throw error;
    return { reply: answered, delivery: record.snapshot() };
  }

  #failure({ message, plan, deadlineMs }: DeliveryInput, end: FailedRun): HubError {
    return deliveryError({
      ...end,
      deliveryId: message.id,
      timeoutMs: Math.min(plan.timeoutMs, deadlineMs - message.acceptTimeMs),
    });
  }

  /** Whatever was thrown: the delivery has ended. */
  #endIfOpen(record: DeliveryRecord, thrown: unknown): void {
    if (record.ended) return;
    record.failed(this.#ports.clock.now(), thrown instanceof HubError ? thrown.reason : 'INTERNAL');
  }
}

/** Reasons that no fallback can mend: a definite no, and a message that nobody waits for any more. */
function isFinal({ reason }: HubError): boolean {
  return reason === 'TARGET_REJECTED' || reason === 'CANCELLED' || reason === 'MESSAGE_EXPIRED';
}

/** Whether a call that waited for another's delivery was told that its own time is over: of others' it never hears that. */
function isOwnDeadline(error: unknown): error is HubError {
  return error instanceof HubError && error.metadata['stopped_by'] === 'deadline';
}

const callerLeft: FailedRun = { stop: 'cancelled', refusal: undefined, attempts: [], executed: 'no' };

/** Reasons by which a target said something itself; what it said can be given back as a reply. */
const answers: ReadonlySet<AttemptReason> = new Set([
  'rejected',
  'target_error',
  'unavailable',
  'rate_limited',
  'not_executed',
]);

/** What the target said instead of a reply, for callers that take it as one. */
function answerOf({ attempts, executed }: FailedRun, { returnRejections }: SendOptions): Reply | undefined {
  const last = attempts.at(-1)?.result;
  if (!returnRejections || last === undefined || !answers.has(last.reason)) return undefined;
  // A later refusal must not hide that an earlier attempt may have acted.
  return executed === 'unknown' && last.verdict !== 'MAY_HAVE_ACTED' ? undefined : last.reply;
}

/** When the delivery must have ended, epoch ms: a little before the caller gives up, so that the reason still arrives. */
function deadlineOf(message: Message, options: SendOptions, plan: RoutePlan): number {
  const acceptMs = message.acceptTimeMs;
  const callerMs = options.callerDeadlineMs - acceptMs;
  const untilMs = acceptMs + Math.min(plan.timeoutMs, message.ttlMs ?? Infinity);
  return callerMs === Infinity
    ? untilMs
    : Math.min(untilMs, options.callerDeadlineMs - answerMarginMs(callerMs));
}

/** What a message asks of routing. */
export function questionOf(
  message: Message,
  { repeatSafety, timeoutMs }: Pick<SendOptions, 'repeatSafety' | 'timeoutMs'>,
): RouteQuestion {
  return {
    target: message.target,
    messageType: message.type,
    kind: message.kind,
    source: message.source,
    messageId: message.id,
    correlationId: message.correlationId,
    headers: message.headers,
    repeatSafety,
    maxAttempts: message.maxAttempts,
    timeoutMs,
  };
}

/** Whose limit a message counts against: the principal's; of those without one the system that sends. */
export function callerOf({ sender, source }: Message): string {
  return sender === 'anonymous' && source !== '' ? source : sender;
}

function isLastGood({ kind }: FallbackStep): boolean {
  return kind === 'last_good';
}

function loopDetected(message: Message): HubError {
  return new HubError({
    reason: 'LOOP_DETECTED',
    message: `The message has passed ${message.hops} hubs, more than the ${hopsMax} allowed: two hubs probably send it to each other.`,
    metadata: { hops: String(message.hops), limit: String(hopsMax), message_id: message.id },
    executed: 'no',
  });
}
