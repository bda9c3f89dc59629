/** A timer in a {@link TimerHeap}. */
export interface HeapTimer {
  dueMs: number;
  /** Breaks ties: of two timers due at the same instant the one with the lower number is first. */
  readonly order: number;
  /** Set for a timer that repeats. */
  readonly everyMs: number | undefined;
  readonly callback: () => void;
  /** Where it stands in the heap; -1: it is in none. Kept by the heap. */
  place: number;
}

/** Timers by the instant at which they are due: a binary heap, in which each timer knows its place. */
export class TimerHeap {
  readonly #heap: HeapTimer[] = [];

  /** The timer that is due first; of those due together the one set first. */
  get first(): HeapTimer | undefined {
    return this.#heap[0];
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Adds a timer that is in no heap. */
  add(timer: HeapTimer): void {
    this.#heap.push(timer);
    this.#up(timer, this.#heap.length - 1);
  }

  /** Takes a timer out; one that is not there is left alone. */
  remove(timer: HeapTimer): void {
    const { place } = timer;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#down(last, place);
    this.#up(last, last.place);
  }

  /** Puts a timer at `place` or as far above it as it belongs. */
  #up(timer: HeapTimer, place: number): void {
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      this.#put(above, at);
      at = parent;
    }
    this.#put(timer, at);
  }

  /** Puts a timer at `place` or as far below it as it belongs. */
  #down(timer: HeapTimer, place: number): void {
    let at = place;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const rightFirst = left !== undefined && right !== undefined && isBefore(right, left);
      const child = rightFirst ? right : left;
      if (child === undefined || !isBefore(child, timer)) break;
      this.#put(child, at);
      at = 2 * at + (rightFirst ? 2 : 1);
    }
    this.#put(timer, at);
  }

  #put(timer: HeapTimer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
