import { type Executed, HubError, type HubErrorInit } from '../base/error.ts';
import type { ErrorReason } from '../base/error-catalogue.ts';
import type { AttemptReason, AttemptResult, Endpoint, Protocol } from '../base/transport.ts';
import { halfOpenRetryAfterMs } from '../resilience/breaker-state.ts';
import type { LimitRefusal } from '../resilience/limit-board.ts';
import type { StopReason } from '../resilience/retry-decision.ts';
import type { Attempt } from './delivery.ts';

/** An attempt with everything that an error may quote from it. */
export interface FinishedAttempt {
  readonly attempt: Attempt;
  readonly endpoint: Endpoint;
  readonly result: AttemptResult;
}

/** How asking one target ended without a reply. */
export interface FailedRun {
  readonly stop: StopReason;
  /** Set when `stop` is `limit`: the limit of the hub that left no room. */
  readonly refusal: LimitRefusal | undefined;
  /** In the order in which they ended. At least one, unless `stop` is `deadline`, `cancelled`, `limit` or `candidates`. */
  readonly attempts: readonly FinishedAttempt[];
  readonly executed: Executed;
}

export interface FailedDelivery extends FailedRun {
  readonly deliveryId: string;
  /** Time that the delivery had, in ms. */
  readonly timeoutMs: number;
}

/** Most of a target's body that an error quotes, in bytes: errors stay below 4 KiB with everything else in them. */
export const bodyExcerptBytesMax = 1024;

/** The error that tells a caller why its message was not answered (contract.md, "Errors"). */
export function deliveryError(failed: FailedDelivery): HubError {
  const { refusal } = failed;
  if (refusal !== undefined && failed.attempts.length === 0) return limitError(failed.deliveryId, refusal);
  const significant = significantAttempt(failed);
  const reason = failureReason(failed, significant);
  const init: HubErrorInit = {
    reason,
    message: `${explanation(reason, failed, significant)} Delivery ${failed.deliveryId}.`,
    metadata: {
      delivery_id: failed.deliveryId,
      attempts: String(failed.attempts.length),
      stopped_by: failed.stop,
      ...(failed.attempts.length === 0 ? {} : { trace: traceSummary(failed.attempts) }),
      ...(significant === undefined ? {} : quote(significant)),
      ...(refusal === undefined ? {} : limitMetadata(refusal)),
    },
    executed: failed.executed,
  };
  // Elsewhere it would read as advice to repeat what must not be repeated, or what is refused for good.
  const askedMs = worthAskingAgain.has(reason) ? significant?.result.retryAfterMs : undefined;
  // Breakers that let calls through when the plan was made refuse them now: trial calls of others took the places.
  const soon = reason === 'CONCURRENCY_LIMITED' || reason === 'BREAKER_OPEN';
  const retryAfterMs = soon ? halfOpenRetryAfterMs : askedMs;
  return new HubError(retryAfterMs === undefined ? init : { ...init, retryAfterMs });
}

/** The error for a message that a limit of the hub refused before anything was sent. */
export function limitError(deliveryId: string, refusal: LimitRefusal): HubError {
  return new HubError({
    reason: refusal.reason === 'hub_rate_limited' ? 'RATE_LIMITED' : 'CONCURRENCY_LIMITED',
    message: `${refusal.detail} Delivery ${deliveryId}.`,
    metadata: { delivery_id: deliveryId, stopped_by: 'limit', ...limitMetadata(refusal) },
    executed: 'no',
    retryAfterMs: refusal.retryAfterMs,
  });
}

function limitMetadata(refusal: LimitRefusal): Record<string, string> {
  return {
    policy: refusal.policy,
    limit: refusal.limit,
    subject: refusal.subject,
    current: String(refusal.current),
    maximum: String(refusal.maximum),
    waiting: String(refusal.waiting),
  };
}

/** How one fallback ended that did not answer. */
export interface FailedFallback {
  /** As Delivery.fallbackUsed names it. */
  readonly name: string;
  /** An ErrorReason, or why it was not tried. */
  readonly end: string;
}

