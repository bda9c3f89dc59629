import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Revision, Table, TableChange } from '../base/table.ts';
import type { CatalogPlan } from './catalog-change.ts';
import type { CatalogOutcome } from './catalog-plan.ts';
import { encodeCatalogRecord } from './catalog-record.ts';
import type { KeptCatalog } from './catalog.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { isRegistered } from './planned-systems.ts';
import { catalogRecord, recordOf } from './registration.ts';
import { loadCatalogs } from './registry-load.ts';
import type { RegistryMemory } from './registry-memory.ts';
import { isSystemKey, rowKeys } from './registry-row.ts';
import { decodeSystemRecord, encodeSystemRecord, type SystemRecord } from './system-record.ts';
import type { System } from './system.ts';
import type { VersionHistory, VersionWrite } from './version-history.ts';

/** How often a write is tried again on what another writer left. */
const conflictsMax = 5;

/** Another writer was there, or a commit took effect although it failed: these rows must be read again. */
export interface Conflict {
  readonly conflict: readonly string[];
}

/**
 * Writes systems and catalogs: durable first, then in memory. Each write is one commit by compare-and-set on the rows of
 * systems and catalogs; what belongs to them (versions, descriptor sets) goes with it.
 */
export class RegistryWriter {
  readonly #table: Table;
  readonly #memory: RegistryMemory;
  readonly #versions: VersionHistory;
  readonly #clock: Clock;
  readonly #queue = new KeyedQueue();

  constructor(parts: {
    readonly table: Table;
    readonly memory: RegistryMemory;
    readonly versions: VersionHistory;
    readonly clock: Clock;
  }) {
    this.#table = parts.table;
    this.#memory = parts.memory;
    this.#versions = parts.versions;
    this.#clock = parts.clock;
  }

  /** Runs a write to one id when those before it are done; again on the newest state when it met another writer's. */
  writing(id: string, write: () => Promise<System | Conflict>): Promise<System> {
    return this.#queue.run(id, () => this.#retried(`System ${JSON.stringify(id)}`, write));
  }

  /** The same for a catalog: no other write runs meanwhile. */
  writingCatalog(name: string, write: () => Promise<CatalogPlan | Conflict>): Promise<CatalogPlan> {
    return this.#queue.runAlone(() => this.#retried(`Catalog ${JSON.stringify(name)}`, write));
  }

  /** Resolves when no write is left. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Writes a system. */
  async put(record: SystemRecord): Promise<System | Conflict> {
    const previous = this.#memory.directory.get(record.id);
    const versions = await this.#versionOf(record, previous);
    const outcome = await this.#commit([systemRow(record)], versions);
    return typeof outcome === 'number' ? this.#memory.accept(record, outcome) : outcome;
  }

