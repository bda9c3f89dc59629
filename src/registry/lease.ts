import type { Clock, Timer } from '../base/clock.ts';
import { DueQueue } from '../base/due-queue.ts';
import type { Lease } from './system.ts';

/** Shortest and longest ttl of a lease, in ms. */
export const leaseTtlMsMin = 1000;
export const leaseTtlMsMax = 24 * 60 * 60 * 1000;
/** How long a system whose lease ran out is kept before it is removed, in ms. */
export const lostKeepMs = 24 * 60 * 60 * 1000;
/** Time until an overdue removal is tried again when the store refused it, in ms. */
const removalRetryMs = 60_000;

export interface LeaseEvents {
  /** The lease of `id` ran out just now. */
  onLost(id: string, lease: Lease): void;
  /** The lease of `id` has been lost for {@link lostKeepMs}. Called again every minute until it is released. */
  onOverdue(id: string): void;
}

/**
 * Leases on time. In memory only: a renewal writes nothing to disk, and what is durable (ttl, incarnation) belongs to
 * the record. So a restarted hub, which cannot know who tried to renew meanwhile, grants every lease its full ttl,
 * lost ones included. Elapsed time is monotonic: a jump of the wall clock neither ends nor prolongs a lease.
 * One timer, one heap place per lease.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #events: LeaseEvents;
  readonly #leases = new Map<string, Lease>();
  /** When each lease runs out, or once it is lost when its system is removed; monotonic ms. */
  readonly #due = new DueQueue();
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #closed = false;

  constructor(clock: Clock, events: LeaseEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get size(): number {
    return this.#leases.size;
  }

  get(id: string): Lease | undefined {
    return this.#leases.get(id);
  }

  /** Gives `id` a lease for `ttlMs` from now, in place of any earlier one. */
  grant(id: string, ttlMs: number): Lease {
    const lease: Lease = { ttlMs, expireTimeMs: this.#clock.now() + ttlMs, expired: false };
    this.#leases.set(id, lease);
    this.#due.set(id, this.#clock.monotonic() + ttlMs);
    this.#arm();
    return lease;
  }

  /** Grants the lease of `id` its ttl from now. Undefined when there is none, or when it ran out: a lost lease stays lost. */
  renew(id: string): Lease | undefined {
    // A lease whose time is up is lost even if the timer has not come round to it.
    this.#expireDue();
    const lease = this.#leases.get(id);
    return lease === undefined || lease.expired ? undefined : this.grant(id, lease.ttlMs);
  }

  /** Ends the lease of `id` without an event. */
  release(id: string): void {
    this.#leases.delete(id);
    this.#due.delete(id);
  }

  /** Stops the timer; nothing expires any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const next = this.#due.first;
    if (next === undefined || this.#closed) return;
    if (this.#timer !== undefined) {
      // A timer that is early finds nothing due and is set again; only one that is late must be replaced.
      if (this.#timer.dueMs <= next.dueMs) return;
      this.#timer.timer.cancel();
    }
    const timer = this.#clock.after(next.dueMs - this.#clock.monotonic(), () => {
      this.#timer = undefined;
      this.#expireDue();
      this.#arm();
    });
    this.#timer = { timer, dueMs: next.dueMs };
  }

  #expireDue(): void {
    const nowMs = this.#clock.monotonic();
    for (;;) {
      const next = this.#due.first;
      if (next === undefined || next.dueMs > nowMs || this.#closed) return;
      const lease = this.#leases.get(next.key);
      if (lease === undefined) {
        this.#due.delete(next.key);
      } else if (lease.expired) {
        this.#due.set(next.key, nowMs + removalRetryMs);
        this.#events.onOverdue(next.key);
      } else {
        const lost: Lease = { ...lease, expired: true };
        this.#leases.set(next.key, lost);
        this.#due.set(next.key, next.dueMs + lostKeepMs);
        this.#events.onLost(next.key, lost);
      }
    }
  }
}
