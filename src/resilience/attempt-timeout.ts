import type { RepeatSafety } from '../base/message.ts';
import type { EffectivePolicy } from './policy.ts';

/** Least that a repeatable attempt is given when no policy sets an attempt timeout, in ms. */
export const attemptTimeoutMsMin = 1000;

export interface AttemptTimeoutQuestion {
  readonly policy: Pick<EffectivePolicy, 'timeoutMs' | 'attemptTimeoutMs'> & {
    readonly retry: Pick<EffectivePolicy['retry'], 'attempts'>;
  };
  readonly repeatSafety: RepeatSafety;
  /** Time until the deadline, in ms, more than 0; `Infinity` for none. */
  readonly remainingMs: number;
  /** Attempts that may still be made, the coming one included; at least 1. */
  readonly attemptsLeft: number;
}

export interface AttemptTimeout {
  /** How long the coming attempt may take, in ms; never more than what remains. */
  readonly timeoutMs: number;
  /**
   * Whether it is shorter than what the policy by itself would give an attempt, because little time remains. A
   * timeout then says nothing about the target and does not count against it (breaker-signal.ts).
   */
  readonly cutByCallerDeadline: boolean;
}

/**
 * The time for the coming attempt: the policy's attempt timeout; if unset, for a repeatable message the remaining
 * time over the remaining attempts, at least 1 s, and for an UNSAFE one all that remains. It counts as cut when it is
 * shorter than the policy's attempt timeout; if unset, than 90 % of the policy's timeout over its attempts (the
 * waits between attempts and the margin for the answer use up the other 10 %).
 */
export function attemptTimeout(question: AttemptTimeoutQuestion): AttemptTimeout {
  const { policy, repeatSafety, remainingMs, attemptsLeft } = question;
  const shareMs =
    repeatSafety === 'UNSAFE'
      ? remainingMs
      : Math.max(attemptTimeoutMsMin, remainingMs / Math.max(1, attemptsLeft));
  const timeoutMs = Math.min(remainingMs, policy.attemptTimeoutMs ?? shareMs);
  const fullMs = policy.attemptTimeoutMs ?? (policy.timeoutMs / policy.retry.attempts) * 0.9;
  return { timeoutMs, cutByCallerDeadline: timeoutMs < fullMs };
}
