/** The only source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The machine's randomness; not for secrets. */
// eslint-disable-next-line no-restricted-properties -- this is the one place
export const systemRandom: Random = { next: () => Math.random() };

/** A whole number in [0, `bound`). */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/** A reproducible sequence: mulberry32, by Tommy Ettinger (public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
