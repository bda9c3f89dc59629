import { priorities, type Priority } from '../base/message.ts';

/** One that stands in a {@link BulkheadQueue}; the queue links it. */
export interface Queued {
  readonly priority: Priority;
  /** For the queue alone. */
  before: Queued | undefined;
  /** For the queue alone. */
  after: Queued | undefined;
}

interface Lane<T> {
  first: T | undefined;
  last: T | undefined;
}

/**
 * A queue by priority, in order of arrival within one. Linked, so that one who gives up in the middle is taken out at
 * once. It does not bound itself: its owner knows how many may wait.
 */
export class BulkheadQueue<T extends Queued> {
  readonly #lanes = new Map<Priority, Lane<T>>(
    priorities.map((priority) => [priority, { first: undefined, last: undefined }]),
  );
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one whose turn is next: of the highest priority the one that came first. */
  get first(): T | undefined {
    if (this.#size === 0) return undefined;
    for (let rank = priorities.length - 1; rank >= 0; rank -= 1) {
      const first = this.#lane(rank).first;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** The one that goes first when there are too many: of the lowest priority the one that came last. */
  get newestOfLowest(): T | undefined {
    if (this.#size === 0) return undefined;
    for (let rank = 0; rank < priorities.length; rank += 1) {
      const last = this.#lane(rank).last;
      if (last !== undefined) return last;
    }
    return undefined;
  }

  /** Places it behind those of its priority. It must not stand in a queue already. */
  add(one: T): void {
    const lane = this.#laneOf(one);
    one.before = lane.last;
    one.after = undefined;
    if (lane.last === undefined) lane.first = one;
    else lane.last.after = one;
    lane.last = one;
    this.#size += 1;
  }

  /** Takes out one that stands in this queue. */
  remove(one: T): void {
    const lane = this.#laneOf(one);
    if (one.before === undefined) lane.first = one.after as T | undefined;
    else one.before.after = one.after;
    if (one.after === undefined) lane.last = one.before as T | undefined;
    else one.after.before = one.before;
    one.before = undefined;
    one.after = undefined;
    this.#size -= 1;
  }

  #laneOf({ priority }: T): Lane<T> {
    return this.#lane(rankOf(priority));
  }

  #lane(rank: number): Lane<T> {
    const lane = this.#lanes.get(priorities[rank] ?? 'NORMAL');
    if (lane === undefined) throw new Error(`there is no lane for rank ${rank}`);
    return lane;
  }
}

/** Place of a priority among them all, from 0 for the lowest. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority);
}
