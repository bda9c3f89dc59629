import { HubError } from '../base/error.ts';
import type { Delivery } from './delivery.ts';

/** Synchronous deliveries that are remembered; the oldest make room for new ones. */
export const deliveriesKeptDefault = 10_000;

/** The traces of synchronous deliveries, in a bounded ring in memory: gone with a restart. */
export class DeliveryLog {
  #capacity: number;
  /** In order of their last {@link record}ed beginning; a Map keeps insertion order. */
  readonly #deliveries = new Map<string, Delivery>();

  constructor(capacity: number = deliveriesKeptDefault) {
    this.#capacity = capacity;
  }

  /** Changes how many are kept; the oldest beyond it are forgotten at once. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    for (const id of this.#deliveries.keys()) {
      if (this.#deliveries.size <= capacity) break;
      this.#deliveries.delete(id);
    }
  }

  /** Keeps the newest state of a delivery. */
  record(delivery: Delivery): void {
    const known = this.#deliveries.has(delivery.id);
    this.#deliveries.set(delivery.id, delivery);
    if (known || this.#deliveries.size <= this.#capacity) return;
    const [oldest] = this.#deliveries.keys();
    if (oldest !== undefined) this.#deliveries.delete(oldest);
  }

  /** Throws DELIVERY_NOT_FOUND for one that never was or is forgotten. */
  get(id: string): Delivery {
    const delivery = this.#deliveries.get(id);
    if (delivery !== undefined) return delivery;
    throw new HubError({
      reason: 'DELIVERY_NOT_FOUND',
      message: `No delivery "${id}" is known: synchronous deliveries are kept in memory, the last ${this.#capacity} of them, until the hub restarts.`,
      metadata: { delivery_id: id, kept: String(this.#capacity) },
      resource: { type: 'delivery', name: id },
    });
  }
}
