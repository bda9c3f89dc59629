import type { BalancerCandidate } from './balancer-candidate.ts';
import type { Pool } from './balancer-pool.ts';
import type { LoadBoard } from './load-board.ts';
import { hashText, rendezvousScore } from './rendezvous.ts';

export interface HashOrderOptions {
  readonly loads: Pick<LoadBoard, 'inFlight'>;
  /** What messages that belong to the same system have in common. */
  readonly key: string;
  /** How far above the mean load a system may go, at least 1. */
  readonly loadFactor: number;
}

/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016, https://arxiv.org/abs/1608.01350), on
 * weighted rendezvous hashing in place of a ring: a key goes to its first system with room by the key's own ranking.
 * Room is ⌈factor × (calls in flight at all + this one) × share of the weight⌉ calls in flight, so some system has it.
 * Behind the choice the others with room follow in the key's order, then those without. Returns the ids of those that
 * the key would rather have had, and that have no room.
 */
export function orderByHash<C extends BalancerCandidate>(
  pool: Pool<C>,
  { loads, key, loadFactor }: HashOrderOptions,
): readonly string[] {
  const keyHash = hashText(key);
  let calls = 1;
  const ranked: { place: number; readonly candidate: C; readonly score: number; full: boolean }[] = [];
  for (let place = 0; place < pool.size; place += 1) {
    const candidate = pool.at(place);
    calls += loads.inFlight(candidate);
    const score = rendezvousScore(keyHash, hashText(candidate.systemId), weightOf(candidate));
    ranked.push({ place, candidate, score, full: false });
  }
  const weights = pool.totalWeight > 0 ? pool.totalWeight : pool.size;
  for (const one of ranked) {
    const room = Math.ceil((loadFactor * calls * weightOf(one.candidate)) / weights);
    one.full = loads.inFlight(one.candidate) >= room;
  }
  ranked.sort((a, b) => b.score - a.score || (a.candidate.systemId < b.candidate.systemId ? -1 : 1));
  const passedOver: string[] = [];
  for (const { candidate, full } of ranked) {
    if (!full) break;
    passedOver.push(candidate.systemId);
  }
  ranked.sort((a, b) => Number(a.full) - Number(b.full));
  pool.arrange(ranked.map(({ place }) => place));
  return passedOver;
}

/** Weights count only where somebody has one. */
function weightOf({ effectiveWeight }: BalancerCandidate): number {
  return effectiveWeight > 0 ? effectiveWeight : 1;
}
