import type { BalancedOrder, Balancer, Balancing } from '../resilience/balancer.ts';
import type { BalanceStrategy } from '../resilience/policy.ts';
import { type Candidate, tierOf, usableTiers } from './candidate.ts';

/** How the candidates of a plan came into their order. */
export interface RouteBalancing {
  /** The strategy that chose: the policy's, but LEAST_LOADED where the message lacks what CONSISTENT_HASH goes by. */
  readonly strategy: BalanceStrategy;
  /** Whose systems come before others of the same health; empty: no zone does. */
  readonly zone: string;
  /** Ids of systems that the message's hash would rather have had, and that were loaded to their bound. */
  readonly passedOver: readonly string[];
}

/** Candidates, best first. */
export interface OrderedCandidates {
  readonly candidates: readonly Candidate[];
  readonly balancing: RouteBalancing;
}

/**
 * Systems before other interfaces of the same systems: each system's best interface, the better tiers first, within a tier
 * those of `zone` (if it is not empty) first, and balanced within that; then what else leads to them. `usable` holds the
 * candidates of each system in a row.
 */
export function orderCandidates(
  usable: readonly Candidate[],
  options: { readonly balancer: Balancer; readonly balancing: Balancing; readonly zone: string },
): OrderedCandidates {
  const { balancer, balancing, zone } = options;
  const { strategy, hashKey } = balancing;
  const rankOf = (candidate: Candidate): number =>
    2 * tierOf[candidate.status] + (zone === '' || candidate.zone === zone ? 0 : 1);
  const ranks: (Candidate[] | undefined)[] = [];
  const add = (candidate: Candidate): void => void (ranks[rankOf(candidate)] ??= []).push(candidate);
  const alternatives: Candidate[] = [];
  let best: Candidate | undefined;
  for (const candidate of usable) {
    if (best?.systemId !== candidate.systemId) {
      if (best !== undefined) add(best);
      best = candidate;
    } else if (tierOf[candidate.status] < tierOf[best.status]) {
      alternatives.push(best);
      best = candidate;
    } else {
      // Interfaces come in their declared order, so an equal tier keeps the earlier one.
      alternatives.push(candidate);
    }
  }
  if (best !== undefined) add(best);

  let first: BalancedOrder<Candidate> | undefined;
  for (let rank = 0; rank < 2 * usableTiers; rank += 1) {
    const equals = ranks[rank];
    if (equals === undefined) continue;
    // The first rank gets the message; the others stand by, and take no turns.
    if (first === undefined) first = balancer.order(equals, balancing);
    else first.order.push(...balancer.order(equals, { ...balancing, take: false }).order);
  }
  const { order: candidates = [], passedOver = [] } = first ?? {};
  candidates.push(...alternatives.sort((a, b) => rankOf(a) - rankOf(b)));
  const hashless = strategy === 'CONSISTENT_HASH' && hashKey === undefined;
  return {
    candidates,
    balancing: { strategy: hashless ? 'LEAST_LOADED' : strategy, zone, passedOver },
  };
}
