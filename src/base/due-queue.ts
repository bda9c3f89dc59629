interface Entry {
  readonly key: string;
  dueMs: number;
}

/**
 * Keys by the time at which they are due: a binary heap with an index, so that a key is in it at most once and moving
 * one costs O(log n). Holds as many entries as there are keys.
 */
export class DueQueue {
  readonly #heap: Entry[] = [];
  readonly #places = new Map<string, number>();

  /** The key that is due first, and when. */
  get first(): Readonly<Entry> | undefined {
    return this.#heap[0];
  }

  /** When a key is due; undefined: it is not in the queue. */
  dueOf(key: string): number | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#heap[place]?.dueMs;
  }

  /** Adds a key, or moves it. */
  set(key: string, dueMs: number): void {
    const place = this.#places.get(key);
    const entry = place === undefined ? undefined : this.#heap[place];
    if (place === undefined || entry === undefined) {
      this.#heap.push({ key, dueMs });
      this.#places.set(key, this.#heap.length - 1);
      this.#up(this.#heap.length - 1);
      return;
    }
    entry.dueMs = dueMs;
    this.#down(this.#up(place));
  }

  /** Takes a key out; one that is not there is left alone. */
  delete(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    const last = this.#heap.pop();
    if (last === undefined || place === this.#heap.length) return;
    this.#put(last, place);
    this.#down(this.#up(place));
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    this.#places.set(entry.key, place);
  }

  /** Moves the entry at `place` towards the front as far as it belongs; returns where it ended. */
  #up(place: number): number {
    let at = place;
    for (;;) {
      const parent = (at - 1) >> 1;
      const entry = this.#heap[at];
      const above = this.#heap[parent];
      if (at === 0 || entry === undefined || above === undefined || above.dueMs <= entry.dueMs) return at;
      this.#put(entry, parent);
      this.#put(above, at);
      at = parent;
    }
  }

  #down(place: number): void {
    let at = place;
    for (;;) {
      const entry = this.#heap[at];
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const rightFirst = left !== undefined && right !== undefined && right.dueMs < left.dueMs;
      const child = rightFirst ? right : left;
      if (entry === undefined || child === undefined || child.dueMs >= entry.dueMs) return;
      const childAt = 2 * at + (rightFirst ? 2 : 1);
      this.#put(child, at);
      this.#put(entry, childAt);
      at = childAt;
    }
  }
}
