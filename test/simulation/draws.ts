import { type Random, randomInt, seededRandom } from '../../src/base/random.ts';

/** What a seed decides: numbers drawn from one reproducible sequence. */
export class Draws {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /**
   * A sequence of its own for each purpose, so that what one of them draws moves none of the others: the hub may draw
   * more or fewer numbers, and the world stays the same.
   */
  static of(seed: number, purpose: string): Draws {
    // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
    let hash = 0x811c9dc5;
    for (const char of `${seed}/${purpose}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return new Draws(seededRandom(hash >>> 0));
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + randomInt(this.random, max - min + 1);
  }

  between(min: number, max: number): number {
    return min + this.random.next() * (max - min);
  }

  /** Time until the next of events that come independently of each other, every `meanMs` on average. */
  exponential(meanMs: number): number {
    return -Math.log(1 - this.random.next()) * meanMs;
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[randomInt(this.random, items.length)];
  }

  /** One of the names, each with its share; the rest of 1 falls to `otherwise`. */
  byShare<K extends string, O extends string>(
    shares: Readonly<Partial<Record<K, number>>>,
    otherwise: O,
  ): K | O {
    let left = this.random.next();
    for (const [name, share] of Object.entries(shares) as [K, number][]) {
      left -= share;
      if (left < 0) return name;
    }
    return otherwise;
  }
}
