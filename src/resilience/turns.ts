/**
 * Counts calls per key (a target as text), so that what goes in turn goes in turn for each target by itself; one
 * counter for all would let two targets that are called alternately hit the same system each time.
 */
export class Turns {
  readonly #limit: number;
  readonly #turns = new Map<string, number>();

  /** At most `limit` keys, default 10,000; beyond that the key that came first is forgotten and starts again at 0. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** The number of the coming call, from 0; the next one gets the next number. */
  take(key: string): number {
    const turn = this.peek(key);
    this.#turns.set(key, turn + 1);
    if (this.#turns.size > this.#limit) {
      const [oldest] = this.#turns.keys();
      if (oldest !== undefined) this.#turns.delete(oldest);
    }
    return turn;
  }

  /** The number that {@link take} would give, for dry runs. */
  peek(key: string): number {
    return this.#turns.get(key) ?? 0;
  }
}
