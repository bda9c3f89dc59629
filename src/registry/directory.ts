import type { Clock } from '../base/clock.ts';
import { Feed, type FeedFilter, type FeedOptions } from '../base/feed.ts';
import type { HealthStatus } from '../base/health-status.ts';
import type { Target } from '../base/target.ts';
import type { Endpoint } from '../base/transport.ts';
import type { SystemFilter } from './system-filter.ts';
import { SystemIndex, type SystemLookup } from './system-index.ts';
import { type System, systemNotFound } from './system.ts';

/** A change of the registry, after it is durable. Renewals are none; a lease that runs out is one. */
export type RegistryChange =
  | { readonly kind: 'added'; readonly system: System }
  | { readonly kind: 'changed'; readonly system: System; readonly previous: System }
  /** `system` as it was last. */
  | { readonly kind: 'removed'; readonly system: System };

/** What other domains may ask of the registry; the hub wires it to their ports. All in constant time. */
export interface Directory extends SystemLookup {
  /** How many systems are registered. */
  readonly size: number;
  /** The system, or SYSTEM_NOT_FOUND. */
  require(id: string): System;
  /** All systems, in the order in which their ids joined. */
  systems(): Iterable<System>;
  /** Names of all capabilities that somebody has, sorted. */
  capabilityNames(): readonly string[];
  /** The interfaces of a system as transports take them, in order of preference; empty for an unknown id. */
  endpointsOf(systemId: string): readonly Endpoint[];
  /** Own status of a system, as the health domain gave it. */
  statusOf(systemId: string): HealthStatus;
  /**
   * Calls `listener` at every change until the returned function is called; before watchers hear of it. A listener
   * must not throw. What is registered already it finds in {@link systems}.
   */
  onChange(listener: (change: RegistryChange) => void): () => void;
  /**
   * Says that the own status of a system changed, so that watchers with a status filter look at it again. An
   * unknown id is left alone.
   */
  touch(systemId: string): void;
  /**
   * The feed and filter to watch for the systems that match. What it hands out may show an earlier expiry of the
   * lease than {@link get}, because renewals are not published.
   */
  watchable(filter: SystemFilter): { readonly feed: Feed<System>; readonly filter: FeedFilter<System> };
}

export interface DirectoryOptions {
  readonly clock: Clock;
  /** Own status of a system, from the health domain; UNKNOWN while nobody wires one. Must be cheap. */
  readonly statusOf?: (systemId: string) => HealthStatus;
  /** Bounds of the feeds that watchers read. */
  readonly feed?: Omit<FeedOptions, 'clock'>;
}

/** The systems as they are now, in memory: found by what routing asks for, and watched. The registry keeps it. */
export class SystemDirectory implements Directory {
  readonly #index = new SystemIndex();
  readonly #listeners = new Set<(change: RegistryChange) => void>();
  readonly #changes: Feed<System>;
  /**
   * The same, touched at changes of status too: for watchers whose filter asks for statuses. Others would hear of
   * every change of health as if the system had changed.
   */
  readonly #statusChanges: Feed<System>;
  readonly #statusOf: (systemId: string) => HealthStatus;

  constructor(options: DirectoryOptions) {
    this.#statusOf = options.statusOf ?? (() => 'UNKNOWN');
    this.#changes = new Feed({ ...options.feed, clock: options.clock });
    this.#statusChanges = new Feed({ ...options.feed, clock: options.clock });
  }

  get size(): number {
    return this.#index.size;
  }

  get(id: string): System | undefined {
    return this.#index.get(id);
  }

  require(id: string): System {
    const system = this.#index.get(id);
    if (system === undefined) throw systemNotFound(id);
    return system;
  }

  byType(type: string): readonly System[] {
    return this.#index.byType(type);
  }

  byCapability(capability: string): readonly System[] {
    return this.#index.byCapability(capability);
  }

  dependentsOn(target: Target): readonly System[] {
    return this.#index.dependentsOn(target);
  }

  systems(): IterableIterator<System> {
    return this.#index.systems();
  }

  capabilityNames(): readonly string[] {
    return this.#index.capabilityNames();
  }

  endpointsOf(systemId: string): readonly Endpoint[] {
    return this.#index.endpoints(systemId);
  }

  statusOf(systemId: string): HealthStatus {
    return this.#statusOf(systemId);
  }

  onChange(listener: (change: RegistryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  touch(systemId: string): void {
    const system = this.#index.get(systemId);
    if (system !== undefined) this.#statusChanges.set(systemId, system);
  }

  watchable(filter: SystemFilter): { readonly feed: Feed<System>; readonly filter: FeedFilter<System> } {
    return {
      feed: filter.needsStatus ? this.#statusChanges : this.#changes,
      filter: {
        key: filter.key,
        matches: (system) => filter.matches(system, this.#statusOf(system.id)),
      },
    };
  }

  /** Adds or replaces a system and tells everyone. */
  show(system: System): void {
    const previous = this.#index.get(system.id);
    this.#index.set(system);
    this.#tell(previous === undefined ? { kind: 'added', system } : { kind: 'changed', system, previous });
    this.#changes.set(system.id, system);
    this.#statusChanges.set(system.id, system);
  }

  /** Replaces a system without telling anyone: for renewals. */
  renew(system: System): void {
    this.#index.set(system);
  }

  /** Removes a system and tells everyone; one that is not there is left alone. */
  drop(id: string): void {
    const system = this.#index.get(id);
    if (system === undefined) return;
    this.#index.delete(id);
    this.#tell({ kind: 'removed', system });
    this.#changes.delete(id);
    this.#statusChanges.delete(id);
  }

  // Listeners first: health must know a new or lost system before watchers are matched by its status.
  #tell(change: RegistryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
