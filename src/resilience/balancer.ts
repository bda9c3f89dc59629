import { type Random, randomInt } from '../base/random.ts';
import type { EndpointKey } from './endpoint-map.ts';
import type { LoadBoard } from './load-board.ts';
import type { BalanceStrategy } from './policy.ts';

/** What the balancer must know about a candidate. */
export interface BalancerCandidate extends EndpointKey {
  /**
   * Share of the traffic, relative to the other candidates; equal weights share evenly. 0: only when all with a
   * weight have been tried.
   */
  readonly weight: number;
}

export interface BalancerOptions {
  readonly strategy: BalanceStrategy;
  readonly board: Pick<LoadBoard, 'inFlight' | 'latencyMs'>;
  readonly random: Random;
  /** Number of this call among those to the same target, from 0 (turns.ts). */
  readonly turn: number;
}

/** Latencies this close are equal: 20 % of the larger one, at least 1 ms. Measured ones never are exactly. */
const latencyTolerance = { share: 0.2, ms: 1 };

/**
 * Puts interchangeable candidates into the order in which they are to be tried: first the strategy's choice, then
 * the others for failover. Does not change `candidates`; the same inputs and randomness give the same order. Takes
 * time linear in their number. Candidates of unequal health are ordered rank by rank by the caller.
 *
 * LEAST_LOADED: the better of two drawn at random (power of two choices: Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001), by calls in flight over weight, then by average latency, then in turn if the
 * weights are equal and by weight if not; the rest by the same draw. ROUND_ROBIN: in turn, each as often as its
 * weight says. RANDOM: drawn by weight.
 */
export function orderCandidates<C extends BalancerCandidate>(
  candidates: readonly C[],
  options: BalancerOptions,
): C[] {
  const order = candidates.slice();
  const weighted = drainedLast(order);
  // All are drained: better in any order than not at all.
  const pool = new Pool(order, weighted === 0 ? order.length : weighted);
  if (pool.size < 2) return order;
  switch (options.strategy) {
    case 'LEAST_LOADED':
      orderByLoad(pool, options);
      break;
    case 'ROUND_ROBIN':
      orderInTurn(pool, options.turn);
      break;
    case 'RANDOM':
      orderAtRandom(pool, options.random);
      break;
  }
  return order;
}

/** The first `size` places of `order`, to be put in order in place. */
class Pool<C extends BalancerCandidate> {
  readonly order: C[];
  readonly size: number;
  readonly totalWeight: number;
  /** All weights are equal, or all are 0. */
  readonly even: boolean;

  constructor(order: C[], size: number) {
    this.order = order;
    this.size = size;
    let total = 0;
    let even = true;
    const firstWeight = order[0]?.weight;
    for (let place = 0; place < size; place += 1) {
      const weight = this.at(place).weight;
      total += Math.max(0, weight);
      even &&= weight === firstWeight;
    }
    this.totalWeight = total;
    this.even = even || total === 0;
  }

  at(place: number): C {
    const candidate = this.order[place];
    if (candidate === undefined) throw new RangeError(`place ${place} of ${this.order.length}`);
    return candidate;
  }

  swap(a: number, b: number): void {
    const candidate = this.at(a);
    this.order[a] = this.at(b);
    this.order[b] = candidate;
  }

  /** The place that `point`, in [0, 1), hits when each candidate takes up room by its weight. */
  placeAt(point: number): number {
    if (this.even) return Math.floor(point * this.size);
    let left = point * this.totalWeight;
    for (let place = 0; place < this.size - 1; place += 1) {
      left -= this.at(place).weight;
      if (left < 0) return place;
    }
    return this.size - 1;
  }
}

/** Moves candidates without weight behind the others, keeping the order of the others, and returns how many others there are. */
function drainedLast(order: BalancerCandidate[]): number {
  let weighted = 0;
  for (const [place, candidate] of order.entries()) {
    if (!(candidate.weight > 0)) continue;
    if (place !== weighted) order.splice(weighted, 0, ...order.splice(place, 1));
    weighted += 1;
  }
  return weighted;
}

function orderByLoad<C extends BalancerCandidate>(pool: Pool<C>, options: BalancerOptions): void {
  const { random, turn } = options;
  for (let place = 0; place < pool.size - 1; place += 1) {
    // The first choice carries the traffic, so it alone is drawn by weight.
    const one = place === 0 ? pool.placeAt(random.next()) : place + randomInt(random, pool.size - place);
    const rest = place + randomInt(random, pool.size - place - 1);
    const other = rest < one ? rest : rest + 1;
    const better = compareLoad(pool.at(one), pool.at(other), options.board);
    const otherWins =
      better === 0 ? place === 0 && pool.even && isNext(other, one, { turn, size: pool.size }) : better > 0;
    pool.swap(place, otherWins ? other : one);
  }
}

/** Negative when `a` is the less loaded one, positive when `b` is, 0 when nothing tells them apart. */
function compareLoad(a: BalancerCandidate, b: BalancerCandidate, board: BalancerOptions['board']): number {
  const loadA = board.inFlight(a) / (a.weight > 0 ? a.weight : 1);
  const loadB = board.inFlight(b) / (b.weight > 0 ? b.weight : 1);
  if (loadA !== loadB) return loadA - loadB;
  const latencyA = board.latencyMs(a);
  const latencyB = board.latencyMs(b);
  const tolerance = Math.max(latencyTolerance.ms, latencyTolerance.share * Math.max(latencyA, latencyB));
  return Math.abs(latencyA - latencyB) <= tolerance ? 0 : latencyA - latencyB;
}

/** Whether place `a` comes before place `b` when counting round from the place whose turn it is. */
function isNext(a: number, b: number, { turn, size }: { turn: number; size: number }): boolean {
  const start = turn % size;
  return (a - start + size) % size < (b - start + size) % size;
}

function orderInTurn<C extends BalancerCandidate>(pool: Pool<C>, turn: number): void {
  const first = pool.even ? turn % pool.size : pool.placeAt(spread(turn));
  const rotated = pool.order.slice(first, pool.size);
  for (let place = 0; place < first; place += 1) rotated.push(pool.at(place));
  for (const [place, candidate] of rotated.entries()) pool.order[place] = candidate;
}

/**
 * The `turn`-th point of the golden-ratio sequence in [0, 1): any stretch of it covers the interval evenly, so each
 * candidate gets its share without runs, and without state.
 */
function spread(turn: number): number {
  // Kept small, so that the product keeps its fraction.
  return ((turn % 2 ** 24) * 0.618_033_988_749_895) % 1;
}

function orderAtRandom<C extends BalancerCandidate>(pool: Pool<C>, random: Random): void {
  pool.swap(0, pool.placeAt(random.next()));
  for (let place = 1; place < pool.size - 1; place += 1) {
    pool.swap(place, place + randomInt(random, pool.size - place));
  }
}
