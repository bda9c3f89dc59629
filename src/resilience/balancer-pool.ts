import type { BalancerCandidate } from './balancer-candidate.ts';

/** The first `size` places of `order`, to be put in order in place. */
export class Pool<C extends BalancerCandidate> {
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
    const firstWeight = order[0]?.effectiveWeight;
    for (let place = 0; place < size; place += 1) {
      const { effectiveWeight } = this.at(place);
      total += Math.max(0, effectiveWeight);
      even &&= effectiveWeight === firstWeight;
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

  /** Puts the candidates of these places, which are all of the pool's, into this order. */
  arrange(places: readonly number[]): void {
    const arranged = places.map((place) => this.at(place));
    for (const [place, candidate] of arranged.entries()) this.order[place] = candidate;
  }

  /** The place that `point`, in [0, 1), hits when each candidate takes up room by its weight. */
  placeAt(point: number): number {
    if (this.even) return Math.floor(point * this.size);
    let left = point * this.totalWeight;
    for (let place = 0; place < this.size - 1; place += 1) {
      left -= this.at(place).effectiveWeight;
      if (left < 0) return place;
    }
    return this.size - 1;
  }
}
