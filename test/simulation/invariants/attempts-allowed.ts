import { messageText } from '../ledger.ts';
import { fallbackDefaults } from '../../../src/resilience/policy.ts';
import type { Invariant } from './invariant.ts';

/** A message makes as many attempts as its policy and its sender allow, hedges and fallbacks included. */
export function attemptsAllowed(): Invariant {
  return {
    name: 'no message makes more attempts than allowed',
    attemptStarted({ message }) {
      const { message: sent, attempts, expected } = message;
      const { retry, fallback } = expected.policy;
      const own = Math.min(retry.attempts, sent.maxAttempts ?? Infinity);
      const further = fallback.reduce((sum, step) => sum + (step.attempts ?? fallbackDefaults.attempts), 0);
      return attempts.length > own + further
        ? `${messageText(message)} makes its attempt ${attempts.length}, although ${own} and ${further} of fallbacks are allowed`
        : undefined;
    },
  };
}
