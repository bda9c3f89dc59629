import type { Clock, Timer } from '../base/clock.ts';
import type { Priority } from '../base/message.ts';
import { BulkheadQueue, type Queued, rankOf } from './bulkhead-queue.ts';

/** What a {@link Bulkhead} goes by. Asked at every decision, so that it may change at any time; then call {@link Bulkhead.rulesChanged}. */
export interface BulkheadRules {
  /** Calls in flight below which one of this priority is let in; no less for a higher priority than for a lower one. */
  placesFor(priority: Priority): number;
  /** Most that wait. */
  queueMax(): number;
  /** Longest wait, in ms. */
  queueTimeMs(): number;
  /** Whole ms until something else than places lets the next one start; 0: now. */
  startDelayMs(): number;
  /** One starts, now. */
  started(): void;
}

export interface WaitRequest {
  readonly priority: Priority;
  /** When the wait makes no sense any more, epoch ms. */
  readonly deadlineMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * How a wait ended. `place`: with a place, which must be given back by {@link Bulkhead.leave}. `displaced`: one of a
 * higher priority came to the full queue. `closed`: the bulkhead was cleared.
 */
export type WaitEnd = 'place' | 'queue_time' | 'deadline' | 'aborted' | 'displaced' | 'closed';

interface Waiter extends Queued {
  readonly end: (end: WaitEnd) => void;
}

/**
 * Bounds the calls in flight to one target, so that a slow one does not take everything that the hub has (the bulkhead
 * of M. Nygard, "Release It!"). Who finds no place may wait: the highest priority goes first, whoever came first within one.
 * Low priorities starve while higher ones fill every place; the queue time ends their wait, so nobody waits longer than that.
 *
 * Counts, a queue, and one timer for each waiter; {@link BulkheadRules.queueMax} bounds it.
 */
export class Bulkhead {
  readonly #clock: Clock;
  readonly #rules: BulkheadRules;
  readonly #queue = new BulkheadQueue<Waiter>();
  #inFlight = 0;
  /** Runs while the first waiter has a place but must not start yet. */
  #startTimer: Timer | undefined;

  constructor(clock: Clock, rules: BulkheadRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  hasPlace(priority: Priority): boolean {
    return this.#inFlight < this.#rules.placesFor(priority);
  }

  /** Takes a place, whether there is one or not: ask {@link hasPlace} before. {@link leave} must follow once. */
  enter(): void {
    this.#rules.started();
    this.#inFlight += 1;
  }

  /** Gives a place back. */
  leave(): void {
    this.#inFlight -= 1;
    if (this.#queue.size > 0) this.#letIn();
  }

  /** Whether one of this priority could wait. */
  mayQueue(priority: Priority): boolean {
    if (this.#queue.size < this.#rules.queueMax()) return true;
    const lowest = this.#queue.newestOfLowest;
    return this.#rules.queueMax() > 0 && lowest !== undefined && rankOf(lowest.priority) < rankOf(priority);
  }

  /** Waits for a place. The promise never rejects. Call only when {@link mayQueue}. */
  wait({ priority, deadlineMs, signal }: WaitRequest): Promise<WaitEnd> {
    if (signal.aborted) return Promise.resolve('aborted');
    const leftMs = deadlineMs - this.#clock.now();
    if (leftMs <= 0) return Promise.resolve('deadline');
    if (this.#queue.size >= this.#rules.queueMax()) this.#queue.newestOfLowest?.end('displaced');
    return new Promise((resolve) => {
      const queueTimeMs = this.#rules.queueTimeMs();
      const cutByDeadline = leftMs < queueTimeMs;
      const onAbort = (): void => waiter.end('aborted');
      const waiter: Waiter = {
        priority,
        before: undefined,
        after: undefined,
        end: (end) => {
          this.#queue.remove(waiter);
          timer.cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(end);
          if (this.#queue.size === 0) this.#stopTimer();
        },
      };
      const timer = this.#clock.after(cutByDeadline ? leftMs : queueTimeMs, () =>
        waiter.end(cutByDeadline ? 'deadline' : 'queue_time'),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.add(waiter);
      this.#letIn();
    });
  }

  /** Follows other rules: lets in who has a place now, and ends the waits for which there is no room any more. Calls in flight finish. */
  rulesChanged(): void {
    this.#letIn();
    while (this.#queue.size > this.#rules.queueMax()) this.#queue.newestOfLowest?.end('displaced');
  }

  /** Lets in whom time has made room for meanwhile. */
  refresh(): void {
    if (this.#queue.size > 0) this.#letIn();
  }

  /** Ends all waits. Calls in flight finish. */
  clear(): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) first.end('closed');
    this.#stopTimer();
  }

  #letIn(): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      // Who comes after the first has no higher priority, and so no place either.
      if (!this.hasPlace(first.priority)) return;
      const delayMs = this.#rules.startDelayMs();
      if (delayMs > 0) {
        this.#stopTimer();
        this.#startTimer = this.#clock.after(delayMs, () => this.#letIn());
        return;
      }
      // Before it is told, so that nobody takes the place in between.
      this.enter();
      first.end('place');
    }
  }

  #stopTimer(): void {
    this.#startTimer?.cancel();
    this.#startTimer = undefined;
  }
}