  /** Lets a registration, or else the whole system, go. Answers with the system as it was. */
  async withdraw(system: System): Promise<System | Conflict> {
    const { id } = system;
    const declared = isRegistered(system) ? this.#memory.book.systems.owner(id)?.value : undefined;
    if (declared !== undefined) {
      const outcome = await this.put(catalogRecord(declared.spec, system, this.#clock.now()));
      return 'conflict' in outcome ? outcome : system;
    }
    const nowMs = this.#clock.now();
    const outcome = await this.#commit(
      [{ key: id, value: undefined }],
      [this.#versions.forgotten(nowMs, 1), await this.#versions.removed(system, nowMs)],
    );
    if (typeof outcome !== 'number') return outcome;
    this.#memory.drop(id);
    return system;
  }

  /** Carries a plan out, whole or not at all. */
  async carryOut({ plan, systems, kept }: CatalogOutcome): Promise<CatalogPlan | Conflict> {
    const nowMs = this.#clock.now();
    const records = new Map<string, SystemRecord | undefined>();
    const versions: Promise<readonly VersionWrite[]>[] = [];
    for (const [id, spec] of systems) {
      const previous = this.#memory.directory.get(id);
      const held = previous !== undefined && isRegistered(previous) ? recordOf(previous) : undefined;
      const record =
        spec === undefined
          ? undefined
          : held === undefined
            ? catalogRecord(spec, previous, nowMs)
            : { ...held, ...spec, updateTimeMs: nowMs };
      records.set(id, record);
      if (record !== undefined) versions.push(this.#versionOf(record, previous));
      else if (previous !== undefined) {
        versions.push(this.#versions.removed(previous, nowMs).then((write) => [write]));
      }
    }
    const removals = [...records.values()].filter((record) => record === undefined).length;
    const outcome = await this.#commit(
      [
        ...[...records].map(([id, record]) =>
          record === undefined ? { key: id, value: undefined } : systemRow(record),
        ),
        {
          key: rowKeys.catalog(plan.catalog),
          value: kept === undefined ? undefined : encodeCatalogRecord(kept),
        },
      ],
      [this.#versions.forgotten(nowMs, removals), ...(await Promise.all(versions)).flat()],
      setRows(plan.catalog, this.#memory.book.catalog(plan.catalog)?.descriptorSets, kept?.descriptorSets),
    );
    if (typeof outcome !== 'number') return outcome;
    this.#memory.setCatalog(plan.catalog, kept === undefined ? undefined : { kept, revision: outcome });
    for (const [id, record] of records) {
      if (record === undefined) this.#memory.drop(id);
      else this.#memory.accept(record, outcome);
    }
    return plan;
  }

  /** Runs a write again on the newest state when it met another writer's. */
  async #retried<T extends object>(what: string, write: () => Promise<T | Conflict>): Promise<T> {
    for (let conflicts = 0; conflicts < conflictsMax; conflicts += 1) {
      const outcome = await write();
      if (!('conflict' in outcome)) return outcome;
      await Promise.all(outcome.conflict.map((key) => this.#reload(key)));
    }
    throw new HubError({
      reason: 'ETAG_MISMATCH',
      message: `${what} is being changed by others all the time; nothing was written. Try again.`,
    });
  }

  /** What is written of versions with a record: a new incarnation, or another version. */
  async #versionOf(record: SystemRecord, previous: System | undefined): Promise<readonly VersionWrite[]> {
    const { id, version, registrationId, updateTimeMs } = record;
    const same = previous?.version === version;
    if (same && (registrationId === '' || registrationId === previous.registrationId)) return [];
    return [await this.#versions.given(id, version, previous, updateTimeMs)];
  }

  /** Writes `rows` if they are as they were last seen, with what belongs to them. The new revision, or a conflict. */
  async #commit(
    rows: readonly TableChange[],
    versions: readonly VersionWrite[],
    others: readonly TableChange[] = [],
  ): Promise<Revision | Conflict> {
    const outcome = await this.#table.commit([
      ...rows.map((row) => ({ ...row, expect: this.#memory.revisionOf(row.key) })),
      ...versions.flatMap(({ changes }) => changes),
      ...others,
    ]);
    if (!outcome.committed) return { conflict: rows.map(({ key }) => key) };
    for (const { committed } of versions) committed();
    return outcome.revision;
  }

  /** Takes over what the store holds under `key`. */
  async #reload(key: string): Promise<void> {
    if (isSystemKey(key)) {
      const row = await this.#table.get(key);
      if (row === undefined) this.#memory.drop(key);
      else this.#memory.accept(decodeSystemRecord(key, row.value), row.revision);
      return;
    }
    const name = key.slice(rowKeys.catalog('').length);
    const [row] = await loadCatalogs(this.#table, name);
    this.#memory.setCatalog(name, row);
  }
}

function systemRow(record: SystemRecord): TableChange {
  return { key: record.id, value: encodeSystemRecord(record) };
}

/** Rows of a catalog's descriptor sets that are new, changed or gone. */
function setRows(
  catalog: string,
  before: KeptCatalog['descriptorSets'] | undefined,
  after: KeptCatalog['descriptorSets'] | undefined,
): readonly TableChange[] {
  const key = (name: string): string => rowKeys.descriptorSet(catalog, name);
  const gone = [...(before?.keys() ?? [])].filter((name) => after?.has(name) !== true);
  const written = [...(after ?? [])].filter(([name, { value }]) => before?.get(name)?.value !== value);
  return [
    ...gone.map((name) => ({ key: key(name), value: undefined })),
    ...written.map(([name, { value }]) => ({ key: key(name), value })),
  ];
}
