import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import { createId } from '../base/id.ts';
import type { Revision, Store, Table, View } from '../base/table.ts';
import { type Directory, type DirectoryOptions, SystemDirectory } from './directory.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { Leases } from './lease.ts';
import type { SystemFilter } from './system-filter.ts';
import { listSystems, type RegistrySummary, summarize } from './system-query.ts';
import {
  decodeSystemRecord,
  encodeSystemRecord,
  specFingerprint,
  systemOfRecord,
  type SystemRecord,
} from './system-record.ts';
import {
  type Lease,
  systemNotFound,
  systemsMaxDefault,
  type System,
  type SystemChange,
  type SystemSpec,
} from './system.ts';
import { systemsTable, systemView } from './system-view.ts';

export interface CatalogOptions extends DirectoryOptions {
  readonly store: Pick<Store, 'table' | 'view'>;
  /** Most systems at once; default 100,000. One more is REGISTRY_FULL. */
  readonly systemsMax?: number;
  /** Hears of faults that no caller waits for: a lost system that could not be removed. It is tried again in a minute. */
  readonly onFault?: (error: unknown) => void;
}

export interface RenewalOutcome {
  readonly renewed: readonly { readonly systemId: string; readonly lease: Lease | undefined }[];
  readonly lost: readonly {
    readonly systemId: string;
    readonly reason: 'SYSTEM_NOT_FOUND' | 'LEASE_LOST';
    readonly message: string;
  }[];
}

/** Rows read at once at the start. */
const loadPageRows = 1000;
/** How often a write is tried again on what another writer left. */
const conflictsMax = 5;

/**
 * Opens the durable set of systems: reads every record, grants every lease its full ttl, and builds the index.
 * Rejects with STORE_UNAVAILABLE when the store fails or a record cannot be read; the text names its key.
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const table = await options.store.table(systemsTable);
  const rows: { readonly record: SystemRecord; readonly revision: Revision }[] = [];
  for (let after: string | undefined; ;) {
    const page = await table.scan('', { limit: loadPageRows, ...(after === undefined ? {} : { after }) });
    for (const { key, value, revision } of page)
      rows.push({ record: decodeSystemRecord(key, value), revision });
    after = page.at(-1)?.key;
    if (page.length < loadPageRows) break;
  }
  // After the records were checked: the view reads them unchecked.
  const view = await options.store.view(systemView);
  return new Catalog(table, view, rows, options);
}

/**
 * The systems that are registered: durable in a table, whole in memory for routing. A write is durable before it is
 * answered and before anyone sees it; when the store refuses, nothing changes. Writes to one id run one after the
 * other, each by compare-and-set. Leases are kept in memory (lease.ts).
 */
export class Catalog {
  /** The systems as they are now: what routing, health and watchers read. */
  readonly directory: Directory;
  readonly #directory: SystemDirectory;
  readonly #table: Table;
  readonly #view: View;
  readonly #clock: Clock;
  readonly #systemsMax: number;
  readonly #onFault: (error: unknown) => void;
  /** Revision of each system's row, for compare-and-set. */
  readonly #revisions = new Map<string, Revision>();
  readonly #leases: Leases;
  readonly #writes = new KeyedQueue();
  /** New ids being written, which the bound must count. */
  #joining = 0;

