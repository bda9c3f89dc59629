import type { RepeatSafety } from '../base/message.ts';
import type { AttemptReason, AttemptResult } from '../base/transport.ts';
import type { RepeatScope } from './policy.ts';
import { isRetryable } from './retry-conditions.ts';

/** What is known after an attempt of one delivery. */
export interface RetryQuestion {
  /** How the attempt ended. */
  readonly result: Pick<AttemptResult, 'verdict' | 'reason' | 'status' | 'mayRetry'>;
  /**
   * Whether an attempt of the same delivery before this one ended MAY_HAVE_ACTED. It stays true for the rest of
   * the delivery: a later NOT_REACHED does not make undone what an earlier attempt may have done.
   */
  readonly mayHaveActedBefore: boolean;
  readonly repeatSafety: RepeatSafety;
  readonly repeatScope: RepeatScope;
  /** Attempts made, this one included. What the hub refused itself (breaker, limit) need not be counted. */
  readonly attemptsMade: number;
  readonly attemptsAllowed: number;
  /** Conditions that the policy retries (retry-conditions.ts); empty means all. */
  readonly retryOn: readonly string[];
  /** Time until the deadline, in ms; `Infinity` for none. */
  readonly remainingMs: number;
  /** How long the next attempt would have to wait, in ms. */
  readonly delayMs: number;
}

/**
 * Why no further attempt is made. `rejected`: a definite no. `unsafe`: it may have acted and must not be repeated.
 * `cancelled`: the caller went away. `pushback`: the target asks not to be asked again. `reason`: the policy does not
 * retry this. `attempts`: all are used. `deadline`: the next one could not start in time. `budget`, `limit`, `candidates` and `bad_reply` are
 * for the shell: the retry budget refused, a limit of the hub left no room, nobody is left of those whom `where` allows, or
 * the target acted and its answer is no reply.
 */
export type StopReason =
  | 'bad_reply'
  | 'rejected'
  | 'unsafe'
  | 'cancelled'
  | 'pushback'
  | 'reason'
  | 'attempts'
  | 'deadline'
  | 'budget'
  | 'limit'
  | 'candidates';

/** What may happen next. */
export type RetryDecision =
  | { readonly next: 'done' }
  /** SAME_SYSTEM is the one of the attempt just made: nobody else may see this message any more. */
  | { readonly next: 'retry'; readonly where: 'ANY' | 'SAME_SYSTEM' }
  /** `executed` is about all attempts of the delivery: `unknown` when any of them may have acted. */
  | { readonly next: 'stop'; readonly why: StopReason; readonly executed: 'no' | 'unknown' };

/**
 * Decides what may follow an attempt (contract.md, "Repeat safety"). After NOT_REACHED or NOT_EXECUTED any
 * candidate may be tried. After MAY_HAVE_ACTED: SAFE anywhere; IDEMPOTENT and KEYED on the same system, or anywhere
 * if the repeat scope is TYPE; UNSAFE nowhere. After REJECTED nobody. Holds for every sequence of attempts, as long
 * as the caller keeps `mayHaveActedBefore` and asks before each further attempt.
 */
export function decideRetry(question: RetryQuestion): RetryDecision {
  const { result, repeatSafety, repeatScope } = question;
  const mayHaveActed = question.mayHaveActedBefore || result.verdict === 'MAY_HAVE_ACTED';
  if (result.verdict === 'OK') return { next: 'done' };
  const why = stopReason(question, mayHaveActed);
  if (why !== undefined) return { next: 'stop', why, executed: mayHaveActed ? 'unknown' : 'no' };
  const anywhere = !mayHaveActed || repeatSafety === 'SAFE' || repeatScope === 'TYPE';
  return { next: 'retry', where: anywhere ? 'ANY' : 'SAME_SYSTEM' };
}

/** The first thing that forbids another attempt. What is forbidden by meaning goes before what merely ran out. */
function stopReason(question: RetryQuestion, mayHaveActed: boolean): StopReason | undefined {
  const { result, repeatSafety, retryOn } = question;
  if (result.verdict === 'REJECTED') return 'rejected';
  if (mayHaveActed && repeatSafety === 'UNSAFE') return 'unsafe';
  if (result.reason === 'cancelled') return 'cancelled';
  if (result.mayRetry === false) return 'pushback';
  if (!isHubRefusal(result.reason) && !isRetryable(retryOn, result)) return 'reason';
  if (question.attemptsMade >= question.attemptsAllowed) return 'attempts';
  if (question.remainingMs <= question.delayMs) return 'deadline';
  return undefined;
}

/** Whether the hub itself refused, so that no attempt was made: `retry.on` says nothing about these. */
function isHubRefusal(reason: AttemptReason): boolean {
  return reason === 'breaker_open' || reason === 'concurrency_limited' || reason === 'hub_rate_limited';
}
