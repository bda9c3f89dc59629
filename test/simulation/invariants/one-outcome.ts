import { errorReasons } from '../../../src/base/error-catalogue.ts';
import { messageText, type MessageRecord } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';

/** Every message ends once: with a reply, or with a reason of the catalogue. */
export function oneOutcome({ ledger }: Observed): Invariant {
  const concluded = new WeakSet<MessageRecord>();
  return {
    name: 'every message ends in exactly one outcome, with a reason',
    messageConcluded(message) {
      if (concluded.has(message)) return `${messageText(message)} ends a second time`;
      concluded.add(message);
      const { outcome } = message;
      if (outcome?.kind === 'defect')
        return `${messageText(message)} ends with ${outcome.thrown instanceof Error ? outcome.thrown.stack : String(outcome.thrown)}`;
      if (outcome?.kind !== 'failed') return undefined;
      const { reason } = outcome.error;
      if (!errorReasons.includes(reason))
        return `${messageText(message)} ends with ${reason}, which is in no catalogue`;
      return outcome.error.message === ''
        ? `${messageText(message)} ends with ${reason} and no text`
        : undefined;
    },
    drained() {
      const [open] = ledger.open;
      return open === undefined
        ? undefined
        : `${ledger.open.size} messages have no outcome: ${messageText(open)}`;
    },
  };
}