/** The error of the target itself, with what its fallbacks came to. */
export function withFallbacks(error: HubError, fallbacks: readonly FailedFallback[]): HubError {
  if (fallbacks.length === 0) return error;
  const list = fallbacks.map(({ name, end }) => `${name}: ${end}`).join('; ');
  return new HubError({
    ...again(error),
    message: `${error.message} No fallback answered either (${list}).`,
    metadata: { ...error.metadata, fallbacks: list },
  });
}

/** The error with what is known of an earlier part of the same delivery. */
export function withExecuted(error: HubError, executed: Executed | undefined): HubError {
  return executed === undefined || executed === error.executed
    ? error
    : new HubError({ ...again(error), executed });
}

function again(error: HubError): HubErrorInit {
  return {
    reason: error.reason,
    message: error.message,
    metadata: error.metadata,
    violations: error.violations,
    cause: error,
    ...(error.executed === undefined ? {} : { executed: error.executed }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.resource === undefined ? {} : { resource: error.resource }),
  };
}

/**
 * The error for a message whose fallback may have acted, or has, without answering. The message goes to its own target
 * first, so that sending it again is not safe whatever its repeat safety.
 */
export function fallbackUnknownError(name: string, failed: FailedDelivery): HubError {
  const error = deliveryError(failed);
  const { reason, message } = error;
  return new HubError({
    reason: failed.executed === 'yes' ? reason : 'OUTCOME_UNKNOWN',
    message: `The fallback ${name} was asked, since the target itself did nothing: ${message}`,
    metadata: { ...error.metadata, fallback: name },
    executed: failed.executed,
    cause: error,
  });
}

/** Reasons with which a wait that the target asked for is passed on. */
const worthAskingAgain: ReadonlySet<ErrorReason> = new Set([
  'RATE_LIMITED',
  'NO_HEALTHY_SYSTEM',
  'TARGET_FAILED',
  'TARGET_TIMEOUT',
]);

/** The attempt that decides what the caller is told: the last that may have acted, else the last. */
function significantAttempt({ attempts, executed, stop }: FailedDelivery): FinishedAttempt | undefined {
  const last = attempts.at(-1);
  if (stop === 'rejected' || stop === 'bad_reply' || executed === 'no') return last;
  return attempts.findLast(({ result }) => result.verdict === 'MAY_HAVE_ACTED') ?? last;
}

function failureReason({ stop }: FailedDelivery, significant: FinishedAttempt | undefined): ErrorReason {
  if (stop === 'cancelled') return 'CANCELLED';
  if (stop === 'unsafe') return 'OUTCOME_UNKNOWN';
  if (stop === 'bad_reply') return 'BAD_REPLY';
  if (significant === undefined) return stop === 'candidates' ? 'BREAKER_OPEN' : 'MESSAGE_EXPIRED';
  const { verdict, reason } = significant.result;
  switch (verdict) {
    case 'REJECTED':
      return 'TARGET_REJECTED';
    case 'NOT_EXECUTED':
      return reason === 'rate_limited' ? 'RATE_LIMITED' : 'NO_HEALTHY_SYSTEM';
    case 'NOT_REACHED':
      return notReachedReasons[reason] ?? 'CONNECT_FAILED';
    case 'MAY_HAVE_ACTED':
    case 'OK':
      break;
  }
  switch (reason) {
    case 'timeout':
      return 'TARGET_TIMEOUT';
    case 'garbage':
      return 'BAD_REPLY';
    case 'reply_too_large':
      return 'REPLY_TOO_LARGE';
    default:
      return 'TARGET_FAILED';
  }
}

/** Why no attempt reached a target, where the connection is not to blame. */
const notReachedReasons: { readonly [R in AttemptReason]?: ErrorReason } = {
  concurrency_limited: 'CONCURRENCY_LIMITED',
  mapping_failed: 'MAPPING_FAILED',
  misconfigured: 'INTERFACE_MISCONFIGURED',
};

