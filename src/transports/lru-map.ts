/** A map of at most `capacity` entries; the least recently read one leaves first. */
export class LruMap<V> {
  readonly #capacity: number;
  readonly #onLeave: (value: V) => void;
  readonly #entries = new Map<string, V>();

  /** `onLeave` is called with every value that leaves: pushed out, replaced, deleted or cleared. */
  constructor(capacity: number, onLeave: (value: V) => void = () => undefined) {
    this.#capacity = capacity;
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Least recently read first. */
  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.delete(key);
    if (this.#entries.size >= this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.delete(oldest.value);
    }
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#onLeave(value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}
