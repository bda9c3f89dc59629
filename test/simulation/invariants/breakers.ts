import { endpointKeyToString } from '../../../src/resilience/endpoint-map.ts';
import { type AttemptRecord, attemptText } from '../ledger.ts';
import type { Invariant, Observed } from './invariant.ts';

/** The trials of one breaker while it is half open. */
interface Trials {
  /** Names this half-open time among others of the same breaker. */
  readonly sinceMs: number;
  readonly inFlight: Set<AttemptRecord>;
}

/**
 * An open breaker lets nothing through, and a half-open one has no more trials in flight than its policy allows, counted
 * by what reaches the network.
 */
export function breakers({ hub }: Observed): Invariant {
  const trialsOf = new Map<string, Trials>();
  return {
    name: 'open breakers let nothing through, and half-open ones no more trials than allowed',
    hubOpened: () => trialsOf.clear(),
    attemptStarted(attempt) {
      const { endpoint, message } = attempt;
      const now = hub();
      const breaker = now?.core.breakers.met(endpoint, message.message.type);
      if (now === undefined || breaker === undefined || breaker.state === 'CLOSED') return undefined;
      if (breaker.state === 'OPEN' || breaker.state === 'FORCED_OPEN')
        return `${attemptText(attempt)} goes through a breaker that is ${breaker.state}`;
      if (breaker.state !== 'HALF_OPEN') return undefined;
      const key = `${endpointKeyToString(endpoint)}/${breaker.messageType}`;
      let trials = trialsOf.get(key);
      if (trials?.sinceMs !== breaker.stateTimeMs) {
        trials = { sinceMs: breaker.stateTimeMs, inFlight: new Set() };
        trialsOf.set(key, trials);
      }
      trials.inFlight.add(attempt);
      const { halfOpenCalls } = now.policyOf(endpoint.systemId).breaker;
      return trials.inFlight.size > halfOpenCalls
        ? `${attemptText(attempt)} is trial ${trials.inFlight.size} in flight of a half-open breaker that allows ${halfOpenCalls}`
        : undefined;
    },
    attemptEnded(attempt) {
      for (const { inFlight } of trialsOf.values()) inFlight.delete(attempt);
      return undefined;
    },
  };
}
