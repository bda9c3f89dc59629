import { type Random, randomInt } from '../base/random.ts';
import type { BalancerCandidate } from './balancer-candidate.ts';
import type { Pool } from './balancer-pool.ts';
import type { LoadBoard } from './load-board.ts';

export interface LoadOrderOptions {
  readonly loads: Pick<LoadBoard, 'inFlight' | 'latencyMs'>;
  readonly random: Random;
  /** Number of this call among those to the same target, from 0 (turns.ts). */
  readonly turn: number;
}

/** Latencies this close are equal: 20 % of the larger one, at least 1 ms. Measured ones never are exactly. */
const latencyTolerance = { share: 0.2, ms: 1 };

/** Places that are chosen by load. Who comes behind them gets the message only if those may not, and is drawn by chance. */
const chosenPlaces = 2;

/**
 * Puts the less loaded ones first: the better of two drawn at random (power of two choices: Mitzenmacher, "The Power of
 * Two Choices in Randomized Load Balancing", 2001), by calls in flight over weight, then by average latency, then in turn
 * if the weights are equal and by weight if not; the second place by the same draw, the others by chance.
 */
export function orderByLoad<C extends BalancerCandidate>(pool: Pool<C>, options: LoadOrderOptions): void {
  const { random, turn } = options;
  const chosen = Math.min(chosenPlaces, pool.size - 1);
  for (let place = 0; place < chosen; place += 1) {
    // The first choice carries the traffic, so it alone is drawn by weight.
    const one = place === 0 ? pool.placeAt(random.next()) : place + randomInt(random, pool.size - place);
    const rest = place + randomInt(random, pool.size - place - 1);
    const other = rest < one ? rest : rest + 1;
    const better = compareLoad(pool.at(one), pool.at(other), options.loads);
    const otherWins =
      better === 0 ? place === 0 && pool.even && isNext(other, one, { turn, size: pool.size }) : better > 0;
    pool.swap(place, otherWins ? other : one);
  }
  for (let place = chosen; place < pool.size - 1; place += 1) {
    pool.swap(place, place + randomInt(random, pool.size - place));
  }
}

/** Negative or 0 when `drawn`, which was drawn by weight, is to have the call, positive when `other` is; 0 is a tie. */
function compareLoad(
  drawn: BalancerCandidate,
  other: BalancerCandidate,
  loads: LoadOrderOptions['loads'],
): number {
  const drawnWeight = drawn.effectiveWeight > 0 ? drawn.effectiveWeight : 1;
  const otherWeight = other.effectiveWeight > 0 ? other.effectiveWeight : 1;
  const drawnCalls = loads.inFlight(drawn);
  const otherCalls = loads.inFlight(other);
  if (drawnCalls / drawnWeight !== otherCalls / otherWeight) {
    const difference = drawnCalls / drawnWeight - otherCalls / otherWeight;
    if (difference < 0) return difference;
    // An idle one of little weight would win against a single call of a heavy one, and get far more than its share: it
    // must be the better one with this call, too.
    return (otherCalls + 1) / otherWeight <= (drawnCalls + 1) / drawnWeight ? difference : -1;
  }
  // The latency of one that just came back says nothing yet: it would draw all calls.
  if (drawn.effectiveWeight < drawn.weight || other.effectiveWeight < other.weight) return 0;
  const drawnMs = loads.latencyMs(drawn);
  const otherMs = loads.latencyMs(other);
  const tolerance = Math.max(latencyTolerance.ms, latencyTolerance.share * Math.max(drawnMs, otherMs));
  return Math.abs(drawnMs - otherMs) <= tolerance ? 0 : drawnMs - otherMs;
}

/** Whether place `a` comes before place `b` when counting round from the place whose turn it is. */
function isNext(a: number, b: number, { turn, size }: { turn: number; size: number }): boolean {
  const start = turn % size;
  return (a - start + size) % size < (b - start + size) % size;
}
