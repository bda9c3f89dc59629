import type { Clock } from '../base/clock.ts';
import type { DescriptorSets } from '../base/descriptor-sets.ts';
import type { Store, Table, View } from '../base/table.ts';
import type { CatalogPolicy } from './catalog-book.ts';
import type { CatalogPlan } from './catalog-change.ts';
import {
  type CatalogOutcome,
  type ConfiguredPolicies,
  descriptorSetsAfter,
  planCatalog,
} from './catalog-plan.ts';
import type { Catalog, CatalogSummary } from './catalog.ts';
import type { Directory, DirectoryOptions } from './directory.ts';
import { renewLeases, type RenewalOutcome } from './lease-renewal.ts';
import {
  checkEtag,
  checkIncarnation,
  previewOf,
  recordOf,
  registrationRecord,
  type RegisterOptions,
  registryFull,
  systemExists,
} from './registration.ts';
import { type CatalogRow, loadCatalogs, loadSystems, type SystemRow } from './registry-load.ts';
import { RegistryMemory } from './registry-memory.ts';
import { registryTable } from './registry-row.ts';
import { RegistryWriter } from './registry-writer.ts';
import type { SystemFilter } from './system-filter.ts';
import { listSystems, type RegistrySummary, summarize } from './system-query.ts';
import { specFingerprint } from './system-record.ts';
import {
  systemNotFound,
  systemsMaxDefault,
  type System,
  type SystemChange,
  type SystemSpec,
} from './system.ts';
import { systemView } from './system-view.ts';
import { type SystemVersion, VersionHistory } from './version-history.ts';

export interface RegistryOptions extends DirectoryOptions {
  readonly store: Pick<Store, 'table' | 'view'>;
  /** Most systems at once; default 100,000. One more is REGISTRY_FULL. */
  readonly systemsMax?: number;
  /** The configuration's policies, whose names no catalog gets; default: none. */
  readonly configuredPolicies?: ConfiguredPolicies;
  /** Hears of the policies of all catalogs whenever a catalog changed. What there is at the start it asks for itself. */
  readonly onPolicies?: (policies: readonly CatalogPolicy[]) => void;
  /** Hears of faults that no caller waits for: a lost system that could not be removed. It is tried again in a minute. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * Opens the durable set of systems and catalogs: reads every record, grants every lease its full ttl, and builds the
 * index. Rejects with STORE_UNAVAILABLE when the store fails or a record cannot be read; the text names its key.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const table = await options.store.table(registryTable);
  const systems = await loadSystems(table);
  const catalogs = await loadCatalogs(table);
  const versions = await VersionHistory.open(table);
  // After the records were checked: the view reads them unchecked.
  const view = await options.store.view(systemView);
  return new Registry({ table, view, versions }, { systems, catalogs }, options);
}

/**
 * The systems that are there, by registration or by a catalog: durable in a table, whole in memory for routing. A write is
 * durable before it is answered and before anyone sees it; when the store refuses, nothing changes. Writes to one id run
 * one after the other, a catalog alone, each by compare-and-set. Leases are kept in memory (lease.ts). Who decides what
 * of a system that both register and stand in a catalog: see catalog-plan.ts.
 */
export class Registry {
  /** The systems as they are now: what routing, health and watchers read. */
  readonly directory: Directory;
  readonly #memory: RegistryMemory;
  readonly #writer: RegistryWriter;
  readonly #versions: VersionHistory;
  readonly #view: View;
  readonly #clock: Clock;
  readonly #options: RegistryOptions;
  readonly #systemsMax: number;
  /** New ids being written, which the bound must count. */
  #joining = 0;

