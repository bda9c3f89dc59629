import { targetToString } from '../../../src/base/target.ts';
import { type AttemptRecord, attemptText, type MessageRecord } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';

/**
 * Retries in flight to a target stay within its budget. A retry asks a system again that the message has asked before;
 * asking another one that works for the first time is none. The right to one is taken between the end of the attempt
 * before and its own start (it may wait for a place), so it is held against the most calls in that time. Messages with
 * fallbacks, whose attempts may belong to other targets, count as calls and never as retries: what is found is surely too
 * many.
 */
export function retryBudget({ clock, ledger }: Observed): Invariant {
  let policiesSinceMs = -Infinity;
  /** How many calls there were to each target whenever there was one more. */
  const rises = new Map<string, { readonly atMs: number; readonly calls: number }[]>();
  /** How many there were to the target of a message when its last attempt ended, and when that was. */
  const lastEnds = new WeakMap<MessageRecord, { readonly atMs: number; readonly calls: number }>();
  const callsTo = (target: string): number => {
    let calls = 0;
    for (const other of ledger.open) if (targetOf(other) === target || hasFallback(other)) calls += 1;
    return calls;
  };
  const mostCalls = (message: MessageRecord): number => {
    const target = targetOf(message);
    const { atMs, calls } = lastEnds.get(message) ?? { atMs: message.message.acceptTimeMs, calls: 0 };
    const since = (rises.get(target) ?? []).filter((rise) => rise.atMs >= atMs);
    return Math.max(calls, callsTo(target), ...since.map((rise) => rise.calls));
  };
  return {
    name: 'retries in flight stay within the budget of their target',
    policiesChanged() {
      policiesSinceMs = clock.now();
    },
    messageSent(message) {
      const target = targetOf(message);
      const known = rises.get(target) ?? [];
      rises.set(target, known);
      known.push({ atMs: clock.now(), calls: callsTo(target) });
      return undefined;
    },
    attemptEnded({ message }) {
      lastEnds.set(message, { atMs: clock.now(), calls: callsTo(targetOf(message)) });
      return undefined;
    },
    attemptStarted(attempt) {
      const { message } = attempt;
      // One that came before the policies changed does not know what the budget is by now.
      if (message.message.acceptTimeMs <= policiesSinceMs) return undefined;
      if (hasFallback(message) || !isRetry(attempt)) return undefined;
      const target = targetOf(message);
      let retries = 0;
      for (const other of ledger.underWay) {
        if (targetOf(other.message) === target && !hasFallback(other.message) && isRetry(other)) retries += 1;
      }
      const calls = mostCalls(message);
      const { share, minimum } = message.expected.policy.retryBudget;
      const allowed = Math.max(minimum, Math.floor(share * calls));
      return retries > allowed
        ? `${attemptText(attempt)} is retry ${retries} in flight to ${target}, where ${allowed} are allowed for ${calls} calls`
        : undefined;
    },
  };
}

function targetOf({ message }: MessageRecord): string {
  return targetToString(message.target);
}

function hasFallback({ expected }: MessageRecord): boolean {
  return expected.policy.fallback.length > 0;
}

function isRetry(attempt: AttemptRecord): boolean {
  return attempt.message.attempts.some(
    (other) => other.ordinal < attempt.ordinal && other.endpoint.systemId === attempt.endpoint.systemId,
  );
}
