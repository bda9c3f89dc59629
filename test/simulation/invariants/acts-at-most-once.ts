import { attemptText, mayHaveActed, messageText } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

/**
 * An UNSAFE message acts at most once. Told twice over: by what targets did, and before that by what the hub may have
 * known, since a target that has not acted yet may still do so.
 */
export function actsAtMostOnce(): Invariant {
  return {
    name: 'an UNSAFE message acts at most once',
    acted: ({ attempt: { message } }) =>
      message.expected.repeatSafety === 'UNSAFE' && message.actions.length > 1
        ? `${messageText(message)} acted ${message.actions.length} times: ${message.actions.map(({ attempt }) => attemptText(attempt)).join(', ')}`
        : undefined,
    attemptStarted(attempt) {
      const { message } = attempt;
      if (message.expected.repeatSafety !== 'UNSAFE') return undefined;
      const before = message.attempts.find((other) => other !== attempt && mayHaveActed(other));
      return before === undefined
        ? undefined
        : `${messageText(message)} is attempted again by ${attemptText(attempt)}, although ${attemptText(before)} may have acted`;
    },
  };
}
