import type { Clock } from '../base/clock.ts';
import type { Revision } from '../base/table.ts';
import { CatalogBook } from './catalog-book.ts';
import { type DirectoryOptions, SystemDirectory } from './directory.ts';
import { type LeaseEvents, Leases } from './lease.ts';
import type { CatalogRow, SystemRow } from './registry-load.ts';
import { rowKeys } from './registry-row.ts';
import { systemOfRecord, type SystemRecord } from './system-record.ts';
import type { Lease, System } from './system.ts';

export interface RegistryMemoryOptions extends DirectoryOptions {
  readonly clock: Clock;
  /** The lease of a system has been lost for too long. Called again every minute until it is released. */
  readonly onOverdue: LeaseEvents['onOverdue'];
  /** A catalog changed. */
  readonly onCatalog: () => void;
}

/** Everything durable as it is in memory: systems, catalogs, the revisions of their rows; and the leases, which are nowhere else. */
export class RegistryMemory {
  readonly directory: SystemDirectory;
  readonly book = new CatalogBook();
  readonly leases: Leases;
  readonly #onCatalog: () => void;
  /** Revision of the row of each system and catalog by its key, for compare-and-set. */
  readonly #revisions = new Map<string, Revision>();

  constructor(
    rows: { readonly systems: readonly SystemRow[]; readonly catalogs: readonly CatalogRow[] },
    options: RegistryMemoryOptions,
  ) {
    this.#onCatalog = options.onCatalog;
    this.directory = new SystemDirectory(options);
    this.leases = new Leases(options.clock, {
      onLost: (id, lease) => this.#markLost(id, lease),
      onOverdue: options.onOverdue,
    });
    for (const { kept, revision } of rows.catalogs) {
      this.#revisions.set(rowKeys.catalog(kept.name), revision);
      this.book.set(kept.name, kept);
    }
    for (const { record, revision } of rows.systems) {
      const lease =
        record.leaseTtlMs === undefined ? undefined : this.leases.grant(record.id, record.leaseTtlMs);
      this.#show(systemOfRecord(record, revision, lease), revision);
    }
  }

  /** What compare-and-set expects of the row of a system or catalog. */
  revisionOf(key: string): Revision | 'absent' {
    return this.#revisions.get(key) ?? 'absent';
  }

  /** Makes a durable record visible. A new incarnation gets its lease anew. */
  accept(record: SystemRecord, revision: Revision): System {
    const { id, leaseTtlMs } = record;
    const previous = this.directory.get(id);
    let lease: Lease | undefined;
    if (leaseTtlMs === undefined) this.leases.release(id);
    else if (previous?.registrationId === record.registrationId) lease = this.leases.get(id);
    else lease = this.leases.grant(id, leaseTtlMs);
    const system = systemOfRecord(record, revision, lease);
    this.#show(system, revision);
    return system;
  }

  /** Forgets a system that is durably gone. */
  drop(id: string): void {
    this.leases.release(id);
    this.#revisions.delete(id);
    this.directory.drop(id);
  }

  /** Takes over a catalog as it is durable; undefined: it is gone. */
  setCatalog(name: string, row: CatalogRow | undefined): void {
    if (row === undefined) this.#revisions.delete(rowKeys.catalog(name));
    else this.#revisions.set(rowKeys.catalog(name), row.revision);
    this.book.set(name, row?.kept);
    this.#onCatalog();
  }

  #show(system: System, revision: Revision): void {
    this.#revisions.set(system.id, revision);
    this.directory.show(system);
  }

  #markLost(id: string, lease: Lease): void {
    const system = this.directory.get(id);
    const revision = this.#revisions.get(id);
    if (system === undefined || revision === undefined) return;
    this.#show({ ...system, lease }, revision);
  }
}
