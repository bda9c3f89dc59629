/** A candidate, as far as its turn goes. */
export interface Weighted {
  readonly systemId: string;
  /** Share of the turns, relative to the others; more than 0. */
  readonly effectiveWeight: number;
}

/**
 * Smooth weighted round robin, as in nginx
 * (https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1): each turn adds its weight to every
 * candidate's credit, the largest credit wins and pays the sum of the weights. Over a cycle each gets exactly its share,
 * and no candidate's turns come in a row when others can be between: weights 5, 1, 1 give a a b a c a a.
 *
 * Credits are kept by group and system. Systems may come and go, and weights change: a newcomer begins at 0, and no credit
 * counts for more than the sum of the weights, so that nobody gets a run of turns for what was before.
 */
export class SmoothWeights {
  readonly #groupsMax: number;
  readonly #groups = new Map<string, Map<string, number>>();

  /** Remembers at most `groupsMax` groups (targets), default 10,000; with one more all begin anew. */
  constructor(groupsMax = 10_000) {
    this.#groupsMax = groupsMax;
  }

  /** The places of `candidates` in the order of their turns, whose is next first. `take`: it is taken. */
  order(group: string, candidates: readonly Weighted[], take: boolean): number[] {
    const known = this.#groups.get(group);
    let total = 0;
    for (const { effectiveWeight } of candidates) total += effectiveWeight;
    const credits = candidates.map(({ systemId, effectiveWeight }) => {
      const credit = known?.get(systemId) ?? 0;
      return Math.max(-total, Math.min(total, credit)) + effectiveWeight;
    });
    // A stable sort: of equal credits the earlier candidate goes first.
    const order = credits
      .map((_credit, place) => place)
      .sort((a, b) => (credits[b] ?? 0) - (credits[a] ?? 0));
    const [first] = order;
    if (take && first !== undefined) {
      credits[first] = (credits[first] ?? 0) - total;
      this.#keep(group, candidates, credits);
    }
    return order;
  }

  #keep(group: string, candidates: readonly Weighted[], credits: readonly number[]): void {
    let known = this.#groups.get(group);
    if (known === undefined) {
      known = new Map();
      if (this.#groups.size >= this.#groupsMax) this.#groups.clear();
      this.#groups.set(group, known);
    }
    // Those that are out for a while keep their credit, unless they come to outnumber those that are here.
    if (known.size > 2 * candidates.length) known.clear();
    for (const [place, { systemId }] of candidates.entries()) known.set(systemId, credits[place] ?? 0);
  }
}
