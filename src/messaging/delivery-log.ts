import { HubError } from '../base/error.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryRecord } from './delivery-record.ts';

/** Synchronous deliveries that are remembered; the oldest make room for new ones. */
export const deliveriesKeptDefault = 10_000;

/** The traces of synchronous deliveries, in a bounded ring in memory: gone with a restart. */
export class DeliveryLog {
  #capacity: number;
  /** In the order in which they began, round from {@link #next} once it is full. */
  #ring: DeliveryRecord[] = [];
  /** Place of the ring that is written next. */
  #next = 0;
  /** The newest of each id. */
  readonly #byId = new Map<string, DeliveryRecord>();

  /** `capacity`: how many are kept, at least 1. */
  constructor(capacity: number = deliveriesKeptDefault) {
    this.#capacity = Math.max(1, capacity);
  }

  /** Changes how many are kept; the oldest beyond it are forgotten at once. */
  resize(capacity: number): void {
    const kept = this.#inOrder();
    this.#capacity = Math.max(1, capacity);
    this.#ring = kept.slice(-this.#capacity);
    this.#next = this.#ring.length % this.#capacity;
    this.#byId.clear();
    for (const record of this.#ring) this.#byId.set(record.id, record);
  }

  /** Keeps a delivery that begins. What becomes of it shows here without being told again. */
  begin(record: DeliveryRecord): void {
    const oldest = this.#ring[this.#next];
    // Another delivery of the same message may have begun since, and is found by the id now.
    if (oldest !== undefined && this.#byId.get(oldest.id) === oldest) this.#byId.delete(oldest.id);
    this.#ring[this.#next] = record;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
    this.#byId.set(record.id, record);
  }

  /** Throws DELIVERY_NOT_FOUND for one that never was or is forgotten. */
  get(id: string): Delivery {
    const record = this.#byId.get(id);
    if (record !== undefined) return record.snapshot();
    throw new HubError({
      reason: 'DELIVERY_NOT_FOUND',
      message: `No delivery "${id}" is known: synchronous deliveries are kept in memory, the last ${this.#capacity} of them, until the hub restarts.`,
      metadata: { delivery_id: id, kept: String(this.#capacity) },
      resource: { type: 'delivery', name: id },
    });
  }

  /**
   * Those that ended and were accepted from `fromMs` until before `untilMs` (epoch ms), in the order in which they began;
   * if there are more, the newest `most` of them.
   */
  between(fromMs: number, untilMs: number, most: number): readonly Delivery[] {
    return this.#inOrder()
      .filter(({ ended, acceptTimeMs }) => ended && acceptTimeMs >= fromMs && acceptTimeMs < untilMs)
      .slice(-most)
      .map((record) => record.snapshot());
  }

  #inOrder(): readonly DeliveryRecord[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }
}
