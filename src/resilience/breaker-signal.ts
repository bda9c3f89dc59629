import type { AttemptResult } from '../base/transport.ts';

/** What an attempt says about its target, to the breaker. `ignored` says nothing and only gives the slot back. */
export type BreakerSignal = 'success' | 'failure' | 'ignored';

export interface BreakerSignalContext {
  /** The attempt was given less time than the policy grants one, because the caller's deadline is near. */
  readonly cutByCallerDeadline: boolean;
}

/**
 * Classifies an attempt for the breaker (architecture.md, "Defaults"). A definite no (REJECTED, 4xx) is a success:
 * the target works. Failures are MAY_HAVE_ACTED and not being reached. Ignored, because they say nothing about
 * whether the target works: NOT_EXECUTED and 429; a stream that the target declined by GOAWAY or REFUSED_STREAM
 * (an orderly restart or shed load: the target speaks for itself, and a lasting outage shows as a failed connect);
 * cancellations; a timeout that a caller's short deadline caused; what the hub refused itself, its limit on
 * the size of a reply and messages that do not fit a mapping included.
 */
export function breakerSignal(
  result: Pick<AttemptResult, 'verdict' | 'reason'>,
  { cutByCallerDeadline }: BreakerSignalContext,
): BreakerSignal {
  switch (result.reason) {
    case 'breaker_open':
    case 'concurrency_limited':
    case 'hub_rate_limited':
    case 'cancelled':
    case 'rate_limited':
    case 'refused_stream':
    case 'goaway':
    case 'reply_too_large':
    case 'mapping_failed':
    case 'misconfigured':
      return 'ignored';
    case 'timeout':
    case 'connect_timeout':
      if (cutByCallerDeadline) return 'ignored';
      break;
    default:
      break;
  }
  switch (result.verdict) {
    case 'OK':
    case 'REJECTED':
      return 'success';
    case 'NOT_EXECUTED':
      return 'ignored';
    case 'NOT_REACHED':
    case 'MAY_HAVE_ACTED':
      return 'failure';
  }
}

/**
 * How long the breaker takes an attempt to have lasted, in ms, against `slow_call_time`: one that got no answer in its
 * time, however short that was, is slower than any.
 */
export function breakerLatencyMs({ reason }: Pick<AttemptResult, 'reason'>, latencyMs: number): number {
  return reason === 'timeout' || reason === 'connect_timeout' ? Infinity : latencyMs;
}
