import type { Random } from '../base/random.ts';
import type { RetryConfig } from './policy.ts';

export interface BackoffQuestion {
  readonly retry: Pick<RetryConfig, 'initialDelayMs' | 'factor' | 'maxDelayMs' | 'maxRetryAfterMs'>;
  /** Attempts made so far, from 1: the wait asked for is the one after this attempt. */
  readonly attempt: number;
  readonly random: Random;
  /** What the target asked for, in ms from now; undefined when it did not. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait before the next attempt, in ms: anywhere between 0 and `initialDelayMs * factor^(attempt - 1)`,
 * the upper end being at most `maxDelayMs`. This is exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), which spreads callers that failed
 * together the most. A wait that the target asked for, at most `maxRetryAfterMs`, is a minimum, with up to 10 % (at most
 * 1 s) on top, so that all who were told the same do not come back together.
 */
export function retryDelayMs({ retry, attempt, random, retryAfterMs }: BackoffQuestion): number {
  const jitter = random.next();
  const backoffMs = jitter * retryCeilingMs(retry, attempt);
  if (retryAfterMs === undefined || !(retryAfterMs > 0)) return backoffMs;
  const askedMs = Math.min(retryAfterMs, retry.maxRetryAfterMs);
  return Math.max(backoffMs, askedMs + jitter * Math.min(1000, askedMs * 0.1));
}

/** The upper end of the wait after `attempt` attempts, in ms. */
export function retryCeilingMs(
  retry: Pick<RetryConfig, 'initialDelayMs' | 'factor' | 'maxDelayMs'>,
  attempt: number,
): number {
  if (retry.initialDelayMs <= 0) return 0;
  // A large attempt number makes the power Infinity, which the cap absorbs.
  return Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.factor ** Math.max(0, attempt - 1));
}
