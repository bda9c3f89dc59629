import { messageText } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';
import { ReferenceBucket } from './token-bucket.ts';

/** No caller gets more messages through than its rate allows: each policy that sets one has a bucket for each caller. */
export function callerRate({ clock }: Observed): Invariant {
  const buckets = new Map<string, ReferenceBucket>();
  return {
    name: 'no caller gets more through than its rate allows',
    hubOpened: () => buckets.clear(),
    attemptStarted({ message, startMs }) {
      const { message: sent, attempts, expected } = message;
      // Others waited, or were sent again; what they took, they took when they came.
      if (attempts.length > 1 || startMs !== sent.acceptTimeMs) return undefined;
      const key = `${expected.callerRateFrom}/${sent.sender}`;
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        bucket = new ReferenceBucket(clock);
        buckets.set(key, bucket);
      }
      bucket.configure(expected.policy.limits.callerRate);
      return bucket.take()
        ? undefined
        : `${messageText(message)} goes out without a token of limits.caller_rate of ${expected.callerRateFrom} for ${sent.sender}`;
    },
  };
}
