/**
 * Counts calls per key (a target as text), so that what goes in turn goes in turn for each target by itself; one
 * counter for all would let two targets that are called alternately hit the same system each time.
 */
export class Turns {
  readonly #limit: number;
  readonly #turns = new Map<string, number>();

  /** At most `limit` keys, default 10,000; with one more all are forgotten, and each starts again at 0. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** The number of the coming call, from 0; the next one gets the next number. */
  take(key: string): number {
    const turn = this.peek(key);
    // All at once: to find the oldest key of a large map again and again costs far more than to count anew.
    if (turn === 0 && this.#turns.size >= this.#limit) this.#turns.clear();
    this.#turns.set(key, turn + 1);
    return turn;
  }

  /** The number that {@link take} would give, for dry runs. */
  peek(key: string): number {
    return this.#turns.get(key) ?? 0;
  }
}