  /** Use {@link openCatalog}. */
  constructor(
    table: Table,
    view: View,
    rows: readonly { readonly record: SystemRecord; readonly revision: Revision }[],
    options: CatalogOptions,
  ) {
    this.#table = table;
    this.#view = view;
    this.#clock = options.clock;
    this.#systemsMax = options.systemsMax ?? systemsMaxDefault;
    // Nobody listens: the removal is tried again anyway, and writers hear of the store's fault themselves.
    this.#onFault = options.onFault ?? (() => undefined);
    this.#directory = new SystemDirectory(options);
    this.directory = this.#directory;
    this.#leases = new Leases(options.clock, {
      onLost: (id, lease) => this.#markLost(id, lease),
      onOverdue: (id) => this.#removeLost(id),
    });
    for (const { record, revision } of rows) {
      const lease =
        record.leaseTtlMs === undefined ? undefined : this.#leases.grant(record.id, record.leaseTtlMs);
      this.#show(systemOfRecord(record, revision, lease), revision);
    }
  }

  /**
   * Creates a system, or replaces the one with its id as a new incarnation that keeps the create time only. The
   * lease runs from when the write is durable. Fails with SYSTEM_EXISTS, REGISTRY_FULL or STORE_UNAVAILABLE.
   */
  async register(
    spec: SystemSpec,
    options: {
      readonly ifAbsent?: boolean;
      /** Undefined: never expires. */
      readonly leaseTtlMs?: number | undefined;
      readonly validateOnly?: boolean;
    } = {},
  ): Promise<System> {
    return this.#writing(spec.id, async () => {
      const previous = this.#directory.get(spec.id);
      if (previous !== undefined && options.ifAbsent === true) throw systemExists(spec.id);
      if (previous === undefined) this.#checkRoom();
      const nowMs = this.#clock.now();
      const record: SystemRecord = {
        ...spec,
        createTimeMs: previous?.createTimeMs ?? nowMs,
        updateTimeMs: nowMs,
        registrationId: options.validateOnly === true ? '' : createId(),
        leaseTtlMs: options.leaseTtlMs,
      };
      if (options.validateOnly === true) return previewOf(record, nowMs);
      this.#joining += previous === undefined ? 1 : 0;
      try {
        return await this.#put(record);
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
    return this.#writing(id, async () => {
      const previous = this.#directory.require(id);
      checkEtag(previous, options.etag);
      const changed: System = { ...previous, ...change, id };
      if (specFingerprint(changed) === specFingerprint(previous)) return previous;
      const record = { ...recordOf(changed), updateTimeMs: this.#clock.now() };
      if (options.validateOnly === true) {
        return { ...changed, etag: '', updateTimeMs: record.updateTimeMs };
      }
      return this.#put(record);
    });
  }

  /**
   * Removes a system and returns it as it was. Fails with SYSTEM_NOT_FOUND, LEASE_LOST when `registrationId` is not
   * the current incarnation, ETAG_MISMATCH or STORE_UNAVAILABLE.
   */
  async deregister(
    id: string,
    options: {
      readonly etag?: string;
      readonly registrationId?: string;
      readonly validateOnly?: boolean;
    } = {},
  ): Promise<System> {
    return this.#writing(id, async () => {
      const previous = this.#directory.require(id);
      const { registrationId = '' } = options;
      if (registrationId !== '' && registrationId !== previous.registrationId) {
        throw new HubError({
          reason: 'LEASE_LOST',
          message: `System ${JSON.stringify(id)} was registered anew since; the registration_id names an earlier incarnation, so nothing was removed.`,
          metadata: { system_id: id, registration_id: registrationId },
        });
      }
      checkEtag(previous, options.etag);
      if (options.validateOnly === true) return previous;
      return this.#delete(previous);
    });
  }

  /**
   * Renews leases, each on its own, in memory: nothing is written. A lease that ran out stays lost although nobody
   * took its place, because the system was shown as DISCONNECTED meanwhile: its process must register again.
   */
  renewLeases(
    renewals: readonly { readonly systemId: string; readonly registrationId: string }[],
  ): RenewalOutcome {
    const renewed: RenewalOutcome['renewed'][number][] = [];
    const lost: RenewalOutcome['lost'][number][] = [];
    for (const { systemId, registrationId } of renewals) {
      const system = this.#directory.get(systemId);
      if (system === undefined) {
        lost.push({ systemId, reason: 'SYSTEM_NOT_FOUND', message: systemNotFound(systemId).message });
      } else if (system.registrationId !== registrationId) {
        lost.push({
          systemId,
          reason: 'LEASE_LOST',
          message: `A newer incarnation of ${JSON.stringify(systemId)} has registered; stop, or register again to take over.`,
        });
      } else if (system.lease === undefined) {
        renewed.push({ systemId, lease: undefined });
      } else {
        const lease = this.#leases.renew(systemId);
        if (lease === undefined) {
          lost.push({
            systemId,
            reason: 'LEASE_LOST',
            message: `The lease of ${JSON.stringify(systemId)} ran out at ${new Date(system.lease.expireTimeMs).toISOString()}; register again.`,
          });
        } else {
          this.#directory.renew({ ...system, lease });
          renewed.push({ systemId, lease });
        }
      }
    }
    return { renewed, lost };
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
    this.#leases.close();
    await this.#writes.idle();
  }

  #checkRoom(): void {
    if (this.#directory.size + this.#joining < this.#systemsMax) return;
    throw new HubError({
      reason: 'REGISTRY_FULL',
      message: `${this.#systemsMax} systems are registered, the most allowed; deregister some, or raise the limit.`,
      metadata: { limit: String(this.#systemsMax) },
    });
  }

  /** Runs a write when those before it to the same id are done, again on the newest state when it met another writer's. */
  #writing(id: string, write: () => Promise<System | 'conflict'>): Promise<System> {
    return this.#writes.run(id, async () => {
      for (let conflicts = 0; conflicts < conflictsMax; conflicts += 1) {
        const outcome = await write();
        if (outcome !== 'conflict') return outcome;
        await this.#reload(id);
      }
      throw new HubError({
        reason: 'ETAG_MISMATCH',
        message: `System ${JSON.stringify(id)} is being changed by others all the time; nothing was written. Try again.`,
        metadata: { system_id: id },
      });
    });
  }

  async #put(record: SystemRecord): Promise<System | 'conflict'> {
    const outcome = await this.#table.commit([
      { key: record.id, value: encodeSystemRecord(record), expect: this.#expected(record.id) },
    ]);
    return outcome.committed ? this.#accept(record, outcome.revision) : 'conflict';
  }

  async #delete(system: System): Promise<System | 'conflict'> {
    const outcome = await this.#table.commit([
      { key: system.id, value: undefined, expect: this.#expected(system.id) },
    ]);
    if (!outcome.committed) return 'conflict';
    this.#drop(system.id);
    return system;
  }

  #expected(id: string): Revision | 'absent' {
    return this.#revisions.get(id) ?? 'absent';
  }

  /** Takes over what the store holds for `id`: another writer was there, or a commit took effect although it failed. */
  async #reload(id: string): Promise<void> {
    const row = await this.#table.get(id);
    if (row === undefined) this.#drop(id);
    else this.#accept(decodeSystemRecord(id, row.value), row.revision);
  }

  /** Makes a durable record visible. A new incarnation gets its lease anew. */
  #accept(record: SystemRecord, revision: Revision): System {
    const { id, leaseTtlMs } = record;
    const previous = this.#directory.get(id);
    let lease: Lease | undefined;
    if (leaseTtlMs === undefined) this.#leases.release(id);
    else if (previous?.registrationId === record.registrationId) lease = this.#leases.get(id);
    else lease = this.#leases.grant(id, leaseTtlMs);
    const system = systemOfRecord(record, revision, lease);
    this.#show(system, revision);
    return system;
  }

  #show(system: System, revision: Revision): void {
    this.#revisions.set(system.id, revision);
    this.#directory.show(system);
  }

  #drop(id: string): void {
    this.#leases.release(id);
    this.#revisions.delete(id);
    this.#directory.drop(id);
  }

  #markLost(id: string, lease: Lease): void {
    const system = this.#directory.get(id);
    const revision = this.#revisions.get(id);
    if (system === undefined || revision === undefined) return;
    this.#show({ ...system, lease }, revision);
  }

  #removeLost(id: string): void {
    this.#writes
      .run(id, async () => {
        const system = this.#directory.get(id);
        // It may have registered again while this waited for its turn.
        if (system?.lease?.expired !== true) return;
        if ((await this.#delete(system)) === 'conflict') await this.#reload(id);
      })
      .catch((error: unknown) => this.#onFault(error));
  }
}

function recordOf(system: System): SystemRecord {
  const { etag: _etag, lease, ...rest } = system;
  return { ...rest, leaseTtlMs: lease?.ttlMs };
}

/** What would be registered; its etag is empty, because there is none yet. */
function previewOf(record: SystemRecord, nowMs: number): System {
  const { leaseTtlMs: ttlMs } = record;
  const lease = ttlMs === undefined ? undefined : { ttlMs, expireTimeMs: nowMs + ttlMs, expired: false };
  return { ...systemOfRecord(record, 0, lease), etag: '' };
}

function systemExists(id: string): HubError {
  return new HubError({
    reason: 'SYSTEM_EXISTS',
    message: `System ${JSON.stringify(id)} is registered already; choose another id, or register without if_absent to replace it.`,
    metadata: { system_id: id },
    resource: { type: 'system', name: id },
  });
}

function checkEtag(system: System, etag = ''): void {
  if (etag === '' || etag === system.etag) return;
  throw new HubError({
    reason: 'ETAG_MISMATCH',
    message: `System ${JSON.stringify(system.id)} has changed: its etag is ${JSON.stringify(system.etag)}, not ${JSON.stringify(etag)}; read it again and repeat the change.`,
    metadata: { system_id: system.id, etag, current_etag: system.etag },
    resource: { type: 'system', name: system.id },
  });
}