function explanation(
  reason: ErrorReason,
  { attempts, stop, executed, timeoutMs }: FailedDelivery,
  significant: FinishedAttempt | undefined,
): string {
  const where =
    significant === undefined ? '' : `${significant.endpoint.systemId}/${significant.endpoint.interface}`;
  const detail = significant?.attempt.detail ?? '';
  const count = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`;
  const ended = endings[stop];
  switch (reason) {
    case 'CANCELLED':
      return `The caller cancelled the call after ${count}.`;
    case 'OUTCOME_UNKNOWN':
      return `${where} may or may not have acted (${detail}), and the message is not safe to repeat, so it was not sent again. Find out at the target before sending it once more.`;
    case 'MESSAGE_EXPIRED':
      return `The ${Math.round(timeoutMs)} ms that the message had passed before an attempt could start; send it with a longer timeout or ttl.`;
    case 'BREAKER_OPEN':
      return 'Every usable interface has an open breaker; see `switchyard breakers`.';
    case 'TARGET_REJECTED':
      return (
        `${where} refused the message (${detail}); the same message would be refused again.` +
        (executed === 'unknown' ? ' But an earlier attempt may have acted.' : '')
      );
    case 'RATE_LIMITED':
      return `${where} asks to be called less often (${detail}); ${count}, ${ended}.`;
    case 'NO_HEALTHY_SYSTEM':
      return `${where} says that it did not execute the message (${detail}); ${count}, ${ended}.`;
    case 'CONNECT_FAILED':
      return `No attempt reached a target; the last was ${where} (${detail}); ${count}, ${ended}.`;
    case 'CONCURRENCY_LIMITED':
      return `The hub has as many calls to ${where} open as it allows (${detail}); ${count}, ${ended}.`;
    case 'TARGET_TIMEOUT':
      return `${where} did not answer in time (${detail}); ${count}, ${ended}.`;
    case 'MAPPING_FAILED':
      return `The message does not fit the route of ${where} (${detail}), so nothing was sent. Correct the message, or the mapping in the catalog.`;
    case 'INTERFACE_MISCONFIGURED':
      return `${where} cannot be used as it is set up (${detail}), so nothing was sent. Correct the interface, or what it refers to.`;
    case 'BAD_REPLY':
      if (stop === 'bad_reply')
        return `${where} acted and answered, but its answer does not fit the route (${detail}). Correct the mapping; do not send the message again to see the reply.`;
      return `${where} answered with something that is not a reply (${detail}); ${count}, ${ended}.`;
    case 'REPLY_TOO_LARGE':
      return `The reply of ${where} is too large (${detail}).`;
    default:
      return `${where} failed (${detail}); ${count}, ${ended}.`;
  }
}

const endings: Readonly<Record<StopReason, string>> = {
  bad_reply: 'the answer is no reply',
  rejected: 'a definite no ended it',
  unsafe: 'the message must not be repeated',
  cancelled: 'the caller went away',
  reason: 'this is not retried',
  pushback: 'the target asks not to be asked again',
  attempts: 'no more are allowed',
  deadline: 'no time was left for another',
  budget: 'the retry budget of the target is used up',
  limit: 'a limit of the hub left no room for another',
  candidates: 'no other candidate may be tried',
};

/** `1 echo/rest connect_refused 2ms; 2 …`, first and last ones when there are many. */
function traceSummary(attempts: readonly FinishedAttempt[]): string {
  const lines = attempts.map(
    ({ attempt }) =>
      `${attempt.number} ${attempt.systemId}/${attempt.interface} ${attempt.verdict} ${attempt.reason} ${Math.round(attempt.latencyMs)}ms`,
  );
  if (lines.length <= 5) return lines.join('; ');
  return [...lines.slice(0, 2), `… ${lines.length - 4} more …`, ...lines.slice(-2)].join('; ');
}

/** Protocols whose targets answer with HTTP status codes. */
const httpLike: ReadonlySet<Protocol> = new Set(['HTTP', 'GRAPHQL']);

/** What the target itself said: its status and the beginning of its body. */
function quote({ endpoint, result }: FinishedAttempt): Record<string, string> {
  const quoted: Record<string, string> = {
    system_id: endpoint.systemId,
    interface: endpoint.interface,
    attempt_reason: result.reason,
  };
  if (result.status !== '') {
    quoted[
      endpoint.protocol === 'GRPC'
        ? 'grpc_code'
        : httpLike.has(endpoint.protocol)
          ? 'http_status'
          : 'target_status'
    ] = result.status;
  }
  const body = result.reply?.data;
  if (body !== undefined && body.length > 0) {
    // A cut in the middle of a character shows as U+FFFD, which is better than guessing.
    quoted['body'] = new TextDecoder().decode(body.subarray(0, bodyExcerptBytesMax));
  }
  return quoted;
}
