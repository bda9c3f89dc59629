import { attemptText, messageText, type MessageRecord } from '../ledger.ts';
import type { Finding, Invariant, Observed } from './invariant.ts';

/**
 * What the hub says about execution is true: after `executed: no` no target has acted or ever will, after `yes` one has,
 * and a reply comes from a target that acted. Also no verdict excludes what happened.
 */
export function executedIsTrue({ ledger }: Observed): Invariant {
  const toldNo = (message: MessageRecord): boolean =>
    message.outcome?.kind === 'failed' && message.outcome.error.executed === 'no';
  const untrue = (message: MessageRecord): Finding =>
    toldNo(message) && message.actions.length > 0
      ? `${messageText(message)} was told executed: no, but ${message.actions.map(({ attempt }) => attemptText(attempt)).join(', ')} acted`
      : undefined;
  return {
    name: 'what is said about execution is true',
    acted: ({ attempt }) => {
      const verdict = attempt.result?.verdict;
      if (verdict === 'NOT_REACHED' || verdict === 'NOT_EXECUTED' || verdict === 'REJECTED')
        return `${attemptText(attempt)} acted after the verdict ${verdict}: the simulated network is wrong`;
      return untrue(attempt.message);
    },
    messageConcluded(message) {
      const { outcome, actions } = message;
      if (outcome?.kind === 'failed' && outcome.error.executed === 'yes' && actions.length === 0)
        return `${messageText(message)} was told executed: yes, but nobody acted`;
      return untrue(message);
    },
    drained() {
      for (const message of ledger.messages) {
        const finding = untrue(message);
        if (finding !== undefined) return finding;
      }
      return undefined;
    },
  };
}
