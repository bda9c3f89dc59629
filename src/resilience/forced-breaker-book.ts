import type { Clock } from '../base/clock.ts';
import type { BreakerKey } from './breaker-key.ts';
import { type EndpointKey, EndpointMap } from './endpoint-map.ts';
import type { ForcedBreaker, ForcedBreakers } from './forced-breakers.ts';

export interface ForcedBreakerBookOptions {
  readonly clock: Clock;
  readonly store: ForcedBreakers;
  /** Told when an expired forced state could not be removed from the store. Harmless: the next start drops it. */
  readonly onFault: (error: unknown) => void;
}

/** Forced states that are kept for endpoints that are not registered; the oldest beyond that are forgotten. */
export const unregisteredForcedMax = 1000;

/**
 * The forced states of breakers, in memory as in the store. One of an interface holds for all message types on it, save
 * those that have one of their own.
 */
export class ForcedBreakerBook {
  readonly #options: ForcedBreakerBookOptions;
  /** By message type within an endpoint; the interface's own under the empty one. */
  readonly #kept = new EndpointMap<Map<string, ForcedBreaker>>();
  #size = 0;
  /** Ends when the last durable change has; they run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ForcedBreakerBookOptions) {
    this.#options = options;
  }

  /** Reads what the store keeps. Call once, at the start. */
  async load(): Promise<void> {
    for (const forced of await this.#options.store.load()) {
      this.#set(forced);
      if (this.#hasEnded(forced)) this.forget(forced);
    }
  }

  /** The forced state of exactly this breaker; undefined when it has none or its time is over. */
  get(key: BreakerKey): ForcedBreaker | undefined {
    const forced = this.#kept.get(key)?.get(key.messageType);
    if (forced === undefined || !this.#hasEnded(forced)) return forced;
    this.forget(forced);
    return undefined;
  }

  /** The forced state that holds for a breaker: its own, else that of its interface. */
  inForce(key: BreakerKey): ForcedBreaker | undefined {
    if (this.#size === 0) return undefined;
    return this.get(key) ?? (key.messageType === '' ? undefined : this.get({ ...key, messageType: '' }));
  }

  /** The breakers of an endpoint that have a forced state of their own. */
  keysOf(endpoint: EndpointKey): readonly BreakerKey[] {
    return [...(this.#kept.get(endpoint)?.values() ?? [])];
  }

  /** Keeps a forced state, that of an interface in place of those of its types; durable when it resolves. Within {@link inTurn}. */
  async keep(forced: ForcedBreaker): Promise<void> {
    const replaced = forced.messageType === '' ? this.keysOf(forced).filter(isOfType) : [];
    await this.#options.store.save(forced, replaced);
    for (const key of replaced) this.#delete(key);
    this.#set(forced);
  }

  /** Forgets the forced states of these breakers; durable when it resolves. Within {@link inTurn}. */
  async drop(keys: readonly BreakerKey[]): Promise<void> {
    const kept = keys.filter((key) => this.#kept.get(key)?.has(key.messageType) === true);
    if (kept.length === 0) return;
    await this.#options.store.remove(kept);
    for (const key of kept) this.#delete(key);
  }

  /** Forgets a forced state that has ended, unless another took its place; nobody waits for the store. */
  forget(forced: ForcedBreaker): void {
    if (this.#kept.get(forced)?.get(forced.messageType) !== forced) return;
    this.#delete(forced);
    this.inTurn(async () => {
      // Forced anew meanwhile: that row must stay.
      if (this.#kept.get(forced)?.has(forced.messageType) === true) return;
      await this.#options.store.remove([forced]);
    }).catch(this.#options.onFault);
  }

  /** Keeps the newest {@link unregisteredForcedMax} forced states of endpoints that are not registered. */
  bound(isRegistered: (endpoint: EndpointKey) => boolean): void {
    if (this.#size <= unregisteredForcedMax) return;
    const orphans: ForcedBreaker[] = [];
    for (const ofEndpoint of this.#kept.values()) {
      for (const forced of ofEndpoint.values()) if (!isRegistered(forced)) orphans.push(forced);
    }
    orphans.sort((a, b) => b.sinceMs - a.sinceMs);
    for (const forced of orphans.slice(unregisteredForcedMax)) this.forget(forced);
  }

  /** Runs durable changes one after the other. */
  inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(operation);
    // The next one waits for this one whatever becomes of it; its own caller hears of a failure.
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** Waits for durable changes that were begun. */
  async close(): Promise<void> {
    await this.#tail;
  }

  #hasEnded({ untilMs }: ForcedBreaker): boolean {
    return untilMs !== undefined && untilMs <= this.#options.clock.now();
  }

  #set(forced: ForcedBreaker): void {
    let ofEndpoint = this.#kept.get(forced);
    if (ofEndpoint === undefined) {
      ofEndpoint = new Map();
      this.#kept.set(forced, ofEndpoint);
    }
    if (!ofEndpoint.has(forced.messageType)) this.#size += 1;
    ofEndpoint.set(forced.messageType, forced);
  }

  #delete(key: BreakerKey): void {
    const ofEndpoint = this.#kept.get(key);
    if (ofEndpoint?.delete(key.messageType) !== true) return;
    this.#size -= 1;
    if (ofEndpoint.size === 0) this.#kept.delete(key);
  }
}

function isOfType({ messageType }: BreakerKey): boolean {
  return messageType !== '';
}
