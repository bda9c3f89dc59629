import { attemptText, messageText } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';

/** Rounding of times that are computed in fractions of a millisecond. */
const roundingMs = 1e-3;

/** No attempt starts after its message's deadline or runs beyond it, and no outcome comes later than promised. */
export function deadlines({ clock }: Observed): Invariant {
  return {
    name: 'nothing begins or ends after its deadline',
    attemptStarted(attempt) {
      const { message, startMs, deadlineMs, attemptDeadlineMs } = attempt;
      const latestMs = message.expected.deadlineMs + roundingMs;
      if (startMs > latestMs)
        return `${attemptText(attempt)} starts ${startMs - message.expected.deadlineMs} ms after the deadline of the message`;
      if (deadlineMs > latestMs)
        return `${attemptText(attempt)} is told a deadline ${deadlineMs - message.expected.deadlineMs} ms after that of the message`;
      if (attemptDeadlineMs > deadlineMs + roundingMs)
        return `${attemptText(attempt)} may run ${attemptDeadlineMs - deadlineMs} ms beyond the deadline of the message`;
      return undefined;
    },
    messageConcluded(message) {
      if (message.outcome?.kind === 'lost') return undefined;
      const lateMs = clock.now() - message.expected.deadlineMs;
      return lateMs > roundingMs ? `${messageText(message)} ends ${lateMs} ms after its deadline` : undefined;
    },
  };
}
