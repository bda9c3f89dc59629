import type { DescriptorSets } from '../base/descriptor-sets.ts';

/**
 * The descriptor sets that transports see. They are opened before the registry that keeps the sets, and see others while a
 * catalog is checked that brings its own.
 */
export class DescriptorShelf implements DescriptorSets {
  #sets: DescriptorSets = { get: () => undefined };

  get(name: string): Uint8Array | undefined {
    return this.#sets.get(name);
  }

  /** Shows these from now on. */
  connect(sets: DescriptorSets): void {
    this.#sets = sets;
  }

  /** Shows these while `check` runs, which must not wait: nobody else looks meanwhile. */
  during<T>(sets: DescriptorSets, check: () => T): T {
    const before = this.#sets;
    this.#sets = sets;
    try {
      return check();
    } finally {
      this.#sets = before;
    }
  }
}