  /** Use {@link openRegistry}. */
  constructor(
    parts: { readonly table: Table; readonly view: View; readonly versions: VersionHistory },
    rows: { readonly systems: readonly SystemRow[]; readonly catalogs: readonly CatalogRow[] },
    options: RegistryOptions,
  ) {
    const { clock } = options;
    this.#view = parts.view;
    this.#versions = parts.versions;
    this.#clock = clock;
    this.#options = options;
    this.#systemsMax = options.systemsMax ?? systemsMaxDefault;
    this.#memory = new RegistryMemory(rows, {
      ...options,
      onOverdue: (id) => this.#removeLost(id),
      onCatalog: () => options.onPolicies?.(this.catalogPolicies()),
    });
    this.directory = this.#memory.directory;
    this.#writer = new RegistryWriter({ ...parts, memory: this.#memory, clock });
  }

  /** The descriptor sets of all catalogs. */
  get descriptorSets(): DescriptorSets {
    return this.#memory.book;
  }

  /**
   * Creates a system, or replaces the one with its id as a new incarnation that keeps the create time, and the labels,
   * weight and owner that a catalog sets. The lease runs from when the write is durable. Fails with SYSTEM_EXISTS,
   * REGISTRY_FULL or STORE_UNAVAILABLE.
   */
  async register(spec: SystemSpec, options: RegisterOptions = {}): Promise<System> {
    return this.#writer.writing(spec.id, async () => {
      const previous = this.directory.get(spec.id);
      if (previous !== undefined && options.ifAbsent === true) throw systemExists(spec.id);
      if (previous === undefined && this.directory.size + this.#joining >= this.#systemsMax) {
        throw registryFull(this.#systemsMax);
      }
      const nowMs = this.#clock.now();
      const declared = this.#memory.book.systems.owner(spec.id)?.value;
      const record = registrationRecord(spec, { previous, declared, nowMs }, options);
      if (options.validateOnly === true) return previewOf(record, nowMs);
      this.#joining += previous === undefined ? 1 : 0;
      try {
        return await this.#writer.put(record);
      } finally {
        this.#joining -= previous === undefined ? 1 : 0;
      }
    });
  }

  /**
   * Changes the given fields; keeps incarnation and lease. A change that changes nothing writes nothing. Fails with
   * SYSTEM_NOT_FOUND, ETAG_MISMATCH or STORE_UNAVAILABLE.
   */
  async update(
    id: string,
    change: SystemChange,
    options: { readonly etag?: string; readonly validateOnly?: boolean } = {},
  ): Promise<System> {
    return this.#writer.writing(id, async () => {
      const previous = this.directory.require(id);
      checkEtag(previous, options.etag);
      const changed: System = { ...previous, ...change, id };
      if (specFingerprint(changed) === specFingerprint(previous)) return previous;
      const record = { ...recordOf(changed), updateTimeMs: this.#clock.now() };
      if (options.validateOnly === true) {
        return { ...changed, etag: '', updateTimeMs: record.updateTimeMs };
      }
      return this.#writer.put(record);
    });
  }

  /**
   * Removes a registration and returns the system as it was. One that a catalog names becomes what the catalog says;
   * one that is there by a catalog alone goes until the catalog is applied again. Fails with SYSTEM_NOT_FOUND,
   * LEASE_LOST when `registrationId` is not the current incarnation, ETAG_MISMATCH or STORE_UNAVAILABLE.
   */
  async deregister(
    id: string,
    options: {
      readonly etag?: string;
      readonly registrationId?: string;
      readonly validateOnly?: boolean;
    } = {},
  ): Promise<System> {
    return this.#writer.writing(id, async () => {
      const previous = this.directory.require(id);
      checkIncarnation(previous, options.registrationId);
      checkEtag(previous, options.etag);
      if (options.validateOnly === true) return previous;
      return this.#writer.withdraw(previous);
    });
  }

  /**
   * Applies a catalog, whole or not at all, and says what that did; with `validateOnly`, would do. One that is there as it
   * says writes nothing. Fails with REGISTRY_FULL, ETAG_MISMATCH or STORE_UNAVAILABLE.
   */
  async apply(
    catalog: Catalog,
    options: { readonly prune?: boolean; readonly validateOnly?: boolean } = {},
  ): Promise<CatalogPlan> {
    const { prune = false, validateOnly = false } = options;
    if (validateOnly) return this.#plan(catalog, prune).plan;
    return this.#writer.writingCatalog(catalog.name, async () => {
      const outcome = this.#plan(catalog, prune);
      return outcome.changes ? this.#writer.carryOut(outcome) : outcome.plan;
    });
  }

  /** The catalogs that were applied, in order of their names. */
  catalogs(): readonly CatalogSummary[] {
    return this.#memory.book.summaries();
  }

  /** The policies of all catalogs: those of the configuration's names included. */
  catalogPolicies(): readonly CatalogPolicy[] {
    return this.#memory.book.catalogPolicies();
  }

  /** The descriptor sets as they would be once the catalog were applied: for checking it. */
  descriptorSetsAfter(
    catalog: Pick<Catalog, 'name' | 'descriptorSets'>,
    options: { readonly prune: boolean },
  ): DescriptorSets {
    return descriptorSetsAfter(catalog, this.#memory.book, options);
  }

  /**
   * The versions that a system has had, the newest first; of one that is gone too, for 24 h. Rejects with
   * SYSTEM_NOT_FOUND or STORE_UNAVAILABLE.
   */
  async versions(id: string): Promise<readonly SystemVersion[]> {
    const versions = await this.#versions.versionsOf(id, this.directory.get(id), this.#clock.now());
    if (versions === undefined) throw systemNotFound(id);
    return versions;
  }

  /** Renews leases in memory, each on its own; see {@link renewLeases}. */
  renewLeases(renewals: Parameters<typeof renewLeases>[0]): RenewalOutcome {
    return renewLeases(renewals, this.#memory);
  }

  /** Up to `limit` systems that match, in order of their ids, after the id `after`. */
  list(
    filter: SystemFilter,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly System[]> {
    return listSystems(this.#view, this.directory, filter, options);
  }

  /** Counts by type, capability, protocol, version and own status. */
  summary(): Promise<RegistrySummary> {
    return summarize(this.#view, this.directory);
  }

  /** Stops the leases and waits for writes that were begun. The store is its owner's to close. */
  async close(): Promise<void> {
    this.#memory.leases.close();
    await this.#writer.idle();
  }

  #plan(catalog: Catalog, prune: boolean): CatalogOutcome {
    return planCatalog(
      catalog,
      {
        book: this.#memory.book,
        system: (id) => this.directory.get(id),
        systemsCount: this.directory.size,
        systemsMax: this.#systemsMax,
        configuredPolicies: this.#options.configuredPolicies ?? { has: () => false, size: 0 },
      },
      { prune, nowMs: this.#clock.now() },
    );
  }

  #removeLost(id: string): void {
    // It may have registered again while this waited for its turn.
    const lost = (): System | undefined => {
      const system = this.directory.get(id);
      return system?.lease?.expired === true ? system : undefined;
    };
    const first = lost();
    if (first === undefined) return;
    this.#writer
      .writing(id, async () => {
        const system = lost();
        return system === undefined ? first : this.#writer.withdraw(system);
      })
      .catch((error: unknown) => this.#options.onFault?.(error));
  }
}
