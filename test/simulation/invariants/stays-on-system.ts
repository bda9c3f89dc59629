import { attemptText, mayHaveActed, messageText } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

/**
 * An IDEMPOTENT or KEYED message that may have acted on a system goes to that one only, unless its repeat scope is TYPE:
 * elsewhere nobody knows that it is a repeat.
 */
export function staysOnSystem(): Invariant {
  return {
    name: 'an IDEMPOTENT or KEYED message that may have acted stays on its system',
    attemptStarted(attempt) {
      const { message, endpoint } = attempt;
      const { repeatSafety, policy } = message.expected;
      if (repeatSafety === 'SAFE' || repeatSafety === 'UNSAFE' || policy.repeatScope === 'TYPE')
        return undefined;
      const elsewhere = message.attempts.find(
        (other) => mayHaveActed(other) && other.endpoint.systemId !== endpoint.systemId,
      );
      return elsewhere === undefined
        ? undefined
        : `${messageText(message)} goes by ${attemptText(attempt)}, although ${attemptText(elsewhere)} may have acted`;
    },
    acted({ systemId, attempt: { message } }) {
      const { repeatSafety, policy } = message.expected;
      if (repeatSafety === 'SAFE' || policy.repeatScope === 'TYPE') return undefined;
      const other = message.actions.find((action) => action.systemId !== systemId);
      return other === undefined
        ? undefined
        : `${messageText(message)} acted on ${other.systemId} and on ${systemId}`;
    },
  };
}
