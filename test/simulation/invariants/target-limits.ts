import { type AttemptRecord, attemptText } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';
import { ReferenceBucket } from './token-bucket.ts';

/**
 * No target system gets more attempts at once, or in a time, than its policy allows, counted by what reaches the network.
 * A limit that has become smaller lets those in flight finish.
 */
export function targetLimits({ clock, ledger, hub }: Observed): Invariant {
  const buckets = new Map<string, ReferenceBucket>();
  const configure = (systemId: string): ReferenceBucket => {
    let bucket = buckets.get(systemId);
    if (bucket === undefined) {
      bucket = new ReferenceBucket(clock);
      buckets.set(systemId, bucket);
    }
    const config = hub()?.policyOf(systemId).limits.targetRate;
    if (config !== undefined) bucket.configure(config);
    return bucket;
  };
  return {
    name: 'no target gets more attempts than its limits allow',
    hubOpened: () => buckets.clear(),
    policiesChanged() {
      for (const systemId of buckets.keys()) configure(systemId);
    },
    attemptStarted(attempt) {
      const { systemId } = attempt.endpoint;
      const { limits } = hub()?.policyOf(systemId) ?? {};
      if (limits === undefined) return undefined;
      const inFlight = [...ledger.underWay].filter((other) => other.endpoint.systemId === systemId).length;
      const { maxCalls } = limits.concurrency;
      if (maxCalls > 0 && inFlight > maxCalls)
        return `${attemptText(attempt)} is call ${inFlight} in flight, where limits.concurrency allows ${maxCalls}`;
      if (limits.adaptive.enabled && inFlight > limits.adaptive.maxCalls)
        return `${attemptText(attempt)} is call ${inFlight} in flight, where limits.adaptive allows at most ${limits.adaptive.maxCalls}`;
      return overRate(attempt, configure(systemId));
    },
  };
}

function overRate(attempt: AttemptRecord, bucket: ReferenceBucket): string | undefined {
  return bucket.take() ? undefined : `${attemptText(attempt)} goes out without a token of limits.target_rate`;
}
