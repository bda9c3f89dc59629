import { targetToString } from '../../../src/base/target.ts';
import { defaultPolicy } from '../../../src/resilience/policy-fields.ts';
import { deliveriesKept } from '../world/hub-process.ts';
import type { Invariant, Observed } from './invariant.ts';

/** Whatever the hub counts is back at zero once it has drained, and what it keeps is bounded at all times. */
export function nothingLeft({ ledger, hub }: Observed): Invariant {
  return {
    name: 'nothing is left when all has ended, and what is kept is bounded',
    stepped() {
      const now = hub();
      if (now === undefined) return undefined;
      const endpoints = [...now.registry.directory.systems()].reduce(
        (sum, { interfaces }) => sum + interfaces.length,
        0,
      );
      const kept = now.core.loads.size;
      return kept > endpoints
        ? `loads are kept of ${kept} endpoints, where there are ${endpoints}`
        : undefined;
    },
    drained() {
      const now = hub();
      if (now === undefined) return 'no hub is up';
      const { core, registry } = now;
      for (const { id } of registry.directory.systems()) {
        for (const { limit, current, waiting } of core.limits.states(id)) {
          if (waiting > 0 || (current > 0 && limit !== 'limits.target_rate'))
            return `${limit} of ${id} still counts ${current} in flight and ${waiting} that wait`;
        }
        for (const endpoint of registry.directory.endpointsOf(id)) {
          const inFlight = core.loads.inFlight(endpoint);
          if (inFlight !== 0) return `${id}/${endpoint.interface} still counts ${inFlight} calls in flight`;
        }
      }
      for (const target of new Set(
        [...ledger.messages].map(({ message }) => targetToString(message.target)),
      )) {
        const { idle, callsInFlight, retriesInFlight } = core.budgets.of(target, defaultPolicy.retryBudget);
        if (!idle)
          return `the retry budget of ${target} still counts ${callsInFlight} calls and ${retriesInFlight} retries`;
      }
      const remembered = [...ledger.messages].filter(({ message }) => isRemembered(now, message.id)).length;
      return remembered > deliveriesKept
        ? `${remembered} deliveries are remembered, where ${deliveriesKept} are kept`
        : undefined;
    },
  };
}

function isRemembered(hub: NonNullable<ReturnType<Observed['hub']>>, id: string): boolean {
  try {
    hub.core.log.get(id);
    return true;
  } catch {
    return false;
  }
}
