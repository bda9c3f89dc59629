/**
 * Runs tasks of the same key one after the other, in the order in which they came; tasks of different keys run side
 * by side. Waiting tasks are bounded by the calls that the hub lets in at once.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>();
  /** Ends with the last task that runs alone, while there is one. */
  #alone: Promise<void> | undefined;

  /** Runs `task` when those before it under `key` have ended, however they ended, and settles as it does. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? this.#alone;
    const result = before === undefined ? task() : before.then(task);
    const tail: Promise<void> = settled(result).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return result;
  }

  /** Runs `task` when every task before it has ended; those that come later wait for it. */
  runAlone<T>(task: () => Promise<T>): Promise<T> {
    const before = [...this.#tails.values(), ...(this.#alone === undefined ? [] : [this.#alone])];
    const result = before.length === 0 ? task() : Promise.all(before).then(task);
    // Whoever comes later waits for this one, which waits for all of them.
    this.#tails.clear();
    const alone: Promise<void> = settled(result).then(() => {
      if (this.#alone === alone) this.#alone = undefined;
    });
    this.#alone = alone;
    return result;
  }

  /** Resolves when no task is left. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0 || this.#alone !== undefined) {
      await Promise.all([...this.#tails.values(), this.#alone]);
    }
  }
}

/** The caller of the task hears how it ended; the queue only has to go on. */
function settled(result: Promise<unknown>): Promise<void> {
  return result.then(
    () => undefined,
    () => undefined,
  );
}
