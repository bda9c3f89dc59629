interface Node {
  readonly key: string;
  readonly dueMs: number;
}

/**
 * Keys in order of when they fall due: a binary heap that also knows where each key stands, so that a key can be
 * moved or removed. One place per key, so it is bounded by the number of keys. O(log n) per change.
 */
export class DueHeap {
  readonly #nodes: Node[] = [];
  readonly #positions = new Map<string, number>();

  get size(): number {
    return this.#nodes.length;
  }

  /** The key that falls due first; undefined when empty. */
  peek(): { readonly key: string; readonly dueMs: number } | undefined {
    return this.#nodes[0];
  }

  /** Adds a key, or moves it to another time. */
  set(key: string, dueMs: number): void {
    const at = this.#positions.get(key) ?? this.#nodes.length;
    this.#place(at, { key, dueMs });
    this.#sink(this.#rise(at));
  }

  /** Removes a key; one that is not there is left alone. */
  delete(key: string): void {
    const at = this.#positions.get(key);
    if (at === undefined) return;
    this.#positions.delete(key);
    const last = this.#nodes.pop();
    if (last === undefined || at === this.#nodes.length) return;
    this.#place(at, last);
    this.#sink(this.#rise(at));
  }

  #place(at: number, node: Node): void {
    this.#nodes[at] = node;
    this.#positions.set(node.key, at);
  }

  #dueAt(at: number): number {
    return this.#nodes[at]?.dueMs ?? Infinity;
  }

  #rise(from: number): number {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(at)) break;
      this.#swap(at, parent);
      at = parent;
    }
    return at;
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = this.#dueAt(right) < this.#dueAt(left) ? right : left;
      if (this.#dueAt(child) >= this.#dueAt(at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(a: number, b: number): void {
    const nodeA = this.#nodes[a];
    const nodeB = this.#nodes[b];
    if (nodeA === undefined || nodeB === undefined) return;
    this.#place(a, nodeB);
    this.#place(b, nodeA);
  }
}
