import { type Random, randomInt } from '../base/random.ts';
import type { BalancerCandidate } from './balancer-candidate.ts';
import { orderByHash } from './balancer-hash.ts';
import { orderByLoad } from './balancer-load.ts';
import { Pool } from './balancer-pool.ts';
import { SmoothWeights } from './balancer-weights.ts';
import type { LoadBoard } from './load-board.ts';
import type { BalanceStrategy } from './policy.ts';
import { Turns } from './turns.ts';

export interface BalancerOptions {
  readonly loads: Pick<LoadBoard, 'inFlight' | 'latencyMs'>;
  readonly random: Random;
}

/** How to put candidates in order. */
export interface Balancing {
  readonly strategy: BalanceStrategy;
  /** Whose turns are counted together: a target as text. */
  readonly group: string;
  /** Whether this is a message that takes its turn; false for dry runs, repeats, and candidates that only stand by. */
  readonly take: boolean;
  /** What CONSISTENT_HASH goes by; undefined: the message has no such thing, and goes by least load. */
  readonly hashKey: string | undefined;
  readonly hashLoadFactor: number;
}

/** The order, best first. */
export interface BalancedOrder<C> {
  readonly order: C[];
  /** Ids of systems that the hash key would rather have had, and that were loaded to their bound; else none. */
  readonly passedOver: readonly string[];
}

const none: readonly string[] = [];

/**
 * Puts interchangeable candidates into the order in which they are to be tried: first the strategy's choice, then the
 * others for failover. Remembers whose turn it is, by target; everything else is decided by the arguments, loads and
 * randomness. Candidates of unequal health or zone are ordered rank by rank by the caller.
 *
 * LEAST_LOADED: balancer-load.ts. ROUND_ROBIN: in turn, each as often as its weight says. RANDOM: drawn by weight.
 * WEIGHTED: balancer-weights.ts, then whose turns come next. CONSISTENT_HASH: balancer-hash.ts.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #turns = new Turns();
  readonly #weights = new SmoothWeights();

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** Does not change `candidates`. */
  order<C extends BalancerCandidate>(candidates: readonly C[], balancing: Balancing): BalancedOrder<C> {
    const order = candidates.slice();
    const weighted = drainedLast(order);
    // All are drained: better in any order than not at all.
    const pool = new Pool(order, weighted === 0 ? order.length : weighted);
    return { order, passedOver: pool.size < 2 ? none : this.#arrange(pool, balancing) };
  }

  #arrange<C extends BalancerCandidate>(pool: Pool<C>, balancing: Balancing): readonly string[] {
    const { loads, random } = this.#options;
    const { strategy, group, take, hashKey, hashLoadFactor } = balancing;
    switch (strategy) {
      case 'CONSISTENT_HASH':
        if (hashKey !== undefined)
          return orderByHash(pool, { loads, key: hashKey, loadFactor: hashLoadFactor });
        orderByLoad(pool, { loads, random, turn: this.#turn(group, take) });
        break;
      case 'LEAST_LOADED':
        orderByLoad(pool, { loads, random, turn: this.#turn(group, take) });
        break;
      case 'ROUND_ROBIN':
        orderInTurn(pool, this.#turn(group, take));
        break;
      case 'RANDOM':
        orderAtRandom(pool, random);
        break;
      case 'WEIGHTED':
        // Drained candidates are no part of it, unless all are: then they are equals.
        if (pool.totalWeight === 0) orderInTurn(pool, this.#turn(group, take));
        else pool.arrange(this.#weights.order(group, pool.order.slice(0, pool.size), take));
        break;
    }
    return none;
  }

  #turn(group: string, take: boolean): number {
    return take ? this.#turns.take(group) : this.#turns.peek(group);
  }
}

/** Moves candidates without weight behind the others, keeping the order of the others, and returns how many others there are. */
function drainedLast(order: BalancerCandidate[]): number {
  let weighted = 0;
  for (let place = 0; place < order.length; place += 1) {
    const candidate = order[place];
    if (candidate === undefined || !(candidate.effectiveWeight > 0)) continue;
    if (place !== weighted) order.splice(weighted, 0, ...order.splice(place, 1));
    weighted += 1;
  }
  return weighted;
}

function orderInTurn<C extends BalancerCandidate>(pool: Pool<C>, turn: number): void {
  const first = pool.even ? turn % pool.size : pool.placeAt(spread(turn));
  const places: number[] = [];
  for (let step = 0; step < pool.size; step += 1) places.push((first + step) % pool.size);
  pool.arrange(places);
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
